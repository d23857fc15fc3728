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
    private typealias Results = WeakToStrongResults

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
        changes:
            "Best guesses as labels were chosen after looking at results with the supervisor's scores. Shuffled labels "
            + "were to be LoRA's control, but they are right a little more or less often than half the time, and SmolLM2 "
            + "learned even that (accuracy 0.85 on development seed 101); now they are right for exactly half of each class.",
        minutes: 0.6)

    public var claims: [Claim] {
        settings.model == nil
            ? digitClaims : LanguageModelWeakToStrongResults.claims(isTuned: settings.tuned.tunedSplits > 0)
    }

    // Counted in development: runs of 40 splits for the first three claims, of 200 for the last.
    private var digitClaims: [Claim] {
        [
            Claim(
                .value,
                "The student recovers a part of the gap between its supervisor and its ceiling: the lower end of the "
                    + "mean's 95 % interval", Results.lowerEnd, .above(0),
                control: "A student with the supervisor's own features recovers nothing", Results.same.quantity,
                .within(0.05, of: 0), controlRule: .mean
            ).and(.worst, Results.gap.quantity, .above(0)).development(missed: 0, controlMissed: 1, of: 50),
            Claim(
                .each(allowing: settings.splits / 5),
                "The student is more accurate than the supervisor whose labels it learned", Results.gain.quantity,
                .above(0), control: "Taught by the same labels, shuffled, it has an accuracy near chance, which is 0.1",
                Results.shuffled.quantity, .atMost(0.15), controlRule: .mean
            ).development(missed: 159, of: 2800, controlOf: 50),
            Claim(
                .value,
                "In squared error the student gains what it disagrees with its supervisor, up to an error on fresh "
                    + "pictures that falls as one over the number of its labels: the exponent", Results.slope,
                .within(0.15, of: -1),
                control: "With the true labels as target, which no student can reach, the error stays: the exponent",
                Results.slopeOutside, .atLeast(-0.4)
            ).development(missed: 0, of: 50),
            Claim(
                .value,
                "Networks that may doubt the supervisor's labels are more accurate than those that may not: the lower "
                    + "end of the 95 % interval of the difference within a split", Results.advantageEnd, .above(0),
                control: "Doubt of labels that are true gains nothing: the same lower end", Results.withTruthEnd,
                .atMost(0)
            ).development(missed: 0, of: 16),
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
        let results = Results(study, outcomes, seeds: trials.seeds)
        return Findings(summary: results.summary, claims: claims, from: results.measured) {
            results.metrics
            results.accuracies
            SupervisorErrors.table(outcomes.map(\.errors), classNames: digits.classNames)
            results.misfits
            results.networks
            "The gap recovered is that of each split, then averaged; splits share pictures."
        }
    }

    /// A bag of words teaches a probe of a language model.
    private func teach(_ name: String, in context: inout RunContext) async throws -> Findings {
        let (model, study) = (try await context.load(name), settings.opinions)
        let examples = try study.examples(
            model, key: RandomKey(context.seed)["texts"], checkpoint: context.reporter.stage("reading"))
        let trials = Trials(context, count: settings.splits)
        let outcomes = try await trials.run("splits of texts") {
            try study.run(examples, try study.split(examples, key: $0.key), key: $0.key, in: $0.session)
        }
        let student = settings.tuned
        var tuned: [TunedStudent.Outcome] = []
        if student.tunedSplits > 0 {
            // One pass through the model uses every core.
            var trials = Trials(context, count: min(student.tunedSplits, settings.splits))
            trials.width = 1
            tuned = try await trials.run("training with LoRA") {
                try student.run(
                    model, examples, try study.split(examples, key: $0.key), key: $0.key, in: $0.session)
            }
        }
        return LanguageModelWeakToStrongResults(study, outcomes, tuned: tuned, seeds: trials.seeds).findings(of: name)
    }
}
