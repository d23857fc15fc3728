internal import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How hard can a learned reward be optimised before what it stands for gets worse?
public struct RewardModelOveroptimisation: Experiment {
    public struct Settings: Codable, Sendable, Equatable {
        public var seeds = 8
        public var tasks = 24
        public var comparisons = [20, 50, 200]
        public var cost = 0.2
        public var dimension = 16
        public var rationality = 3.0
        public var penalty = 1.0
        public var members = 5
        public var deviations = 1.0
        public var samples = 32_768
        public var largest = 4096

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "seeds": "Seeds, each with tasks of its own.",
        "tasks": "Tasks a seed: what is wanted, comparisons and answers are drawn anew for each.",
        "comparisons": "How many comparisons a reward is learned from; curves are drawn for each number.",
        "cost": "What extremes cost: the part of what is wanted that the learned reward cannot express.",
        "dimension": "Features of an answer.",
        "rationality": "How sure a difference makes the teacher.",
        "penalty": "The penalty of the learned weights.",
        "members": "Rewards in an ensemble, each learned from a sample of the comparisons.",
        "deviations": "Standard deviations across members that the cautious ensemble takes off the mean.",
        "samples": "Answers that the best of n is estimated from.",
        "largest": "The largest n of the best of n; curves go there in doublings.",
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.tasks, tiny.samples) = (4, 16, 16_384)
        var paper = Settings()
        (paper.tasks, paper.comparisons) = (96, [20, 50, 100, 200, 400, 800])
        (paper.samples, paper.largest) = (262_144, 65_536)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "reward-model-overoptimisation", title: "Too much of a learned reward",
        direction: "alignment: reward hacking",
        question: "How hard can a learned reward be optimised before what it stands for gets worse?",
        hypothesis:
            "Choosing the best of n answers by a learned reward first gets more of what is wanted and then less: the peak "
            + "is at n = 8, 16 and 32 to 64 for rewards learned from 20, 50 and 200 comparisons. Caution about what an "
            + "ensemble disagrees on puts the peak off.",
        control:
            "Where extremes cost nothing, what is wanted rises to the largest n, and so it does when answers are chosen by "
            + "what is wanted itself. A reward learned from answers that were dealt out anew finds nothing.",
        method:
            "Answers are points in space. What is wanted is one direction, less a cost of extremes that a linear reward "
            + "cannot see. A linear reward is fitted exactly to a teacher's comparisons; the best of n is estimated "
            + "without bias from one pool of answers. Moving the whole distribution along the learned reward gives a "
            + "second form of optimisation whose curve is known in closed form.",
        limits:
            "Answers are a few normal numbers and rewards are linear, so that everything can be computed; language "
            + "models differ in both. Which form fits the curve of reinforcement learning on a language model cannot be "
            + "learned here: the shifted distribution has the quadratic form by construction.",
        references: [
            Reference(
                authors: "Gao, Schulman, Hilton", title: "Scaling Laws for Reward Model Overoptimization", year: 2022,
                arXiv: "2210.10760"),
            Reference(
                authors: "Coste, Anwar, Kirk, Krueger",
                title: "Reward Model Ensembles Help Mitigate Overoptimization", year: 2023, arXiv: "2310.02743"),
        ],
        minutes: 0.5)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        try check()
        let (study, tasks) = (study, settings.tasks)
        let estimator = study.estimator
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("tasks") { trial in
            try (0..<tasks).map { task in
                try trial.checkpoint()
                trial.session.reporter.progress("tasks", task, of: tasks)
                return try study.run(estimator, key: trial.key["task"][task])
            }
        }
        let evidence = OveroptimisationEvidence(
            study: study, tasks: outcomes.flatMap { $0 }, key: RandomKey(context.seed)["intervals"])
        return OveroptimisationFindings(settings: settings, evidence: evidence, seeds: trials.seeds).findings
    }

    private var study: OveroptimisationStudy {
        var study = OveroptimisationStudy()
        (study.comparisons, study.cost, study.dimension) = (
            settings.comparisons.sorted(), settings.cost, settings.dimension
        )
        (study.rationality, study.penalty, study.members) = (settings.rationality, settings.penalty, settings.members)
        (study.deviations, study.samples) = (settings.deviations, settings.samples)
        study.sizes = Array(sequence(first: 1) { $0 * 2 <= settings.largest ? $0 * 2 : nil })
        return study
    }

    private func check() throws {
        guard settings.seeds > 0, settings.tasks > 0, settings.dimension > 1, settings.dimension <= 256 else {
            throw SettingsError("there must be seeds and tasks, and from 2 to 256 features")
        }
        guard !settings.comparisons.isEmpty, settings.comparisons.allSatisfy({ $0 > 0 }),
            Set(settings.comparisons).count == settings.comparisons.count
        else {
            throw SettingsError("--comparisons \(settings.comparisons): there must be different numbers above 0")
        }
        guard settings.cost > 0, settings.cost.isFinite, settings.penalty > 0, settings.penalty.isFinite,
            settings.rationality > 0, settings.deviations > 0, settings.deviations.isFinite
        else {
            throw SettingsError(
                "--cost, --penalty, --rationality and --deviations must be numbers above 0; the control has no cost")
        }
        guard settings.members > 1 else {
            throw SettingsError("--members \(settings.members): one reward cannot disagree with itself, take 2 or more")
        }
        guard settings.largest >= 8, settings.largest <= settings.samples / 4, settings.samples <= 1 << 22 else {
            throw SettingsError(
                "--largest \(settings.largest) and --samples \(settings.samples): n goes to 8 at least, and needs four "
                    + "times as many samples, up to \(1 << 22)")
        }
        guard settings.samples * settings.dimension <= 1 << 26, settings.members <= 100, settings.seeds <= 1000,
            settings.tasks <= 10_000, settings.comparisons.allSatisfy({ $0 <= 100_000 })
        else {
            throw SettingsError(
                "--samples times --dimension goes to \(1 << 26), --members to 100, --seeds to 1000, --tasks to 10000, "
                    + "--comparisons to 100000")
        }
    }
}
