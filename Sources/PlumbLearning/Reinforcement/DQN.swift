public import PlumbNN
public import PlumbTensor

/// Deep Q-learning: action values learned from replayed steps, toward what a slower copy of the network expects (Mnih et
/// al. 2015, *Human-level control through deep reinforcement learning*; in the double form by default, van Hasselt, Guez,
/// Silver 2015, arXiv:1509.06461).
///
/// A round is ``horizon`` steps in every lane, by the best action or, with a probability that falls, any; then
/// ``updates`` optimizer steps on batches of the replay buffer down Huber's loss of
/// ``TemporalDifference/targets(rewards:isOver:next:choosing:discounts:)``.
public struct DQN<Network: ActionNetwork>: AgentMethod {
    /// `DQN`.
    public static var id: String { "DQN" }
    /// Steps of a round in each lane.
    public var horizon = 4
    /// Optimizer steps after a round.
    public var updates = 1
    /// Steps in a batch.
    public var batch = 64
    /// γ.
    public var discount = 0.99
    /// n, the steps whose rewards a target counts before a value stands for the rest. More than one tells early what an
    /// action led to, and learns faster and more steadily; as the later of those steps were chosen by older policies, a
    /// large n tells of them instead (Hessel et al. 2017, *Rainbow: Combining Improvements in Deep Reinforcement
    /// Learning*, arXiv:1710.02298).
    public var returnSteps = 1
    /// The steps that the replay buffer holds.
    public var capacity = 50_000
    /// Steps made before the first update.
    public var warmup = 1_000
    /// Steps between two copies of the network to the target network.
    public var targetEvery = 500
    /// The probability of an action at random, by the steps made.
    public var exploration = Exploration()
    /// Whether the network that learns picks the action whose value the target network tells.
    public var isDouble = true
    /// Where Huber's loss becomes linear.
    public var huberDelta = 1.0

    /// A probability that falls in a line.
    public struct Exploration: Sendable, Equatable {
        /// The probability before the first step, 0...1.
        public var first: Double
        /// The probability once it falls no more, 0...1.
        public var last: Double
        /// The steps over which it falls.
        public var steps: Int

        /// From `first` to `last` over `steps` steps.
        public init(from first: Double = 1, to last: Double = 0.05, over steps: Int = 10_000) {
            (self.first, self.last, self.steps) = (first, last, steps)
        }

        /// The probability once `step` steps have been made.
        public func probability(at step: Int) -> Double {
            first + (last - first) * min(1, max(0, Double(step) / Double(max(1, steps))))
        }
    }

    /// The replay buffer and the network that the targets come from.
    public struct Memory: AgentMemory {
        /// The last steps made, which batches are drawn from.
        public var buffer: ReplayBuffer
        /// The copy of the network that targets come from; it is renewed every ``DQN/targetEvery`` steps.
        public var target: Network

        /// The buffer's tensors under `replay.`, the network's parameters under `target.`.
        public var saved: [(name: String, tensor: Tensor)] {
            buffer.saved.map { ("replay.\($0.name)", $0.tensor) }
                + target.parameters.map { ("target.\($0.name)", $0.tensor) }
        }

        /// Takes back transitions and target network.
        public mutating func restore(_ saved: [String: Tensor]) throws {
            func part(_ prefix: String) -> [String: Tensor] {
                let found = saved.filter { $0.key.hasPrefix(prefix) }
                return Dictionary(
                    uniqueKeysWithValues: found.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
            }
            try buffer.restore(part("replay."))
            let parameters = part("target.")
            guard target.parameters.allSatisfy({ parameters[$0.name]?.shape == $0.tensor.shape }) else {
                throw FitError("its target network is another one")
            }
            target = target.mapParameters { path, tensor in parameters[path.description] ?? tensor }
        }
    }

    /// The reference settings.
    public init() {}

    /// ``horizon`` steps in every lane.
    public var span: Rollout.Span { .steps(horizon) }

    /// The best action, or any with a chance that falls in the course of training.
    public func choice(at step: Int) -> ActionChoice { .exploring(exploration.probability(at: step)) }

    /// No transitions yet, and a target network that is a copy of `network`.
    public func memory(for network: Network, observing shape: [Int]) -> Memory {
        Memory(buffer: ReplayBuffer(capacity: capacity, observing: shape), target: network)
    }

    /// Takes up the round and makes steps of the optimizer on batches drawn from memory.
    public func learn<Rule: Optimizer>(
        from rollout: Rollout, steps: Range<Int>, memory: inout Memory,
        with learner: inout AgentLearner<Network, Rule>, key: RandomKey
    ) throws {
        memory.buffer.add(rollout)
        guard steps.upperBound >= warmup else { return }
        for update in 0..<updates {
            let batch = memory.buffer.sample(self.batch, steps: returnSteps, discount: discount, key: key[update])
            let targets = TemporalDifference.targets(
                rewards: batch.rewards, isOver: batch.isOver, next: memory.target.scores(batch.next),
                choosing: isDouble ? learner.network.scores(batch.next) : nil, discounts: batch.discounts)
            try learner.descend { network in
                network.scores(batch.observations).chosen(batch.actions).huberLoss(targets, delta: Float(huberDelta))
            }
        }
        let every = max(1, targetEvery)
        if steps.lowerBound / every < steps.upperBound / every { memory.target = learner.network }
        learner.measures["exploration"] = exploration.probability(at: steps.upperBound)
    }
}
