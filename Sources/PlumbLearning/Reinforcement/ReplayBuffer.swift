public import PlumbTensor

/// The last steps of an agent, to learn from more than once (Lin 1992, *Self-Improving Reactive Agents Based on
/// Reinforcement Learning, Planning and Teaching*).
///
/// It holds both observations of each step, so `8 D` bytes a step and a little, where D is the number of features. All of
/// it goes into checkpoints: training goes on bit for bit, and a large buffer makes each of them large.
public struct ReplayBuffer: Sendable {
    /// Steps drawn from a buffer.
    ///
    /// - Shapes: `observations` and `next` `[B, …]`, `rewards` and `isOver` `[B]`, `actions` B.
    public struct Batch: Sendable {
        /// What was seen before each step, `[B, …]`.
        public var observations: Tensor
        /// What was done, by the numbers of the actions, B.
        public var actions: [Int]
        /// What was given, `[B]`, rounded to single precision.
        public var rewards: Tensor
        /// What the steps led to; zeros where the episode was over.
        public var next: Tensor
        /// 1 where the episode was over, 0 where it went on or was cut off.
        public var isOver: Tensor
    }

    /// The most steps it holds.
    public let capacity: Int
    /// The steps it holds.
    public private(set) var count = 0
    private var place = 0
    private let shape: [Int]
    private let width: Int
    private var observations: Tensor
    private var next: Tensor
    /// Action, reward and whether the episode was over.
    private var facts: Tensor

    /// A buffer for observations of `shape`.
    ///
    /// - Precondition: `capacity` is in 1 ... 2²⁴.
    public init(capacity: Int, observing shape: [Int]) {
        precondition(
            capacity > 0 && capacity <= 1 << 24, "a replay buffer holds 1 to \(1 << 24) steps, got \(capacity)")
        (self.capacity, self.shape) = (capacity, shape)
        width = shape.reduce(1, *)
        observations = .zeros([capacity, width])
        next = .zeros([capacity, width])
        facts = .zeros([capacity, 3])
    }

    /// Adds every step of a rollout; the oldest make room.
    public mutating func add(_ rollout: Rollout) {
        let (width, capacity) = (width, capacity)
        var place = place
        observations.withUnsafeMutableElements { seen in
            next.withUnsafeMutableElements { after in
                facts.withUnsafeMutableElements { facts in
                    rollout.observations.withUnsafeElements { source in
                        rollout.last.withUnsafeElements { last in
                            for step in 0..<rollout.count {
                                let (from, to) = (step * width, place * width)
                                for i in 0..<width { seen[to + i] = source[from + i] }
                                switch rollout.following[step] {
                                case .step(let other):
                                    for i in 0..<width { after[to + i] = source[other * width + i] }
                                case .observation(let other):
                                    for i in 0..<width { after[to + i] = last[other * width + i] }
                                case .over:
                                    for i in 0..<width { after[to + i] = 0 }
                                }
                                facts[3 * place] = Float(rollout.actions[step])
                                facts[3 * place + 1] = Float(rollout.rewards[step])
                                facts[3 * place + 2] = rollout.following[step] == .over ? 1 : 0
                                place = (place + 1) % capacity
                            }
                        }
                    }
                }
            }
        }
        self.place = place
        count = min(capacity, count + rollout.count)
    }

    /// `size` steps drawn with equal probability, one step maybe more than once.
    ///
    /// - Precondition: the buffer holds a step.
    public func sample(_ size: Int, key: RandomKey) -> Batch {
        precondition(count > 0, "nothing can be drawn from an empty replay buffer")
        var random = key.generator()
        let rows = (0..<size).map { _ in random.index(below: count) }
        let drawn = facts.gathered(rows)
        return drawn.withUnsafeElements { facts in
            Batch(
                observations: observations.gathered(rows).reshaped([size] + shape),
                actions: (0..<size).map { Int(facts[3 * $0]) },
                rewards: Tensor(shape: [size]) { y in for i in 0..<size { y[i] = facts[3 * i + 1] } },
                next: next.gathered(rows).reshaped([size] + shape),
                isOver: Tensor(shape: [size]) { y in for i in 0..<size { y[i] = facts[3 * i + 2] } })
        }
    }
}

extension ReplayBuffer: AgentMemory {
    /// What the buffer holds, unused room left out: the place of the next step, observations, what followed, and facts.
    public var saved: [(name: String, tensor: Tensor)] {
        [
            ("place", Tensor([Float(capacity), Float(place)])), ("observations", observations[0..<count]),
            ("next", next[0..<count]), ("facts", facts[0..<count]),
        ]
    }

    public mutating func restore(_ saved: [String: Tensor]) throws {
        guard let place = saved["place"]?.elements, place.count == 2, let seen = saved["observations"],
            let after = saved["next"], let facts = saved["facts"]
        else { throw FitError("it lacks the replay buffer") }
        let count = seen.shape.first ?? 0
        guard Int(exactly: place[0]) == capacity, let at = Int(exactly: place[1]), (0..<capacity).contains(at),
            count <= capacity, seen.shape == [count, width], after.shape == seen.shape, facts.shape == [count, 3]
        else {
            throw FitError(
                "its replay buffer holds \(seen.shape) of \(place[0]), and one of \(capacity) steps of \(width) numbers "
                    + "is asked for")
        }
        self = ReplayBuffer(capacity: capacity, observing: shape)
        observations.overwrite(with: seen)
        next.overwrite(with: after)
        self.facts.overwrite(with: facts)
        (self.place, self.count) = (at, count)
    }
}

extension Tensor {
    /// Replaces the first elements.
    fileprivate mutating func overwrite(with first: Tensor) {
        withUnsafeMutableElements { y in
            first.withUnsafeElements { x in for i in x.indices { y[i] = x[i] } }
        }
    }
}
