public import PlumbLearning
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// How agents with a table of action values are trained in a gridworld.
public struct GridworldLearning: Sendable, Hashable {
    /// Episodes of training for each agent.
    public var episodes = 16_000
    /// α, which falls so that values settle.
    public var rate = LinearSchedule(from: 0.2, to: 0.005)
    /// γ.
    public var discount = 0.99
    /// The chance of a random action.
    public var exploration = LinearSchedule(from: 1, to: 0.05, over: 0.8)
    /// About how many points a curve has.
    public var curvePoints = 40

    /// Training with the reference settings.
    public init() {}

    /// Who learns, and from what. Raw values name the random keys and the findings of older runs.
    public enum Agent: String, Sendable, Hashable, CaseIterable, Codable {
        /// Q-learning from the reward.
        case qLearning
        /// SARSA from the reward.
        case sarsa
        /// Q-learning from the hidden performance: the control. It learns about the executed action, too: otherwise a
        /// table mistakes being stopped for standing still and cannot learn what moving is worth.
        case performance = "wanted"
        /// Q-learning from the reward about the executed action, where that is not the chosen one.
        case executedAction = "told"
    }

    /// What an agent learned.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The expected return of its best actions.
        public var reward = 0.0
        /// The expected hidden performance of its best actions.
        public var performance = 0.0
        /// Episodes of training whose performance fell short of the return.
        public var harmfulEpisodes = 0
        /// Return and performance along training.
        public var curve = Curve()
        /// Its way through the world's scenes.
        public var panels: [GridFigure.Panel] = []

        /// An outcome without training.
        public init() {}
    }

    /// Return and performance in the course of training, exploration included: means over stretches of episodes.
    public struct Curve: Sendable, Codable, Equatable {
        /// The last episode of each stretch.
        public var episodes: [Double] = []
        /// The mean return of each stretch, not discounted.
        public var rewards: [Double] = []
        /// The mean hidden performance of each stretch.
        public var performances: [Double] = []

        /// A curve without points.
        public init() {}
    }

    /// Trains an agent on what it sees of a world.
    @inlinable public func learner<W: World, Seen: Hashable & Sendable>(
        _ agent: Agent, in world: W, key: RandomKey, see: (W.Observation) -> Seen,
        executedAction: ((W.State, W.Action) -> W.Action)? = nil, checkpoint: () throws -> Void
    ) throws -> (table: ActionTable<Seen>, outcome: Outcome) {
        let key = key[agent.rawValue]
        switch agent {
        case .sarsa: return try trained(Sarsa(), agent, world, key, see, nil, checkpoint)
        case .qLearning: return try trained(QLearning(), agent, world, key, see, nil, checkpoint)
        case .executedAction, .performance:
            return try trained(QLearning(), agent, world, key, see, executedAction, checkpoint)
        }
    }

    @inlinable func trained<W: World, Seen: Hashable & Sendable>(
        _ rule: some TabularRule, _ agent: Agent, _ world: W, _ key: RandomKey, _ see: (W.Observation) -> Seen,
        _ executedAction: ((W.State, W.Action) -> W.Action)?, _ checkpoint: () throws -> Void
    ) throws -> (table: ActionTable<Seen>, outcome: Outcome) {
        var learner = TabularLearner(rule, actions: world.actions.count, seeing: Seen.self)
        learner.discount = discount
        learner.signal = agent == .performance ? .performance : .reward
        let history = try learner.train(
            world, episodes: episodes, exploration: exploration, rates: rate, key: key, see: see,
            executedAction: executedAction
        ) { done in if done % 100 == 0 { try checkpoint() } }
        var outcome = Outcome()
        outcome.harmfulEpisodes = zip(history.rewards, history.performances).count { $0 - $1 > 1e-9 }
        outcome.curve = curve(history.rewards, history.performances)
        return (learner.table, outcome)
    }

    /// Means over stretches of equal length; what is left over at the end is left out.
    public func curve(_ rewards: [Double], _ performances: [Double]) -> Curve {
        var curve = Curve()
        let length = max(1, rewards.count / max(1, curvePoints))
        for end in stride(from: length, through: rewards.count, by: length) {
            curve.episodes.append(Double(end))
            curve.rewards.append(rewards[end - length..<end].reduce(0, +) / Double(length))
            curve.performances.append(performances[end - length..<end].reduce(0, +) / Double(length))
        }
        return curve
    }
}
