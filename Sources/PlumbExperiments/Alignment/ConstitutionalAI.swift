public import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Does a model that criticizes and revises by a rule learn to keep to it, though the critic errs?
///
/// Small generators break a hidden rule; critics know it and are wrong with a known chance. With a language model's name
/// that model criticizes and revises its own answers.
public struct ConstitutionalAI: Experiment {
    typealias Outcome = ConstitutionalStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Seeds: generators with a rule of their own, or samples of a language model.", 1...1000)
        public var seeds = 4
        @Setting("A language model to examine (smollm2-135m, a file, a folder, a hub id); none trains small models.")
        public var model: String? = nil
        /// The small models.
        public var study = ConstitutionalStudy()
        /// The test of a language model.
        public var revision = LanguageModelRevision()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper, smollm2) = (Settings(), Settings(), Settings())
        (tiny.seeds, tiny.study.steps, tiny.study.batch, tiny.study.errors) = (2, 60, 16, [0, 0.2, 0.5])
        (tiny.study.rounds, tiny.study.revised, tiny.study.tuningSteps, tiny.study.comparisons) = (2, 64, 20, 64)
        (tiny.study.preferenceSteps, tiny.study.prompts, tiny.study.choices) = (20, 32, 2)
        (paper.seeds, paper.study.layers, paper.study.width, paper.study.revised) = (16, 2, 64, 8192)
        (paper.study.comparisons, paper.study.preferenceSteps, paper.study.tuningSteps) = (16_384, 2000, 1000)
        (smollm2.seeds, smollm2.model) = (2, "smollm2-135m")
        return ["tiny": tiny, "paper": paper, "smollm2": smollm2]
    }()

    public static let card = Card(
        id: "constitutional-ai", title: "Learning to keep to a rule from a critic that errs",
        direction: "alignment: Constitutional AI",
        question:
            "Does a model that is trained on its own answers, revised by a critic's rule, keep to the rule, and what "
            + "does a preference model learn from the critic's labels?",
        method:
            "A small transformer repeats its prompt and, where it is provoked, says tokens that a hidden rule bans. A "
            + "critic with a known chance of errors flags tokens, the generator writes flagged ones anew, in four rounds, "
            + "and is fine-tuned on the result. The critic also says which of two answers keeps to the rule, and a "
            + "preference model learns from these labels. Preset smollm2: SmolLM2 answers twenty requests, each with a "
            + "principle that a program checks, criticizes and revises its answers in four rounds, and names the better "
            + "of two answers in both orders.",
        limits:
            "The rule of the small models is a set of tokens, and the critic's errors are independent of the text; those "
            + "of a real critic are not. The principles of the language model are lists of words, which a text can keep "
            + "to and be a bad answer.",
        references: [
            Reference(
                authors: "Bai, Kadavath, Kundu, Askell, Kernion, Jones, …, Kaplan",
                title: "Constitutional AI: Harmlessness from AI Feedback", year: 2022, arXiv: "2212.08073"),
            Reference(
                authors: "Lee, Phatale, Mansoor, Mesnard, Ferret, Lu, …, Prakash",
                title: "RLAIF vs. RLHF: Scaling Reinforcement Learning from Human Feedback with AI Feedback",
                year: 2023,
                arXiv: "2309.00267"),
        ],
        changes:
            "On seed 101 SmolLM2's answers broke their principle more often after two rounds of revision by it (0.5, before "
            + "0.4), and less often after two by a rule that has nothing to do with it (0.25): preset smollm2 shows no "
            + "effect of the principle, and its claim and control fail.",
        minutes: 2)

    private static func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the answers", isHeadline: isHeadline)
    }
    private static let generator = share("generator_violations", isHeadline: true)
    private static let tuned = share("violations_after_training_on_revisions", isHeadline: true)
    private static let fall = share("least_fall_of_violations")
    private static let fallUnrelated = share("fall_of_violations_by_unrelated_rule", isHeadline: true)
    private static let unrelated = share("violations_after_training_by_unrelated_rule")
    private static let fallBlind = share("fall_of_violations_by_worst_critic")
    private static let helpful = Quantity("helpful_tokens_after_training", unit: "of the tokens")
    private static let off = Quantity("label_agreement_off_by", unit: "half-widths of its interval", per: "run")
    private static let shuffled = Quantity("preference_accuracy_from_random_labels", unit: "of the pairs")
    private static let accuracy = Quantity("preference_accuracy", unit: "of the pairs", isHeadline: true)
    private static let chosen = share("violations_of_answers_chosen_by_preference_model")

    public var claims: [Claim] { settings.model == nil ? Self.smallClaims : LanguageModelRevisionResults.claims }

    private static let smallClaims = [
        Claim(
            .worst,
            "Trained on answers that a critic of at most 20 % errors had revised, the generator breaks the rule less "
                + "often than before, for every such critic", fall, .above(0),
            control: "A critic that reads an unrelated rule does not make it do so", fallUnrelated, .atMost(0.05)
        ).development(missed: 0, of: 2),
        Claim(
            .value,
            "A preference model agrees with as many fresh labels of the critic as are right: the largest distance, for "
                + "critics of at most 20 % errors, over all seeds", off, .atMost(1),
            control: "From random labels it learns nothing about the rule", shuffled, .within(0.1, of: 0.5),
            controlRule: .mean),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        if let name = settings.model { return try await examine(name, in: &context) }
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("generators") { trial in
            try study.run(key: trial.key, in: trial.session)
        }
        let claimed = study.errors.indices.filter { study.errors[$0] <= ConstitutionalStudy.claimedError }
        let last = claimed[claimed.count - 1]
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.generator] = outcomes.map(\.generator)
        measured[Self.tuned] = outcomes.map { $0.critics[last].tuned }
        measured[Self.fall] = outcomes.map { outcome in
            Statistics.least(claimed.map { outcome.generator - outcome.critics[$0].tuned })
        }
        measured[Self.fallUnrelated] = outcomes.map { $0.generator - $0.unrelated.tuned }
        measured[Self.unrelated] = outcomes.map(\.unrelated.tuned)
        measured[Self.fallBlind] = outcomes.map { $0.generator - $0.critics[$0.critics.count - 1].tuned }
        measured[Self.helpful] = outcomes.map { $0.critics[last].helpful }
        measured[Self.shuffled] = outcomes.map(\.shuffled.accuracy)
        measured[Self.accuracy] = outcomes.map { $0.critics[last].accuracy }
        measured[Self.chosen] = outcomes.map { $0.critics[last].chosen }
        measured.set(Self.off, Statistics.greatest(claimed.map { distance(outcomes, $0, of: claimed.count) }))
        return Findings(summary: summary(measured, study.errors[last]), claims: claims, from: measured) {
            measured.metrics(Self.generator, Self.tuned, Self.fallUnrelated, Self.accuracy, Self.fall, Self.fallBlind)
            measured.metrics(Self.unrelated, Self.helpful, Self.off, Self.shuffled, Self.chosen)
            settings.study.violations(outcomes, measured)
            settings.study.preferences(outcomes, measured)
            settings.study.roundChart(outcomes, measured)
            settings.study.table(outcomes, measured)
            "Errors of labels are independent, so that they average out in training: the preference model is nearer to "
                + "the truth than the critic is, and agrees with fresh labels of the critic only as often as these are "
                + "right."
        }
    }

    /// A language model criticizes and revises its own answers.
    private func examine(_ name: String, in context: inout RunContext) async throws -> Findings {
        let (model, study) = (try await context.load(name), settings.revision)
        // One pass through the model serves all requests and uses every core.
        var trials = Trials(context, count: settings.seeds)
        trials.width = 1
        let outcomes = try await trials.run("revising") { trial in
            try study.run(model, key: trial.key, checkpoint: trial.session.reporter.stage("revising"))
        }
        return LanguageModelRevisionResults(study, outcomes, seeds: trials.seeds).findings(of: name)
    }

    /// How far the share of fresh labels with which preference models agree is from the share of right ones, in
    /// half-widths of its interval: all intervals together hold with 95 %.
    private func distance(_ outcomes: [Outcome], _ critic: Int, of intervals: Int) -> Double {
        let count = settings.study.prompts * outcomes.count
        let share = Statistics.mean(outcomes.map { $0.critics[critic].agreement })
        let ends = Statistics.proportionInterval(
            successes: Int((share * Double(count)).rounded()), of: count, level: 1 - 0.05 / Double(intervals))
        let right = 1 - settings.study.errors[critic]
        guard right != share else { return 0 }
        return right > share ? (right - share) / (ends.upper - share) : (share - right) / (share - ends.lower)
    }

    private func summary(_ measured: Measurements, _ error: Double) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "Provoked, the generator breaks the rule in \(percent(Self.generator)) of its answers. After training on "
            + "answers revised by a critic of \(Phrase.percent(error)) errors it does so in \(percent(Self.tuned)), on answers "
            + "revised by an unrelated rule in \(percent(Self.unrelated)). A preference model that learned from that "
            + "critic's labels is right in \(percent(Self.accuracy)) of fresh comparisons, one that learned from random "
            + "labels in \(percent(Self.shuffled)); of answers that the first chooses, the best of "
            + "\(settings.study.choices), \(percent(Self.chosen)) break the rule."
    }
}
