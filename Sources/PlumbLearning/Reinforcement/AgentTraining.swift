internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

/// The loop in which agents learn: rounds of acting in the lanes of a world and learning from what happened, with
/// progress, evaluation, checkpoints and an end when the agent is good enough.
///
/// ```swift
/// var training = AgentTraining(steps: 100_000)
/// training.goal = AgentTraining.Goal(meanReturn: 195)
/// let world = CartPole(steps: 200)
/// let result = try training.run(
///     PPO(), ActorCritic(world, key: key["network"]), optimizer: Adam(learningRate: 1e-3), in: world, key: key)
/// ```
///
/// ``REINFORCE``, ``A2C``, ``PPO`` and ``DQN`` are the methods; any ``AgentMethod`` can be given, any network and any
/// `NumericWorld`. All chance comes from the key and the number of the step. A run that is stopped, or killed, and
/// started again from its checkpoint therefore ends with the same bytes, at any number of threads: the checkpoint holds
/// network, optimizer, the method's memory (all of DQN's replay buffer), and for each lane the actions of the present
/// episode, which are done again.
public struct AgentTraining: Sendable {
    /// The number of steps in the world, of all lanes together; training ends with the round that reaches it.
    public var steps: Int
    /// Episodes that are lived through side by side.
    public var lanes = 8
    /// Steps between evaluations; 0 evaluates at the end only.
    public var evaluateEvery = 0
    /// Steps between checkpoints, 0 for none but the last; nil goes by ``checkpointSeconds``.
    public var checkpointEvery: Int?
    /// Seconds between checkpoints.
    public var checkpointSeconds = 20.0
    /// The largest norm a gradient may have; longer ones are scaled down to it.
    public var clipNorm: Double?
    /// What the optimizer's learning rate is multiplied by, by the number of steps made in the world.
    public var schedule = LearningRateSchedule.constant
    /// What ends training before ``steps``.
    public var goal: Goal?
    /// Steps after which an episode is cut off, in place of the world's own.
    public var stepLimit: Int?
    /// The last episodes, whose mean return is reported.
    public var window = 100
    /// About how many points a curve has.
    public var curvePoints = 500

    /// Ends training when the episodes are good enough.
    public struct Goal: Sendable, Equatable {
        /// The mean return, not discounted, that is enough.
        public var meanReturn: Double
        /// The last episodes that it is the mean of.
        public var episodes: Int

        /// A mean return over the last `episodes`.
        public init(meanReturn: Double, episodes: Int = 100) {
            (self.meanReturn, self.episodes) = (meanReturn, episodes)
        }
    }

    /// Training for `steps` steps in the world.
    public init(steps: Int) {
        require(steps >= 0, "training needs a number of steps of 0 or more, got \(steps)")
        self.steps = steps
    }
}

/// What training an agent gives.
public struct AgentResult<Network: ParameterTree, Rule: Optimizer>: Sendable {
    /// The network after the last round.
    public var network: Network
    /// The optimizer after the last round, with its moments.
    public var optimizer: Rule
    /// Steps made in the world, of all lanes together.
    public var steps = 0
    /// Rounds made.
    public var rounds = 0
    /// Optimizer steps made.
    public var updates = 0
    /// Every episode that ended, in order.
    public var episodes: [AgentEpisode] = []
    /// The mean loss of each round; NaN where none was learned from.
    public var losses: [Float] = []
    /// What was evaluated, in the order of the steps made in the world.
    public var evaluations: [FitEvaluation] = []
    /// Whether the goal was reached.
    public var reachedGoal = false

    /// The mean return, not discounted, of the last `count` episodes; nil where fewer have ended.
    public func meanReturn(ofLast count: Int) -> Double? { mean(of: count, \.totalReward) }
    /// The mean hidden performance of the last `count` episodes; nil where fewer have ended.
    public func meanPerformance(ofLast count: Int) -> Double? { mean(of: count, \.totalPerformance) }
    /// The last value of an evaluated number; nil without evaluations.
    public func last(_ measure: some FitMeasure) -> Double? { evaluations.last?[measure] }

    private func mean(of count: Int, _ number: (AgentEpisode) -> Double) -> Double? {
        guard count > 0, episodes.count >= count else { return nil }
        return episodes.suffix(count).reduce(0) { $0 + number($1) } / Double(count)
    }
}
