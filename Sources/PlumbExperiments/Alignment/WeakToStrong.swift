public import PlumbAlignment
internal import PlumbData
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can a strong student learn more from a weak supervisor than the supervisor knows?
///
/// Linear models on pictures of digits, solved exactly, and small networks. Controls: a student with the supervisor's own
/// features gains nothing, nor does doubt of labels that are true.
public struct WeakToStrong: Experiment {
    typealias Outcome = WeakToStrongStudy.Outcome

    /// What can be varied; the values are those of the quick run.
    public struct Settings: ExperimentSettings {
        @Setting(
            "Random splits of the pictures into those for the supervisor, for the student and for testing.", 3...10_000)
        public var splits = 200
        /// The supervisor and the student.
        public var study = WeakToStrongStudy()
        /// The networks that tell odd digits from even ones.
        public var network = WeakToStrongNetwork()
        @Setting("A language model to teach (smollm2-135m, a file, a folder, a hub id); none takes pictures of digits.")
        public var model: String? = nil
        /// The texts that a language model reads.
        public var opinions = LanguageModelWeakToStrong()
        /// The training of a language model itself.
        public var tuned = TunedStudent()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, language) = (Settings(), Settings())
        (tiny.splits, tiny.study.studentLabels, tiny.study.components) = (8, 400, 12)
        (tiny.network.steps, tiny.network.hidden, tiny.study.sizes, tiny.study.draws) = (5, 8, [100, 400], 1)
        (language.splits, language.model) = (20, "smollm2-135m")
        return ["tiny": tiny, "language-model": language]
    }()

    public static let card = Card(
        id: "weak-to-strong", title: "A student that is better than its supervisor",
        direction: "alignment: scalable oversight",
        question: "Does a strong student taught by a weak supervisor's labels do better than the supervisor, and why?",
        method:
            "The supervisor is a ridge regression on 4 × 4 pixels with 60 true labels. The student is one on 20 "
            + "principal components of 8 × 8 pixels, with 1,000 pictures labeled by the supervisor's best guess. Both "
            + "are solved exactly, on random splits of 1,797 pictures. Theory says that in squared error the student "
            + "gains what it disagrees with its supervisor, up to what it learned of its sample: on fresh pictures a "
            + "difference that falls as 1 / n, if the target is one that the student can reach. Small networks tell odd "
            + "digits from even ones, taught by cross-entropy and by the confidence loss, which lets them doubt labels. "
            + "Preset language-model: a bag of words labels short texts as praise or blame, and teaches a linear probe on "
            + "the activations of SmolLM2, and SmolLM2 itself with LoRA.",
        limits:
            "One small data set, whose splits share pictures: intervals are over splits and not over data sets. The "
            + "student is strong by its inputs and not by pretraining, as a large language model is. The equation "
            + "holds for squared error and linear students; there is none for accuracy.",
        references: [
            Reference(
                authors: "Burns, Izmailov, Kirchner, Baker, Gao, Aschenbrenner, …, Wu",
                title: "Weak-to-Strong Generalization: Eliciting Strong Capabilities With Weak Supervision", year: 2023,
                arXiv: "2312.09390"),
            Reference(
                authors: "Charikar, Pabbaraju, Shiragur",
                title: "Quantifying the Gain in Weak-to-Strong Generalization", year: 2024, arXiv: "2405.15116"),
        ],
        changes: "Best guesses as labels were chosen after looking at results with the supervisor's scores.",
        minutes: 0.6)

    struct Measure: Sendable {
        let quantity: Quantity
        let value: Value
        typealias Value = @Sendable (Outcome) -> Double
        init(_ name: String, unit: String = "", isHeadline: Bool = false, _ value: @escaping Value) {
            (quantity, self.value) = (Quantity(name, unit: unit, per: "split", isHeadline: isHeadline), value)
        }
    }

    private static let recovered = Measure("gap_recovered", isHeadline: true) { $0.gap.recovered }
    private static let lowerEnd = Quantity("gap_recovered_lower_end", unit: "of the gap", per: "run")
    static let weak = Measure("weak_accuracy", isHeadline: true) { $0.gap.weak }
    static let student = Measure("student_accuracy", isHeadline: true) { $0.gap.weakToStrong }
    static let ceiling = Measure("ceiling_accuracy", isHeadline: true) { $0.gap.ceiling }
    private static let gap = Measure("gap") { $0.gap.ceiling - $0.gap.weak }
    private static let gain = Measure("student_gain") { $0.gap.weakToStrong - $0.gap.weak }
    private static let fromScores = Measure("gap_recovered_from_scores") { $0.softGap.recovered }
    private static let same = Measure("gap_recovered_same_capacity", unit: "of the gap") { $0.sameCapacity.recovered }
    private static let sameScores = Measure("gap_recovered_same_capacity_from_scores") { $0.sameCapacitySoft.recovered }
    static let sameAccuracy = Measure("same_capacity_accuracy") { $0.sameCapacity.weakToStrong }
    static let shuffled = Measure("shuffled_labels_accuracy") { $0.shuffled }
    private static let corrected = Measure("supervisor_errors_corrected") { $0.errors.correctedShare }
    private static let repeated = Measure("supervisor_errors_repeated") { $0.errors.repeatedShare }
    private static let slope = Quantity("misfit_slope", per: "run"),
        slopeOutside = Quantity("misfit_slope_true_labels", per: "run")
    static let networkWeak = Measure("network_weak_accuracy") { $0.network.plain.weak }
    static let plain = Measure("network_plain_accuracy") { $0.network.plain.weakToStrong }
    static let confident = Measure("network_confidence_accuracy") { $0.network.confident.weakToStrong }
    static let networkCeiling = Measure("network_ceiling_accuracy") { $0.network.plain.ceiling }
    private static let plainRecovered = Measure("network_plain_gap_recovered") { $0.network.plain.recovered }
    private static let doubting = Measure("network_confidence_gap_recovered") { $0.network.confident.recovered }
    private static let advantage = Measure("network_confidence_advantage") { $0.network.advantage }
    private static let advantageEnd = Quantity("network_confidence_advantage_lower_end", per: "run")
    private static let withTruth = Measure("network_confidence_advantage_true_labels") { $0.network.advantageWithTruth }
    private static let withTruthEnd = Quantity("network_confidence_advantage_true_labels_lower_end", per: "run")
    private static let measures = [
        recovered, weak, student, ceiling, gap, gain, fromScores, same, sameScores, sameAccuracy, shuffled, corrected,
        repeated, networkWeak, plain, confident, networkCeiling, plainRecovered, doubting, advantage, withTruth,
    ]

    public var claims: [Claim] {
        settings.model == nil ? digitClaims : Self.languageModelClaims(isTuned: settings.tuned.tunedSplits > 0)
    }

    // Counted in development: runs of 40 splits for the first three claims, of 200 for the last.
    private var digitClaims: [Claim] {
        [
            Claim(
                .value,
                "The student recovers a part of the gap between its supervisor and its ceiling: the lower end of the "
                    + "mean's 95 % interval", Self.lowerEnd, .above(0),
                control: "A student with the supervisor's own features recovers nothing", Self.same.quantity,
                .within(0.05, of: 0), controlRule: .mean
            ).and(.worst, Self.gap.quantity, .above(0)).development(missed: 0, controlMissed: 1, of: 50),
            Claim(
                .each(allowing: settings.splits / 5),
                "The student is more accurate than the supervisor whose labels it learned", Self.gain.quantity,
                .above(0), control: "Taught by the same labels, shuffled, it has an accuracy near chance, which is 0.1",
                Self.shuffled.quantity, .atMost(0.15), controlRule: .mean
            ).development(missed: 108, of: 2000, controlOf: 50),
            Claim(
                .value,
                "In squared error the student gains what it disagrees with its supervisor, up to an error on fresh "
                    + "pictures that falls as one over the number of its labels: the exponent", Self.slope,
                .within(0.15, of: -1),
                control: "With the true labels as target, which no student can reach, the error stays: the exponent",
                Self.slopeOutside, .atLeast(-0.4)
            ).development(missed: 0, of: 50),
            Claim(
                .value,
                "Networks that may doubt the supervisor's labels are more accurate than those that may not: the lower "
                    + "end of the 95 % interval of the difference within a split", Self.advantageEnd, .above(0),
                control: "Doubt of labels that are true gains nothing: the same lower end", Self.withTruthEnd,
                .atMost(0)
            ).development(missed: 0, of: 6),
        ]
    }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.opinions.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        if let model = settings.model { return try await teach(model, in: &context) }
        let digits = try await context.digits()
        let (study, network) = (settings.study, settings.network)
        try study.check(pictures: digits.count)
        let trials = Trials(context, count: settings.splits)
        let outcomes = try await trials.run("splits") {
            try study.run(digits, key: $0.key, network: network, in: $0.session)
        }
        var measured = Measurements(seeds: trials.seeds)
        for measure in Self.measures { measured[measure.quantity] = outcomes.map(measure.value) }
        measured.setLowerEnd(Self.lowerEnd, of: Self.recovered.quantity)
        measured.setLowerEnd(Self.advantageEnd, of: Self.advantage.quantity)
        measured.setLowerEnd(Self.withTruthEnd, of: Self.withTruth.quantity)
        let curves = outcomes.map(\.misfits)
        measured.set(Self.slope, MisfitCurve.slope(curves, \.reachable))
        measured.set(Self.slopeOutside, MisfitCurve.slope(curves, \.unreachable))
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            Self.measures.map { measured.metric($0.quantity) }
            measured.metrics(Self.slope, Self.slopeOutside)
            accuracies(measured)
            SupervisorErrors.table(outcomes.map(\.errors), classNames: digits.classNames)
            MisfitCurve.chart(curves, measured)
            networks(measured)
            "The gap recovered is that of each split, then averaged; splits share pictures."
        }
    }

    private func mean(_ measure: Measure, _ measured: Measurements) -> String {
        Phrase.number(measured.mean(measure.quantity))
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ measure: Measure) -> String { Phrase.percent(measured.mean(measure.quantity)) }
        return "A supervisor with \(settings.study.weakLabels) labels is right on \(percent(Self.weak)) of pictures, "
            + "the student that it taught on \(percent(Self.student)), and the same student with true labels on "
            + "\(percent(Self.ceiling)). The student recovers \(mean(Self.recovered, measured)) of the gap, a student "
            + "with the supervisor's own features \(mean(Self.same, measured)). It corrects \(percent(Self.corrected)) "
            + "of the supervisor's errors and repeats \(percent(Self.repeated)). Networks recover "
            + "\(mean(Self.plainRecovered, measured)) of their gap, and \(mean(Self.doubting, measured)) where they may "
            + "doubt their labels."
    }
}
