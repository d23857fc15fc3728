internal import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// Can an agent learn what is wanted from answers to "which of these two was better" alone?
public struct LearningFromPreferences: UndeclaredClaims {
    public struct Settings: ExperimentSettings {
        public var answers: String?
        public var seeds = 6
        public var comparisons = [24, 48, 96, 200, 400, 700]
        public var shuffledComparisons = 400
        public var noise = 0.1
        public var rationality = 2.0
        public var rounds = 8
        public var episodeLength = 50
        public var segmentLength = 10
        public var candidates = 10
        public var members = 5
        public var hidden = [64, 64]
        public var steps = 200
        public var batchSize = 32
        public var learningRate = 0.001
        public var weightDecay = 0.001
        public var size = 10
        public var hills = [1, 0.6, 0.3]
        public var hillWidth = 1.5
        public var hillMargin = 2.0
        public var slip = 0.15
        public var discount = 0.95

        public init() {}
    }

    public static func schema() throws -> SettingsSchema { try oldSchema() }
    public var claims: [Claim] { [] }
    static let help = [
        "answers": "A file of answers as plumb preferences ask writes it, to learn from instead of a teacher's.",
        "seeds": "Worlds, each with networks and chance of its own.",
        "comparisons": "How many questions the agent may ask; learned from anew for each number.",
        "shuffledComparisons": "Questions of the control, whose answers are dealt out anew.",
        "noise": "The part of answers that are a coin's, in the noisy runs.",
        "rationality": "How sure a difference of return makes the teacher.",
        "rounds": "Rounds in which the questions are asked; the reward is learned further after each.",
        "episodeLength": "Steps of an episode, which begins anywhere.",
        "segmentLength": "Steps of a segment, which is cut out of an episode.",
        "candidates": "Pairs looked at for each one that is asked about, where the ensemble chooses.",
        "members": "Networks in the ensemble.",
        "hidden": "Neurons of each hidden layer.",
        "steps": "Steps of the optimiser a round.",
        "batchSize": "Comparisons a step, for each network.",
        "learningRate": "Adam's step length.",
        "weightDecay": "How strongly the networks' weights are pulled to 0, as a part of the gradient.",
        "size": "Rows and columns of the grid.",
        "hills": "The heights of the hidden reward's hills.",
        "hillWidth": "The standard deviation of a hill, in cells.",
        "hillMargin": "How far the hills' tops are from the outermost cells at least.",
        "slip": "The probability that the floor chooses the direction of a step.",
        "discount": "What a reward one step later is worth.",
    ]
    static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 1...1000, "comparisons": 1...100_000, "shuffledComparisons": 1...100_000,
        "noise": 1e-6...0.999999, "rationality": 1e-6 ... .infinity, "rounds": 1...1000,
        "episodeLength": 1...10_000, "segmentLength": 1...10_000, "candidates": 1...1000,
        "members": 2...100, "hidden": 1...4096, "steps": 1...1_000_000, "batchSize": 1...1_000_000,
        "learningRate": 1e-9...10, "weightDecay": 0...10, "size": 2...40, "hills": -1e6...1e6, "hillWidth": 0.2...1000,
        "hillMargin": 0...20, "slip": 0...0.999999, "discount": 0.001...0.9999,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.comparisons, tiny.shuffledComparisons) = (3, [24, 200, 700], 400)
        var paper = Settings()
        (paper.seeds, paper.comparisons) = (24, [24, 48, 96, 200, 400, 700, 1400])
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "learning-from-preferences", title: "A reward learned from comparisons",
        direction: "alignment: learning from human preferences",
        question:
            "Can an agent that is never told its reward learn it from answers to \"which of these two was better\"?",
        hypothesis:
            "A few hundred answers about segments of ten steps are enough: planning on the learned reward comes at least "
            + "98 % of the way from random steps to planning on the hidden one, though some answers are wrong.",
        control:
            "Where the answers are dealt out anew among the questions, or are a coin's, the same machinery learns nothing "
            + "that is worth following.",
        method:
            "A teacher compares pairs of segments by a hidden reward, more surely the more one is ahead. An ensemble of "
            + "small networks learns a reward under which those answers are likely; value iteration plans on its "
            + "normalised mean, and the plan's steps become half of the next segments.",
        limits: "The teacher is simulated and errs at random, which people do not. The grid is small enough to plan in "
            + "exactly, so nothing is said of learning a policy and a reward at once, nor of rewards that need more "
            + "than the coordinates of one cell. Members, steps and the pull of weights to 0 were settled in trials; of 60 "
            + "worlds that had no part in them 3 fell short of 0.98 (0.955, 0.964 and 0.977), so that about one run in "
            + "four will. One hill is clearly the highest and all are whole: near the edge, or with hills about as high "
            + "as each other, more seeds fall short of the best plan.",
        references: [
            Reference(
                authors: "Christiano, Leike, Brown, Martic, Legg, Amodei",
                title: "Deep Reinforcement Learning from Human Preferences", year: 2017, arXiv: "1706.03741")
        ],
        minutes: 1)

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try validate()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        if let answers = settings.answers { return try await learn(from: answers, in: &context) }
        let (study, conditions) = (study, conditions)
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("learning from answers") { trial in
            try conditions.enumerated().map { index, condition in
                try study.run(condition, key: trial.key) { part in
                    try trial.checkpoint()
                    trial.session.reporter.progress("learning", (Double(index) + part) / Double(conditions.count))
                }
            }
        }
        let evidence = PreferenceEvidence(
            outcomes: outcomes, task: study.task(key: RandomKey(context.seed)["world"]), largest: largest,
            key: RandomKey(context.seed)["intervals"])
        return PreferenceFindings(settings: settings, evidence: evidence, seeds: OverSeeds(trials.seeds)).findings
    }

    private var largest: Int { settings.comparisons.max() ?? 0 }

    var study: GridPreferenceStudy {
        var study = GridPreferenceStudy()
        (study.rows, study.columns, study.slip, study.discount) = (
            settings.size, settings.size, settings.slip, settings.discount
        )
        (study.rounds, study.segmentLength, study.candidates) = (
            settings.rounds, settings.segmentLength, settings.candidates
        )
        (study.heights, study.width, study.margin) = (settings.hills, settings.hillWidth, settings.hillMargin)
        study.episodeLength = settings.episodeLength
        study.teacher = BoltzmannTeacher(rationality: settings.rationality)
        (study.learning.members, study.learning.hidden) = (settings.members, settings.hidden)
        (study.learning.steps, study.learning.batchSize) = (settings.steps, settings.batchSize)
        (study.learning.learningRate, study.learning.weightDecay) = (settings.learningRate, settings.weightDecay)
        return study
    }

    /// Both ways of asking, with and without noise, and the two controls.
    private var conditions: [GridPreferenceStudy.Condition] {
        settings.comparisons.flatMap { count in
            [
                GridPreferenceStudy.Condition(count), .init(count, queries: .random),
                .init(count, noise: settings.noise),
            ]
        } + [.init(settings.shuffledComparisons, isShuffled: true), .init(largest, noise: 1)]
    }

    func validate() throws {
        try Self.checkRanges(settings)
        guard !settings.comparisons.isEmpty, Set(settings.comparisons).count == settings.comparisons.count,
            (settings.comparisons + [settings.shuffledComparisons]).allSatisfy({ $0 >= settings.rounds })
        else {
            throw SettingsError(
                "--comparisons \(settings.comparisons): there must be different numbers, each with a question for all "
                    + "\(settings.rounds) rounds")
        }
        guard settings.hills.contains(where: { $0 != 0 }) else {
            throw SettingsError("--hills \(settings.hills): there must be a height other than 0")
        }
        guard 2 * settings.hillMargin <= Double(settings.size - 1) else {
            throw SettingsError(
                "--hill-margin \(settings.hillMargin): hills need room on \(settings.size) rows, from 0 to "
                    + "\(Double(settings.size - 1) / 2)")
        }
        guard settings.segmentLength <= settings.episodeLength else {
            throw SettingsError(
                "--episode-length \(settings.episodeLength): it must be from --segment-length "
                    + "\(settings.segmentLength) to 10000 steps")
        }
        let widths = [1] + settings.hidden + [1]
        let weights = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } * settings.members
        guard weights <= 50_000_000 else {
            throw SettingsError(
                "--hidden \(settings.hidden) --members \(settings.members): \(weights) weights are more than 50000000")
        }
        try study.memory(comparisons: max(largest, settings.shuffledComparisons), runs: Compute.threads).check()
    }
}
