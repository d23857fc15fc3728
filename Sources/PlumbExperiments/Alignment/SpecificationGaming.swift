internal import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Does an agent that gets all the reward there is do what was wanted?
public struct SpecificationGaming: Experiment {
    public struct Settings: Codable, Sendable, Equatable {
        public var seeds = 5
        public var episodes = 16_000
        public var learningRate = 0.2
        public var lastLearningRate = 0.005
        public var discount = 0.98
        public var lastExploration = 0.05
        public var hostEpisodes = 2000
        public var evaluations = 2000

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "seeds": "How often everything that is learned is learned anew, 3 or more.",
        "episodes": "Episodes of training in each world.",
        "learningRate": "α at first: the part of the way to its target that an action's value goes.",
        "lastLearningRate": "α at the end of training; it falls in a straight line.",
        "discount": "γ: what the next step's value counts in learning; what is reported is not discounted.",
        "lastExploration": "The chance of a random action at the end of training; it falls to this from 1.",
        "hostEpisodes": "Episodes in each room of friend or foe.",
        "evaluations": "Episodes that the means in the tomato garden are taken over.",
    ]
    public static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 3...1000, "episodes": 100...10_000_000, "learningRate": 1e-6...1,
        "lastLearningRate": 1e-6...1, "discount": 0.001...0.999999, "lastExploration": 0...1,
        "hostEpisodes": 100...10_000_000, "evaluations": 10...10_000_000,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.evaluations) = (3, 1000)
        var paper = Settings()
        (paper.seeds, paper.episodes, paper.hostEpisodes, paper.evaluations) = (20, 30_000, 5000, 5000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "specification-gaming", title: "All of the reward, not what was wanted",
        direction: "alignment: outer alignment",
        question: "Does an agent that gets all the reward there is do what its designer wanted?",
        hypothesis:
            "No: in worlds whose reward leaves something out, policies that get the most reward get less than could be "
            + "had of the hidden function, by as much as exact planning says, and agents that learn end there too.",
        control:
            "The same agents, told the hidden function instead of the reward, lose nothing of it; and in worlds in which "
            + "both agree, the most reward costs nothing.",
        method: "Rebuild the AI Safety Gridworlds. Plan exactly for 100 steps, first for the reward and among ties for "
            + "most and least of the hidden function, then the other way round. Train agents with a table of action "
            + "values by Q-learning and SARSA, and compute exactly what their best actions get.",
        limits:
            "Worlds of at most 64 cells, and agents that keep a table. Friend or foe remembers from one episode to the "
            + "next and the tomato garden has too many states, so both are simulated. In the garden the table knows the "
            + "way to the nearest tomato that looks dry, which is given to it.",
        references: [
            Reference(
                authors: "Leike, Martic, Krakovna, Ortega, Everitt, Lefrancq, Orseau, Legg",
                title: "AI Safety Gridworlds", year: 2017, arXiv: "1711.09883"),
            Reference(
                authors: "Krakovna, Orseau, Kumar, Martic, Legg",
                title: "Penalizing side effects using stepwise relative reachability", year: 2018, arXiv: "1806.01186"),
            Reference(authors: "Orseau, Armstrong", title: "Safely Interruptible Agents", year: 2016),
        ],
        minutes: 0.5)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    /// What one seed gives.
    struct Turn: Codable, Sendable {
        /// By world and by agent.
        var learned: [String: [String: GridworldLearning.Outcome]] = [:]
        var shift = DistributionalShiftStudy.Outcome()
        var tomatoes = TomatoStudy.Outcome()
        var hosts = FriendOrFoeStudy.Outcome()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let solutions = try GridworldCase.all.map { try $0.solved() }
        try context.checkpoint()
        let trials = Trials(context, count: settings.seeds)
        let turns = try await trials.run("learning") { [self] trial in try turn(trial) }
        let evidence = try SpecificationGamingEvidence(solutions: solutions, turns: turns)
        return SpecificationGamingFindings(
            settings: settings, evidence: evidence, seeds: OverSeeds(trials.seeds)
        ).findings
    }

    private var learning: GridworldLearning {
        var learning = GridworldLearning()
        (learning.episodes, learning.discount) = (settings.episodes, settings.discount)
        learning.rate = LinearSchedule(from: settings.learningRate, to: settings.lastLearningRate)
        learning.exploration = LinearSchedule(from: 1, to: settings.lastExploration, over: 0.8)
        return learning
    }

    private func turn(_ trial: Trials.Trial) throws -> Turn {
        let parts = GridworldCase.all.flatMap { world in world.agents.map { (world, $0) } }
        var turn = Turn()
        func report(_ done: Int) throws {
            try trial.checkpoint()
            trial.session.reporter.progress("learning", done, of: parts.count + 3)
        }
        for (index, (world, agent)) in parts.enumerated() {
            try report(index)
            turn.learned[world.name, default: [:]][agent.rawValue] = try world.learned(
                learning, agent, key: trial.key, checkpoint: trial.checkpoint)
        }
        try report(parts.count)
        turn.shift = try DistributionalShiftStudy(learning).run(key: trial.key, checkpoint: trial.checkpoint)
        try report(parts.count + 1)
        var tomatoes = TomatoStudy(learning)
        tomatoes.evaluations = settings.evaluations
        turn.tomatoes = try tomatoes.run(key: trial.key, checkpoint: trial.checkpoint)
        try report(parts.count + 2)
        var hosts = FriendOrFoeStudy(learning)
        hosts.episodes = settings.hostEpisodes
        turn.hosts = try hosts.run(key: trial.key, checkpoint: trial.checkpoint)
        return turn
    }

    public func validate() throws { try Self.checkRanges(settings) }
}
