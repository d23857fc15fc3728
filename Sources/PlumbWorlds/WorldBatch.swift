public import PlumbBasics
public import PlumbTensor

/// Many episodes of one world, stepped together: what a learner that takes whole batches acts in.
///
/// Each episode of each lane has its own chance, so what happens in a lane does not depend on how many there are, and an
/// episode that is begun again and given the same actions goes the same way.
/// A lane whose episode ends begins the next one in the same step.
public struct WorldBatch<W: World>: Sendable {
    /// The rules that all lanes share.
    public let world: W
    /// The present state of each lane.
    public var states: [W.State] { present }
    /// What the last step gave in each lane.
    public var results: [StepResult] { given }
    /// The episodes that ended with the last step, by lane.
    public var ended: [Ending] { endings }
    /// The number of the present episode of each lane, counted from 0.
    public var episodes: [Int] { numbers }
    @usableFromInline var present: [W.State]
    @usableFromInline var given: [StepResult]
    @usableFromInline var endings: [Ending] = []
    @usableFromInline var steps: [Int]
    @usableFromInline var chance: [RandomKey.Generator]
    @usableFromInline let limit: Int
    private var numbers: [Int]
    private let key: RandomKey

    /// The end of an episode.
    public struct Ending: Sendable {
        /// The lane whose episode ended, counted from 0.
        public var lane: Int
        /// The state the episode ended in, which the lane has left for the start of the next.
        public var state: W.State
        /// The number of its steps.
        public var steps: Int
        /// Whether it was cut off rather than over: what would have followed is then worth something.
        public var isCut: Bool

        @usableFromInline init(lane: Int, state: W.State, steps: Int, isCut: Bool) {
            (self.lane, self.state, self.steps, self.isCut) = (lane, state, steps, isCut)
        }
    }

    /// `count` lanes at the beginning of an episode each.
    ///
    /// - Parameters:
    ///   - world: the rules that all lanes share.
    ///   - count: the number of lanes, 1 or more.
    ///   - key: of all chance, by lane and episode.
    ///   - limit: steps after which an episode is cut off, in place of the world's own.
    public init(_ world: W, count: Int, key: RandomKey, limit: Int? = nil) {
        require(count > 0, "a batch of worlds needs at least one lane, got \(count)")
        self.world = world
        self.limit = limit ?? world.stepLimit ?? .max
        self.key = key
        numbers = [Int](repeating: 0, count: count)
        var chance = (0..<count).map { key[$0][0].generator() }
        present = chance.indices.map { world.start(using: &chance[$0]) }
        self.chance = chance
        steps = [Int](repeating: 0, count: count)
        given = [StepResult](repeating: StepResult(reward: 0), count: count)
    }

    /// What an agent sees in each lane.
    public var observations: [W.Observation] { present.map { world.observation(of: $0) } }

    /// One step in every lane.
    ///
    /// - Precondition: one action a lane.
    @inlinable public mutating func step(_ actions: [W.Action]) {
        require(
            actions.count == present.count, "\(present.count) lanes need as many actions, got \(actions.count)")
        removeEndings()
        for lane in actions.indices { advance(lane, actions[lane]) }
    }

    /// One step in some lanes; the others wait.
    ///
    /// - Precondition: one action for each of `lanes`.
    @inlinable public mutating func step(_ actions: [W.Action], lanes: [Int]) {
        require(actions.count == lanes.count, "\(lanes.count) lanes need as many actions, got \(actions.count)")
        removeEndings()
        for (lane, action) in zip(lanes, actions) { advance(lane, action) }
    }

    /// Puts a lane at the beginning of its episode number `episode`, whatever it was doing.
    public mutating func begin(episode: Int, lane: Int) {
        require(episode >= 0, "episodes are counted from 0, got \(episode)")
        numbers[lane] = episode
        chance[lane] = key[lane][episode].generator()
        present[lane] = world.start(using: &chance[lane])
        steps[lane] = 0
    }

    @usableFromInline mutating func beginNext(_ lane: Int) { begin(episode: numbers[lane] + 1, lane: lane) }

    @usableFromInline mutating func removeEndings() { endings.removeAll(keepingCapacity: true) }

    @inlinable mutating func advance(_ lane: Int, _ action: W.Action) {
        let result = world.step(&present[lane], action, using: &chance[lane])
        given[lane] = result
        steps[lane] += 1
        guard result.isOver || steps[lane] >= limit else { return }
        endings.append(Ending(lane: lane, state: present[lane], steps: steps[lane], isCut: !result.isOver))
        beginNext(lane)
    }
}
