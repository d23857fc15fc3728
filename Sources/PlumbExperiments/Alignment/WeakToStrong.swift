public import PlumbAlignment
internal import PlumbData
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can a strong student learn more from a weak supervisor than the supervisor knows?
///
/// Linear models on pictures of digits, solved exactly: in squared error the student gains as much as it disagrees with
/// its supervisor. Control: a student with the supervisor's own features gains nothing.
public struct WeakToStrong: Experiment {
    typealias Outcome = WeakToStrongStudy.Outcome

    /// What can be varied; the values are those of the quick run.
    public struct Settings: ExperimentSettings {
        @Setting(
            "Random splits of the pictures into those for the supervisor, for the student and for testing.", 3...10_000)
        public var splits = 40
        /// The supervisor and the student.
        public var study = WeakToStrongStudy()
        /// The networks that tell odd digits from even ones.
        public var network = WeakToStrongNetwork()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.splits, tiny.study.studentLabels, tiny.study.components) = (8, 400, 12)
        (tiny.network.steps, tiny.network.hidden) = (5, 8)
        return ["tiny": tiny]
    }()

    public static let card = Card(
        id: "weak-to-strong", title: "A student that is better than its supervisor",
        direction: "alignment: scalable oversight",
        question: "Does a strong student taught by a weak supervisor's labels do better than the supervisor, and why?",
        method:
            "The supervisor is a ridge regression on 4 × 4 pixels with 60 true labels. The student is one on 20 "
            + "principal components of 8 × 8 pixels, with 1,000 pictures labeled by the supervisor's best guess. Both "
            + "are solved exactly, on random splits of 1,797 pictures. For the equation the student is fitted to the "
            + "supervisor's scores without a penalty, and its target is its own fit to the true labels. Small "
            + "networks are trained with cross-entropy and with the confidence loss, which lets them doubt the "
            + "labels.",
        limits:
            "One small data set, whose splits share pictures: intervals are over splits and not over data sets. The "
            + "student is strong by its inputs and not by pretraining, as a large language model is. The equation "
            + "holds for squared error and linear students; there is none for accuracy. Best guesses as labels, and "
            + "the threshold of 0.01 of the equation's control, were chosen after looking at results.",
        references: [
            Reference(
                authors: "Burns, Izmailov, Kirchner, Baker, Gao, Aschenbrenner, …, Wu",
                title: "Weak-to-Strong Generalization: Eliciting Strong Capabilities With Weak Supervision", year: 2023,
                arXiv: "2312.09390"),
            Reference(
                authors: "Charikar, Pabbaraju, Shiragur",
                title: "Quantifying the Gain in Weak-to-Strong Generalization", year: 2024, arXiv: "2405.15116"),
        ],
        minutes: 0.2)

    private struct Measure: Sendable {
        let quantity: Quantity
        let value: Value
        typealias Value = @Sendable (Outcome) -> Double
        init(_ name: String, unit: String = "", isHeadline: Bool = false, _ value: @escaping Value) {
            (quantity, self.value) = (Quantity(name, unit: unit, per: "split", isHeadline: isHeadline), value)
        }
    }

    private static let recovered = Measure("gap_recovered", isHeadline: true) { $0.gap.recovered }
    private static let lowerEnd = Quantity("gap_recovered_lower_end", unit: "of the gap", per: "run")
    private static let weak = Measure("weak_accuracy", isHeadline: true) { $0.gap.weak }
    private static let student = Measure("student_accuracy", isHeadline: true) { $0.gap.weakToStrong }
    private static let ceiling = Measure("ceiling_accuracy", isHeadline: true) { $0.gap.ceiling }
    private static let gap = Measure("gap") { $0.gap.ceiling - $0.gap.weak }
    private static let better = Measure("student_is_better") { $0.gap.weakToStrong > $0.gap.weak ? 1 : 0 }
    private static let fromScores = Measure("gap_recovered_from_scores") { $0.softGap.recovered }
    private static let same = Measure("gap_recovered_same_capacity", unit: "of the gap") { $0.sameCapacity.recovered }
    private static let sameScores = Measure("gap_recovered_same_capacity_from_scores") { $0.sameCapacitySoft.recovered }
    private static let sameAccuracy = Measure("same_capacity_accuracy") { $0.sameCapacity.weakToStrong }
    private static let shuffled = Measure("shuffled_labels_accuracy") { $0.shuffled }
    private static let violation = Measure("identity_violation", unit: "of err(weak)") {
        Statistics.greatest($0.violations(.population))
    }
    private static let squared = Measure("squared_error_gap_recovered") { $0.squaredErrorRecovered }
    private static let fresh = Measure("identity_violation_fresh_inputs", unit: "of err(weak)") {
        Statistics.mean($0.violations(.fresh))
    }
    private static let outside = Measure("identity_violation_target_outside", unit: "of err(weak)") {
        Statistics.mean($0.violations(.outside))
    }
    private static let networkWeak = Measure("network_weak_accuracy") { $0.network.plain.weak }
    private static let plain = Measure("network_plain_accuracy") { $0.network.plain.weakToStrong }
    private static let confident = Measure("network_confidence_accuracy") { $0.network.confident.weakToStrong }
    private static let networkCeiling = Measure("network_ceiling_accuracy") { $0.network.plain.ceiling }
    private static let plainRecovered = Measure("network_plain_gap_recovered") { $0.network.plain.recovered }
    private static let doubting = Measure("network_confidence_gap_recovered") { $0.network.confident.recovered }
    private static let measures = [
        recovered, weak, student, ceiling, gap, better, fromScores, same, sameScores, sameAccuracy, shuffled, squared,
        fresh, outside, networkWeak, plain, confident, networkCeiling, plainRecovered, doubting,
    ]

    public let claims = [
        Claim(
            .value,
            "The student recovers a part of the gap between its supervisor and its ceiling: the lower end of the "
                + "mean's 95 % interval", lowerEnd, .above(0),
            control: "A student with the supervisor's own features recovers nothing", same.quantity,
            .within(0.05, of: 0), controlRule: .mean
        ).and(.worst, gap.quantity, .above(0)),
        Claim(
            .mean, "In most splits the student is better than the supervisor whose labels it learned", better.quantity,
            .atLeast(0.8), control: "Taught by the same labels, shuffled, it has an accuracy near chance, which is 0.1",
            shuffled.quantity, .atMost(0.15)),
        Claim(
            .worst,
            "In squared error the student gains as much as it disagrees with its supervisor, err(weak) = "
                + "err(student) + misfit: the difference of the two sides, for supervisors of four strengths",
            violation.quantity, .atMost(1e-9),
            control: "With the true labels as target, which no student can reach, the two sides differ",
            outside.quantity, .atLeast(0.01), controlRule: .mean),
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let digits = try await context.digits()
        let (study, network) = (settings.study, settings.network)
        try study.check(pictures: digits.count)
        let trials = Trials(context, count: settings.splits)
        let outcomes = try await trials.run("splits") { trial in
            try study.run(digits, key: trial.key, network: network, in: trial.session)
        }
        var measured = Measurements(seeds: trials.seeds)
        for measure in Self.measures + [Self.violation] { measured[measure.quantity] = outcomes.map(measure.value) }
        measured.setLowerEnd(Self.lowerEnd, of: Self.recovered.quantity)
        let exact = outcomes.flatMap { $0.violations(.population) }
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            Self.measures.map { measured.metric($0.quantity) }
            Metric("identity_violation_population", Statistics.greatest(exact), unit: "of err(weak)", n: exact.count)
            accuracies(measured)
            MisfitPoint.plot(outcomes.flatMap(\.misfits))
            gaps(measured)
            networks(measured)
            "The gap recovered is that of each split, then averaged; splits share pictures."
            "On fresh pictures the two sides of the equation differ by \(mean(Self.fresh, measured)) of err(weak) on "
                + "average, the sampling error of the student's regression."
            "Networks tell odd digits from even ones, because the confidence loss is defined for two classes. "
                + "Cross-entropy recovers \(mean(Self.plainRecovered, measured)) of their gap, the confidence loss "
                + "\(mean(Self.doubting, measured)). No claim is made about them."
        }
    }

    private func mean(_ measure: Measure, _ measured: Measurements) -> String {
        Phrase.number(measured.mean(measure.quantity))
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ measure: Measure) -> String { Phrase.percent(measured.mean(measure.quantity)) }
        let violation = measured.greatest(Self.violation.quantity)
        let size = violation <= 1e-9 ? "are equal up to rounding" : "differ by up to \(Phrase.number(violation))"
        return "A supervisor with \(settings.study.weakLabels) labels is right on \(percent(Self.weak)) of pictures, "
            + "the student that it taught on \(percent(Self.student)), and the same student with true labels on "
            + "\(percent(Self.ceiling)). The student recovers \(mean(Self.recovered, measured)) of the gap, and a "
            + "student with the supervisor's own features \(mean(Self.same, measured)). In squared error gain and "
            + "misfit, in units of err(weak), \(size)."
    }

    private func accuracies(_ measured: Measurements) -> BarChart {
        measured.barChart(
            title: "Between supervisor and ceiling",
            caption: "Accuracy on unseen pictures. The ceiling has true labels, \"same features\" the supervisor's.",
            y: Axis("accuracy"),
            [
                "supervisor": Self.weak.quantity, "student": Self.student.quantity, "ceiling": Self.ceiling.quantity,
                "same features": Self.sameAccuracy.quantity, "shuffled labels": Self.shuffled.quantity,
            ])
    }

    private func gaps(_ measured: Measurements) -> BarChart {
        measured.barChart(
            title: "How much of the gap is recovered",
            caption: "0 is the supervisor, 1 the student with true labels. Labels are best guesses or scores.",
            y: Axis("part of the gap"),
            [
                "student, guesses": Self.recovered.quantity, "student, scores": Self.fromScores.quantity,
                "same features, guesses": Self.same.quantity, "same features, scores": Self.sameScores.quantity,
            ])
    }

    private func networks(_ measured: Measurements) -> BarChart {
        measured.barChart(
            title: "Networks that may doubt their labels", caption: "Accuracy in telling odd digits from even ones.",
            y: Axis("accuracy"),
            [
                "supervisor": Self.networkWeak.quantity, "cross-entropy": Self.plain.quantity,
                "confidence loss": Self.confident.quantity, "ceiling": Self.networkCeiling.quantity,
            ])
    }
}
