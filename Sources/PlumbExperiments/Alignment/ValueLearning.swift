internal import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can a machine learn what is wanted by watching, by asking, and by being taught?
public struct ValueLearning: Experiment {
    public struct Settings: Codable, Sendable, Equatable {
        public var seeds = 6
        public var side = 8
        public var slip = 0.3
        public var rationality = 3.0
        public var demonstrations = 256
        public var horizon = 40
        public var discount = 0.9
        public var iterations = 400
        public var learningRate = 0.05
        public var games = 200_000
        public var thetaCells = 20_001

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "seeds": "Grids with rewards of their own; the games are played as often.",
        "side": "Cells along each side of the grid.",
        "slip": "The probability that the floor chooses where a step goes.",
        "rationality": "How strongly the demonstrator's reward rules what it does.",
        "demonstrations": "The most demonstrations learned from; a quarter, a 16th and a 64th of them too.",
        "horizon": "Steps in a demonstration.",
        "discount": "How much the next step counts beside this one.",
        "iterations": "Steps of gradient ascent on the recovered reward.",
        "learningRate": "Their length.",
        "games": "Rounds of the off-switch and of the supplies game, for each number that is checked.",
        "thetaCells": "Values of θ on which the supplies game is searched.",
    ]
    public static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 3...1000, "side": 2...20, "slip": 0...0.99, "rationality": 1e-6...10_000,
        "demonstrations": 64...1_000_000, "horizon": 2...100_000, "discount": 0.01...0.9999,
        "iterations": 1...1_000_000, "learningRate": 1e-9...1000, "games": 2...100_000_000,
        "thetaCells": 1...10_000_000,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.games) = (4, 50_000)
        var paper = Settings()
        (paper.seeds, paper.games) = (20, 1_000_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "value-learning", title: "Learning what is wanted",
        direction: "alignment: value learning",
        question: "Can a machine learn what is wanted by watching, by asking, and by being taught?",
        hypothesis:
            "The reward recovered from demonstrations is worth nearly as much as the true one, and more so the more there "
            + "are; a robot that is unsure what is wanted gains by leaving the off switch to a human; and a human who "
            + "teaches earns more than one who only demonstrates.",
        control:
            "A demonstrator that acts at random gives nothing away; a robot that is sure has no reason to defer; if the "
            + "robot knows what is wanted, teaching gains nothing.",
        method:
            "Recover the reward of a noisy demonstrator on a slippery grid by maximum causal entropy, and act on it. "
            + "Play the off-switch game and set what waiting earns beside its closed form. Find the best pair of policies "
            + "in the office supplies game by best responses, by its closed form and by play.",
        limits:
            "Rewards are a table of one small grid whose rules are known, and the demonstrator errs in the very way the "
            + "method assumes. Both games have one move each and players that reason without fault, but for the noisy human. "
            + "The demonstrator's rationality of 3 was chosen after trying others.",
        references: [
            Reference(
                authors: "Ziebart, Maas, Bagnell, Dey", title: "Maximum Entropy Inverse Reinforcement Learning",
                year: 2008),
            Reference(
                authors: "Hadfield-Menell, Dragan, Abbeel, Russell", title: "The Off-Switch Game", year: 2016,
                arXiv: "1611.08219"),
            Reference(
                authors: "Hadfield-Menell, Dragan, Abbeel, Russell",
                title: "Cooperative Inverse Reinforcement Learning", year: 2016, arXiv: "1606.03137"),
        ],
        minutes: 0.2)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let (study, settings) = (study, settings)
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("watching and playing") { trial in
            let inverse = try study.run(key: trial.key["inverse"], in: trial.session)
            try trial.checkpoint()
            return ValueLearningOutcome(inverse, games: settings.games, key: trial.key["games"])
        }
        let evidence = ValueLearningEvidence(outcomes: outcomes, thetaCells: settings.thetaCells)
        return ValueLearningFindings(settings: settings, evidence: evidence, seeds: OverSeeds(trials.seeds)).findings
    }

    private var study: InverseReinforcementLearningStudy {
        var study = InverseReinforcementLearningStudy()
        (study.side, study.slip, study.rationality) = (settings.side, settings.slip, settings.rationality)
        study.demonstrations = [64, 16, 4, 1].map { settings.demonstrations / $0 }
        (study.method.discount, study.method.horizon) = (settings.discount, settings.horizon)
        (study.method.iterations, study.method.learningRate) = (settings.iterations, settings.learningRate)
        return study
    }

    public func validate() throws {
        try Self.checkRanges(settings)
        guard settings.demonstrations % 64 == 0 else {
            throw SettingsError("--demonstrations \(settings.demonstrations): it must be a multiple of 64")
        }
        guard settings.demonstrations * settings.horizon <= 20_000_000 else {
            throw SettingsError(
                "--demonstrations \(settings.demonstrations) times --horizon \(settings.horizon) may be at most 20000000"
            )
        }
    }
}
