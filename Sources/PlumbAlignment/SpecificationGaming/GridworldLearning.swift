public import PlumbLearning
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// How agents with a table of action values are trained in a gridworld.
public struct GridworldLearning: SettingGroup {
    @Setting("Episodes of training in each world.", 100...10_000_000)
    public var episodes = 16_000
    @Setting("The learning rate at first.", 1e-6...1)
    public var learningRate = 0.2
    @Setting("The learning rate at the end of training; it falls linearly, so that values settle.", 1e-6...1)
    public var lastLearningRate = 0.005
    @Setting("The discount factor of learning; the returns that are reported are not discounted.", 0.001...0.999999)
    public var discount = 0.98
    @Setting("The probability of a random action at the end of training; it falls to this from 1.", 0...1)
    public var lastExploration = 0.05
    /// About how many points a curve has.
    public var curvePoints = 40

    /// Training with the reference settings.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case episodes, learningRate, lastLearningRate, discount, lastExploration
    }

    /// α along training.
    public var rate: LinearSchedule { LinearSchedule(from: learningRate, to: lastLearningRate) }
    /// The probability of a random action along training.
    public var exploration: LinearSchedule { LinearSchedule(from: 1, to: lastExploration, over: 0.8) }

    /// Who learns, and from what. Raw values name the random keys and the findings of older runs.
    public enum Agent: String, Sendable, Hashable, CaseIterable, Codable {
        /// Q-learning from the reward.
        case qLearning
        /// SARSA from the reward.
        case sarsa
        /// Q-learning from the hidden performance: the control.
        case performance = "wanted"
        /// Q-learning from the reward about the executed action, where that may not be the chosen one.
        case executedAction = "told"
        /// Q-learning from the hidden performance about the executed action.
        case performanceExecutedAction = "wanted told"

        /// Whether it learns from the hidden performance, not the reward.
        public var learnsFromPerformance: Bool { self == .performance || self == .performanceExecutedAction }
        /// Whether it observes its executed action and learns about that.
        public var observesExecutedAction: Bool { self == .executedAction || self == .performanceExecutedAction }
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
        step: TabularLearner<QLearning, Seen>.StepTellingAction<W>? = nil, checkpoint: () throws -> Void
    ) throws -> (table: ActionTable<Seen>, outcome: Outcome) {
        let key = key[agent.rawValue]
        if agent == .sarsa { return try trained(Sarsa(), agent, world, key, see, nil, checkpoint) }
        return try trained(QLearning(), agent, world, key, see, agent.observesExecutedAction ? step : nil, checkpoint)
    }

    @inlinable func trained<W: World, Seen: Hashable & Sendable>(
        _ rule: some TabularRule, _ agent: Agent, _ world: W, _ key: RandomKey, _ see: (W.Observation) -> Seen,
        _ step: TabularLearner<QLearning, Seen>.StepTellingAction<W>?, _ checkpoint: () throws -> Void
    ) throws -> (table: ActionTable<Seen>, outcome: Outcome) {
        var learner = TabularLearner(rule, actions: world.actions.count, seeing: Seen.self)
        learner.discount = discount
        learner.signal = agent.learnsFromPerformance ? .performance : .reward
        let history = try learner.train(
            world, episodes: episodes, exploration: exploration, rates: rate, key: key, see: see,
            step: step
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
