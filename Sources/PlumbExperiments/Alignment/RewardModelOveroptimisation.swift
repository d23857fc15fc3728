internal import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How hard can a learned reward be optimised before what it stands for gets worse?
public struct RewardModelOveroptimisation: UndeclaredClaims {
    public struct Settings: ExperimentSettings {
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

    public static func schema() throws -> SettingsSchema { try oldSchema() }
    public var claims: [Claim] { [] }
    static let help = [
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
    static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 1...1000, "tasks": 1...10_000, "comparisons": 1...100_000, "cost": 1e-6...1000,
        "dimension": 2...256, "rationality": 1e-6 ... .infinity, "penalty": 1e-6...1e6,
        "members": 2...100, "deviations": 1e-6...1000, "samples": 32...4_194_304, "largest": 8...1_048_576,
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
    public init(_ settings: Settings) throws {
        self.settings = settings
        try validate()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
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

    private var study: OveroptimizationStudy {
        var study = OveroptimizationStudy()
        (study.comparisons, study.cost, study.dimension) = (
            settings.comparisons.sorted(), settings.cost, settings.dimension
        )
        (study.rationality, study.penalty, study.members) = (settings.rationality, settings.penalty, settings.members)
        (study.deviations, study.samples) = (settings.deviations, settings.samples)
        study.sizes = Array(sequence(first: 1) { $0 * 2 <= settings.largest ? $0 * 2 : nil })
        return study
    }

    func validate() throws {
        try Self.checkRanges(settings)
        guard !settings.comparisons.isEmpty, Set(settings.comparisons).count == settings.comparisons.count else {
            throw SettingsError("--comparisons \(settings.comparisons): there must be different numbers above 0")
        }
        guard settings.largest <= settings.samples / 4 else {
            throw SettingsError(
                "--largest \(settings.largest) and --samples \(settings.samples): the largest n needs four times as many "
                    + "samples")
        }
        guard settings.samples * settings.dimension <= 1 << 26 else {
            throw SettingsError(
                "--samples \(settings.samples) times --dimension \(settings.dimension) may be at most \(1 << 26)")
        }
        guard settings.seeds * settings.tasks >= 3 else {
            throw SettingsError(
                "--seeds \(settings.seeds) --tasks \(settings.tasks): an interval over tasks needs 3 or more in all")
        }
    }
}
