internal import PlumbBasics

/// A Markov decision process as a list of everything that can happen: states and actions are numbers from 0.
///
/// - Shapes: S states, A actions. What follows action a in state s are the outcomes `range(s, a)`, which have a
///   probability, a next state (-1 where the episode ends), a reward and a performance each.
public struct DecisionProcess: Sendable {
    /// S; states are numbered from 0.
    public let states: Int
    /// A; actions are numbered from 0, and each is open in every state.
    public let actions: Int
    /// The probability of beginning in each state, [S].
    public let start: [Double]
    /// Where the outcomes of each state and action begin, [S · A + 1].
    @usableFromInline let offsets: [Int]
    /// The state after each outcome, or -1 where the episode ends.
    public private(set) var next: [Int] = []
    /// The probability of each outcome, given its state and action.
    public private(set) var probability: [Double] = []
    /// The observed reward of each outcome; it may be negative, and nothing is discounted.
    public private(set) var reward: [Double] = []
    /// The hidden performance of each outcome, in the unit of the reward.
    public private(set) var performance: [Double] = []

    /// What can follow: no `next` where the episode ends.
    public struct Branch: Sendable {
        /// The chance of this outcome, 0...1; those of a state and an action sum to 1.
        public var probability: Double
        /// The state that follows, 0..<S; nil where the episode ends.
        public var next: Int?
        /// The observed reward.
        public var reward: Double
        /// The hidden performance.
        public var performance: Double

        /// One outcome, whose performance is its reward unless said otherwise.
        public init(probability: Double = 1, next: Int?, reward: Double, performance: Double? = nil) {
            (self.probability, self.next, self.reward) = (probability, next, reward)
            self.performance = performance ?? reward
        }
    }

    /// A process from its outcomes.
    ///
    /// - Precondition: probabilities, those of `start` too, are not negative and sum to 1, and next states exist.
    public init(states: Int, actions: Int, start: [Double], branches: (_ state: Int, _ action: Int) -> [Branch]) {
        require(
            states > 0 && actions > 0 && start.count == states, "a process of \(states) states and \(actions) actions")
        require(
            start.isDistribution,
            "the probabilities of beginning in a state are negative or sum to \(start.reduce(0, +))")
        (self.states, self.actions, self.start) = (states, actions, start)
        var offsets = [0]
        for state in 0..<states {
            for action in 0..<actions {
                var sum = 0.0
                for branch in branches(state, action) {
                    require(
                        branch.next.map { (0..<states).contains($0) } ?? true, "state \(state) leads to no state")
                    require(branch.probability >= 0, "state \(state) has an outcome of negative probability")
                    next.append(branch.next ?? -1)
                    probability.append(branch.probability)
                    reward.append(branch.reward)
                    performance.append(branch.performance)
                    sum += branch.probability
                }
                require(abs(sum - 1) < 1e-9, "the outcomes of state \(state), action \(action) sum to \(sum)")
                offsets.append(next.count)
            }
        }
        self.offsets = offsets
    }

    /// The outcomes of `action` in `state`.
    @inlinable public func range(_ state: Int, _ action: Int) -> Range<Int> {
        let pair = state * actions + action
        return offsets[pair]..<offsets[pair + 1]
    }

    /// The same process with the hidden function in the reward's place: what the designer should have rewarded.
    public var rewardingPerformance: DecisionProcess {
        var copy = self
        copy.reward = performance
        return copy
    }

    /// The same process with other rewards, which depend on state and action alone, [S][A].
    public func rewarding(_ rewards: [[Double]]) -> DecisionProcess {
        require(rewards.count == states && rewards.allSatisfy { $0.count == actions }, "rewards are [S][A]")
        var copy = self
        for state in 0..<states {
            for action in 0..<actions {
                for outcome in range(state, action) { copy.reward[outcome] = rewards[state][action] }
            }
        }
        return copy
    }
}

/// The states of a world that can be reached, with what follows from each.
public struct ExploredWorld<W: FiniteWorld>: Sendable {
    /// The world whose states were listed.
    public let world: W
    /// The states by their numbers.
    public let states: [W.State]
    /// The number of each state.
    public let index: [W.State: Int]
    /// The world as numbers, in which state s is `states[s]` and action a is the world's `actions[a]`.
    public let process: DecisionProcess

    /// Every state that a start leads to.
    ///
    /// - Throws: ``WorldError`` where there are more than `limit`, a reward is no number, or the probabilities of starts or
    ///   of outcomes are negative or do not sum to 1.
    public init(_ world: W, limit: Int = 1_000_000) throws {
        var (states, index): ([W.State], [W.State: Int]) = ([], [:])
        func number(_ state: W.State) throws -> Int {
            if let known = index[state] { return known }
            guard states.count < limit else {
                throw WorldError("\(W.self) has more than \(limit) states: too many to plan in exactly")
            }
            index[state] = states.count
            states.append(state)
            return states.count - 1
        }
        var start: [(Int, Double)] = []
        for (state, probability) in world.starts() { start.append((try number(state), probability)) }
        try Self.check(start.map(\.1), "starts")
        let actions = world.actions
        var branches: [[DecisionProcess.Branch]] = []
        var state = 0
        while state < states.count {
            for action in actions {
                let outcomes = world.outcomes(of: action, in: states[state])
                try Self.check(outcomes.map(\.probability), "what follows \(action) in \(states[state])")
                branches.append(
                    try outcomes.map { outcome in
                        let result = try world.checked(outcome.result, step: 1)
                        return DecisionProcess.Branch(
                            probability: outcome.probability, next: result.isOver ? nil : try number(outcome.state),
                            reward: result.reward, performance: result.performance)
                    })
            }
            state += 1
        }
        var first = [Double](repeating: 0, count: states.count)
        for (state, probability) in start { first[state] += probability }
        (self.world, self.states, self.index) = (world, states, index)
        process = DecisionProcess(states: states.count, actions: actions.count, start: first) { state, action in
            branches[state * actions.count + action]
        }
    }

    private static func check(_ probabilities: [Double], _ what: String) throws {
        guard probabilities.isDistribution else {
            throw WorldError(
                "\(W.self): the probabilities of \(what) must not be negative and sum to 1, and they are \(probabilities)"
            )
        }
    }
}

extension [Double] {
    /// Whether these are probabilities that sum to 1; NaN is none.
    fileprivate var isDistribution: Bool { allSatisfy { $0 >= 0 } && abs(reduce(0, +) - 1) < 1e-9 }
}
