public import PlumbBasics
public import PlumbTensor
public import PlumbWorlds

/// An agent that keeps a table of action values and improves it with every step.
///
/// ```swift
/// var learner = TabularLearner(QLearning(), actions: 4, seeing: BoatRace.Observation.self)
/// let history = try learner.train(BoatRace(), episodes: 2_000, exploration: schedule, key: key) { $0 }
/// ```
public struct TabularLearner<Rule: TabularRule, Seen: Hashable & Sendable>: Sendable {
    /// What values are moved toward.
    public var rule: Rule
    /// Q, the values learned so far, a row for each observation met.
    public var table: ActionTable<Seen>
    /// α: the part of the way to its target that a value goes.
    public var rate = 0.1
    /// γ: what the next step's value counts.
    public var discount = 0.99
    /// What it learns from.
    public var signal = Signal.reward

    /// What a world says of a step.
    public enum Signal: String, Sendable, Hashable, CaseIterable, Codable {
        /// The observed reward.
        case reward
        /// The hidden performance, which a real agent could not observe: a control.
        case performance
    }

    /// An agent that knows nothing and takes an action to be worth `initial`.
    public init(_ rule: Rule, actions: Int, seeing: Seen.Type, initial: Double = 0) {
        self.rule = rule
        table = ActionTable(actions: actions, initial: initial)
    }

    /// A step of a world that says which action was executed.
    public typealias StepTellingAction<W: World> = (inout W.State, W.Action, inout RandomKey.Generator) -> (
        result: StepResult, executed: W.Action
    )

    /// What an episode gave.
    public struct Summary<W: World>: Sendable {
        /// The sum of the rewards, not discounted.
        public var totalReward = 0.0
        /// The sum of the hidden performance, not discounted.
        public var totalPerformance = 0.0
        /// The number of steps, over or cut off.
        public var steps = 0
        /// The state it ended in.
        public var state: W.State

        @usableFromInline init(state: W.State) { self.state = state }
    }

    /// One episode of learning. The step at which an episode is cut off is learned from like any other: it is not an end.
    ///
    /// - Parameters:
    ///   - world: what the agent acts in.
    ///   - exploration: the chance of a random action.
    ///   - random: of all chance, the world's and the agent's.
    ///   - see: what the table knows of an observation.
    ///   - step: carries out a chosen action in the world's place and says which action was executed, as
    ///     `OverridingWorld.stepWithExecutedAction(_:_:using:)` does; the agent then learns about the executed action.
    ///     With nil, about the chosen one.
    /// - Throws: `WorldError` for a reward that is no number.
    @inlinable public mutating func episode<W: World>(
        in world: W, exploration: Double, using random: inout RandomKey.Generator,
        see: (W.Observation) -> Seen, step: StepTellingAction<W>? = nil
    ) throws -> Summary<W> {
        let actions = world.actions
        require(actions.count == table.actions, "a table of \(table.actions) actions, a world of \(actions.count)")
        let limit = world.stepLimit ?? 1_000_000
        var summary = Summary<W>(state: world.start(using: &random))
        var row = table.row(see(world.observation(of: summary.state)))
        var action = choose(row, exploration, &random)
        while summary.steps < limit {
            var learned = action
            let result: StepResult
            if let step {
                let (given, executed) = step(&summary.state, actions[action], &random)
                (result, learned) = (given, actions.firstIndex(of: executed) ?? action)
            } else {
                result = world.step(&summary.state, actions[action], using: &random)
            }
            summary.steps += 1
            if !(result.reward.isFinite && result.performance.isFinite) {
                _ = try world.checked(result, step: summary.steps)
            }
            summary.totalReward += result.reward
            summary.totalPerformance += result.performance
            let reward = signal == .reward ? result.reward : result.performance
            if result.isOver {
                table[row, learned] = Rule.moved(table[row, learned], towards: reward, rate: rate)
                return summary
            }
            let next = table.row(see(world.observation(of: summary.state)))
            let chosen = choose(next, exploration, &random)
            let target = rule.target(
                reward: reward, discount: discount, next: table.values(inRow: next), chosen: chosen)
            table[row, learned] = Rule.moved(table[row, learned], towards: target, rate: rate)
            (row, action) = (next, chosen)
        }
        return summary
    }

    @inlinable func choose(_ row: Int, _ exploration: Double, _ random: inout RandomKey.Generator) -> Int {
        random.uniform() < exploration ? random.index(below: table.actions) : table.best(inRow: row, using: &random)
    }

    /// The totals of each episode of training, exploration included.
    public struct History: Sendable, Codable, Equatable {
        /// The sum of rewards of each episode, in order, not discounted.
        public var rewards: [Double] = []
        /// The sum of the hidden performance of each episode.
        public var performances: [Double] = []

        /// A history without episodes.
        public init() {}
    }

    /// Episodes of learning.
    ///
    /// - Parameters:
    ///   - world: what the agent acts in.
    ///   - episodes: how many episodes.
    ///   - exploration: the course of the chance of a random action.
    ///   - rates: the course of α; ``rate`` throughout where there is none.
    ///   - key: of all chance, the world's and the agent's.
    ///   - see: what the table knows of an observation.
    ///   - step: carries out a chosen action in the world's place and says which action was executed; the agent then
    ///     learns about the executed action. With nil, about the chosen one.
    ///   - watch: receives the number of episodes done.
    /// - Throws: `WorldError` for a reward that is no number, and what `watch` throws.
    @inlinable public mutating func train<W: World>(
        _ world: W, episodes: Int, exploration: LinearSchedule, rates: LinearSchedule? = nil,
        key: RandomKey, see: (W.Observation) -> Seen, step: StepTellingAction<W>? = nil,
        watch: (Int) throws -> Void = { _ in }
    ) throws -> History {
        var random = key["training"].generator()
        var history = History()
        for episode in 0..<episodes {
            let part = Double(episode) / Double(max(1, episodes))
            let chance = exploration.value(at: part)
            if let rates { rate = rates.value(at: part) }
            let summary = try self.episode(
                in: world, exploration: chance, using: &random, see: see, step: step)
            history.rewards.append(summary.totalReward)
            history.performances.append(summary.totalPerformance)
            try watch(episode + 1)
        }
        return history
    }

    /// Episodes of the best actions it knows, without learning.
    public func play<W: World>(
        _ world: W, episodes: Int, key: RandomKey, see: (W.Observation) -> Seen
    ) throws -> [Episode<W>] {
        let actions = world.actions
        return try (0..<episodes).map { number in
            try world.episode(key: key["play"][number]) { observation, random in
                actions[table.best(see(observation), using: &random)]
            }
        }
    }
}
