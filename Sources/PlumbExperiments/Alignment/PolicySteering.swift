internal import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// Can an agent's goal be taken out of it by subtracting one vector from its activations?
public struct PolicySteering: Experiment {
    public struct Settings: Codable, Sendable, Equatable {
        public var seeds = 4
        public var side = 7
        public var wallDensity = 0.12
        public var mazes = 12_000
        public var statesPerMaze = 12
        public var steps = 10_000
        public var batch = 128
        public var learningRate = 0.001
        public var hidden = 256
        public var testMazes = 200
        public var episodeSteps = 60
        public var goalDistance = 4
        public var coefficients = [-1.0, -0.5, 0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3]

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "seeds": "Networks trained.",
        "side": "Rows and columns of a maze.",
        "wallDensity": "The probability of a wall on each cell.",
        "mazes": "Training mazes.",
        "statesPerMaze": "Cells of each maze that are learned from.",
        "steps": "Training steps.",
        "batch": "Cells in a training step.",
        "learningRate": "Adam's step length.",
        "hidden": "Neurons of each of the two hidden layers.",
        "testMazes": "New mazes to steer in.",
        "episodeSteps": "Steps after which an episode ends without cheese.",
        "goalDistance": "How many steps from the upper right corner the cheese lies at least.",
        "coefficients": "How often the vector is subtracted, in the sweep; below 0 it is added.",
    ]
    public static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 1...1000, "side": 2...11, "wallDensity": 0...0.4, "mazes": 1...1_000_000,
        "statesPerMaze": 1...120, "steps": 1...1_000_000, "batch": 1...65_536, "learningRate": 1e-9...10,
        "hidden": 1...4096, "testMazes": 2...100_000, "episodeSteps": 1...100_000, "goalDistance": 1...20,
        "coefficients": -1e6...1e6,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.mazes, tiny.steps) = (2, 6_000, 2_000)
        var paper = Settings()
        (paper.seeds, paper.testMazes) = (8, 500)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "policy-steering", title: "Taking the goal out of an agent", direction: "alignment: shard theory",
        question: "Can an agent's goal be taken out of it by subtracting one vector from its activations?",
        hypothesis:
            "What the sight of the cheese adds to a hidden layer at the start of an episode is a direction that the "
            + "agent goes by. Subtracted at every step, it cuts the share of mazes in which the agent reaches the "
            + "cheese from at least 90 % to at most 60 %.",
        control: "A random vector of the same length leaves the agent at 90 % or more.",
        method:
            "Train a network by cloning shortest ways, with cheese anywhere in the maze. In each of many new mazes "
            + "take the second hidden layer's activations at the start, less those of the same maze without cheese, "
            + "and subtract them at every step of an episode.",
        limits:
            "A small network that sees the whole maze and imitates, in place of the paper's convolutional network. The "
            + "vector belongs to one maze and one start. A network that ignores the cheese serves as a comparison: "
            + "there is little to take out of it. Training was lengthened from 6,000 steps to 10,000, the reference's, after "
            + "trials.",
        references: [
            Reference(
                authors: "Mini, Grietzer, Sharma, Meek, MacDiarmid, Turner",
                title: "Understanding and Controlling a Maze-Solving Policy Network", year: 2023, arXiv: "2310.08043"),
            Reference(
                authors: "Langosco, Koch, Sharkey, Pfau, Krueger",
                title: "Goal Misgeneralization in Deep Reinforcement Learning", year: 2022, arXiv: "2105.14111"),
        ],
        minutes: 1.5)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let study = try checkedStudy()
        let trials = Trials(context, count: settings.seeds)
        let seeking = try await trials.run("cheese anywhere") { trial in
            try study.run(region: study.cloning.generator.side, key: trial.key, in: trial.session)
        }
        let ignoring = try await trials.run("cheese in the corner") { trial in
            try study.run(region: 1, key: trial.key, in: trial.session)
        }
        return PolicySteeringFindings(
            settings: settings, seeking: seeking, ignoring: ignoring, seeds: OverSeeds(trials.seeds)
        ).findings
    }

    public func validate() throws { _ = try checkedStudy() }

    /// The study, after a check of every setting.
    private func checkedStudy() throws -> PolicySteeringStudy {
        try Self.checkRanges(settings)
        guard !settings.coefficients.isEmpty else {
            throw SettingsError("--coefficients \(settings.coefficients): give one or more numbers")
        }
        let options = MazeOptions(
            side: settings.side, wallDensity: settings.wallDensity, goalDistance: settings.goalDistance,
            mazes: settings.mazes, statesPerMaze: settings.statesPerMaze, steps: settings.steps, batch: settings.batch,
            learningRate: settings.learningRate, hidden: settings.hidden, testMazes: settings.testMazes,
            episodeSteps: settings.episodeSteps, seeds: settings.seeds)
        var study = PolicySteeringStudy(try options.cloning())
        (study.testMazes, study.episodeSteps) = (settings.testMazes, settings.episodeSteps)
        (study.goalDistance, study.coefficients) = (settings.goalDistance, settings.coefficients.sorted())
        return study
    }
}
