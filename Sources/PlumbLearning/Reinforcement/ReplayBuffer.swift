internal import PlumbBasics
public import PlumbTensor

/// The last steps of an agent, to learn from more than once (Lin 1992, *Self-Improving Reactive Agents Based on
/// Reinforcement Learning, Planning and Teaching*).
///
/// It holds both observations of each step, so `8 D` bytes a step and a little, where D is the number of features. All of
/// it goes into checkpoints: training goes on bit for bit, and a large buffer makes each of them large.
public struct ReplayBuffer: Sendable {
    /// Steps drawn from a buffer, each with what its episode held next.
    ///
    /// - Shapes: `observations` and `next` `[B, …]`, `rewards`, `isOver` and `discounts` `[B]`, `actions` B.
    public struct Batch: Sendable {
        /// What was seen before each step, `[B, …]`.
        public var observations: Tensor
        /// What was done, by the numbers of the actions, B.
        public var actions: [Int]
        /// Σ γᵏ rₖ over the steps that were taken together, `[B]`, rounded to single precision.
        public var rewards: Tensor
        /// What the last of them led to; zeros where the episode was over.
        public var next: Tensor
        /// 1 where the episode was over, 0 where it went on or was cut off.
        public var isOver: Tensor
        /// γᵐ after m steps: what the value of ``next`` counts.
        public var discounts: Tensor
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
    /// Action, reward, whether the episode was over, and the place of the step that came next in the episode, or -1.
    private var facts: Tensor
    /// For each lane, the place of its last step where the episode goes on, or -1.
    private var open: [Int] = []

    /// A buffer for observations of `shape`.
    ///
    /// - Precondition: `capacity` is in 1 ... 2²⁴.
    public init(capacity: Int, observing shape: [Int]) {
        require(
            capacity > 0 && capacity <= 1 << 24, "a replay buffer holds 1 to \(1 << 24) steps, got \(capacity)")
        (self.capacity, self.shape) = (capacity, shape)
        width = shape.reduce(1, *)
        observations = .zeros([capacity, width])
        next = .zeros([capacity, width])
        facts = .zeros([capacity, Self.columns])
    }

    private static var columns: Int { 4 }

    /// Adds every step of a rollout; the oldest make room.
    public mutating func add(_ rollout: Rollout) {
        let (width, capacity) = (width, capacity)
        let before = place
        var place = before
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
                                facts[Self.columns * place] = Float(rollout.actions[step])
                                facts[Self.columns * place + 1] = Float(rollout.rewards[step])
                                facts[Self.columns * place + 2] = rollout.following[step] == .over ? 1 : 0
                                place = (place + 1) % capacity
                            }
                        }
                    }
                }
            }
        }
        self.place = place
        count = min(capacity, count + rollout.count)
        link(rollout, from: before)
    }

    /// Notes for each step of a rollout that begins at `first` which one came before it.
    ///
    /// What comes next is newer: a step that is still here has its next one here too.
    private mutating func link(_ rollout: Rollout, from first: Int) {
        let lanes = rollout.laneOfEachStep
        var open = open + [Int](repeating: -1, count: max(0, rollout.lanes.count - open.count))
        facts.withUnsafeMutableElements { facts in
            for step in 0..<rollout.count {
                let place = (first + step) % capacity
                // Whatever stood there is gone.
                for lane in open.indices where open[lane] == place { open[lane] = -1 }
                facts[Self.columns * place + 3] = -1
                let before = open[lanes[step]]
                if before >= 0 { facts[Self.columns * before + 3] = Float(place) }
                open[lanes[step]] = rollout.ends[step] ? -1 : place
            }
        }
        self.open = open
    }

    /// `size` steps drawn with equal probability, one step maybe more than once, each with the steps that follow it.
    ///
    /// - Parameters:
    ///   - size: B, how many steps are drawn.
    ///   - steps: n, how many steps of the episode are taken together: fewer where it ends before, or has not gone on.
    ///   - discount: γ.
    ///   - key: of the draws.
    /// - Precondition: the buffer holds a step, and n is 1 or more.
    public func sample(_ size: Int, steps: Int = 1, discount: Double = 1, key: RandomKey) -> Batch {
        require(count > 0, "nothing can be drawn from an empty replay buffer")
        require(steps > 0, "a step counts at least its own reward, got \(steps) steps")
        var random = key.generator()
        let rows = (0..<size).map { _ in random.index(below: count) }
        var last = rows
        var (rewards, discounts) = ([Float](repeating: 0, count: size), [Float](repeating: 0, count: size))
        facts.withUnsafeElements { facts in
            for index in rows.indices {
                var (sum, factor, row) = (0.0, 1.0, rows[index])
                for made in 1...steps {
                    sum += factor * Double(facts[Self.columns * row + 1])
                    factor *= discount
                    let next = Int(facts[Self.columns * row + 3])
                    guard made < steps, next >= 0 else { break }
                    row = next
                }
                (last[index], rewards[index], discounts[index]) = (row, Float(sum), Float(factor))
            }
        }
        let (drawn, ends) = (facts.gathered(rows).elements, facts.gathered(last).elements)
        return Batch(
            observations: observations.gathered(rows).reshaped([size] + shape),
            actions: (0..<size).map { Int(drawn[Self.columns * $0]) }, rewards: Tensor(rewards),
            next: next.gathered(last).reshaped([size] + shape),
            isOver: Tensor((0..<size).map { ends[Self.columns * $0 + 2] }), discounts: Tensor(discounts))
    }
}

extension Rollout {
    /// The lane of each step, R.
    fileprivate var laneOfEachStep: [Int] {
        var result = [Int](repeating: 0, count: count)
        for (lane, steps) in lanes.enumerated() { for step in steps { result[step] = lane } }
        return result
    }
}

extension ReplayBuffer: AgentMemory {
    /// What the buffer holds, unused room left out: the place of the next step, observations, what followed, and facts.
    public var saved: [(name: String, tensor: Tensor)] {
        [
            ("place", Tensor([Float(capacity), Float(place)])), ("observations", observations[0..<count]),
            ("next", next[0..<count]), ("facts", facts[0..<count]), ("open", Tensor(open.map(Float.init))),
        ]
    }

    /// Takes back the transitions.
    public mutating func restore(_ saved: [String: Tensor]) throws {
        guard let place = saved["place"]?.elements, place.count == 2, let seen = saved["observations"],
            let after = saved["next"], let facts = saved["facts"], let lanes = saved["open"]?.elements
        else { throw FitError("it lacks the replay buffer") }
        let count = seen.shape.first ?? 0
        guard Int(exactly: place[0]) == capacity, let at = Int(exactly: place[1]), (0..<capacity).contains(at),
            count <= capacity, seen.shape == [count, width], after.shape == seen.shape,
            facts.shape == [count, Self.columns]
        else {
            throw FitError(
                "its replay buffer holds \(seen.shape) of \(place[0]), and one of \(capacity) steps of \(width) numbers "
                    + "is asked for")
        }
        let elements = facts.elements
        let places = (0..<count).map { elements[Self.columns * $0 + 3] } + lanes
        guard places.allSatisfy({ Int(exactly: $0).map { $0 >= -1 && $0 < count } ?? false }) else {
            throw FitError("its replay buffer names a step that it does not hold")
        }
        self = ReplayBuffer(capacity: capacity, observing: shape)
        observations.overwrite(with: seen)
        next.overwrite(with: after)
        self.facts.overwrite(with: facts)
        (self.place, self.count, open) = (at, count, lanes.map { Int($0) })
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
