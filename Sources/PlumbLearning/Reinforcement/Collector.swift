internal import PlumbTensor
internal import PlumbWorlds

/// Lanes of a world in which an agent acts, and what it has lived through there.
///
/// Everything a lane does follows from its episode's number and the actions of the episode so far, so these two bring it
/// back: ``Lane`` is what a checkpoint keeps of it, whatever the world's state is made of.
struct Collector<W: NumericWorld> {
    /// What brings a lane back to where it was.
    struct Lane: Codable, Equatable {
        /// The number of the present episode.
        var episode: Int
        /// What was done in it so far, by the numbers of the actions.
        var actions: [Int]
    }

    /// Steps without end count as an endless episode.
    private static var patience: Int { 100_000 }

    private var batch: WorldBatch<W>
    private let actions: [W.Action]
    private let limit: Int?
    private let width: Int
    /// What the agent sees in each lane, lane by lane.
    private var present: [Float] = []
    private(set) var lanes: [Lane]
    private var running: [AgentEpisode]
    /// Whether the last step ended the episode of each lane.
    private var isEnding: [Bool]
    /// The steps made in each lane's turn: what the choice of an action may draw its chance from.
    private(set) var ticks = 0
    /// The steps made in all lanes together.
    private(set) var steps = 0
    /// Episodes that ended since ``takeFinished()``, with their lanes.
    private(set) var finished: [(lane: Int, episode: AgentEpisode)] = []

    init(_ world: W, lanes count: Int, key: RandomKey, limit: Int? = nil) throws {
        batch = WorldBatch(world, count: count, key: key, limit: limit)
        (actions, width) = (world.actions, world.featureCount)
        self.limit = limit ?? world.stepLimit
        lanes = [Lane](repeating: Lane(episode: 0, actions: []), count: count)
        running = [AgentEpisode](repeating: Self.beginning, count: count)
        isEnding = [Bool](repeating: false, count: count)
        try look()
    }

    private static var beginning: AgentEpisode {
        AgentEpisode(step: 0, length: 0, totalReward: 0, totalPerformance: 0, isCut: false)
    }

    private mutating func look() throws {
        present.removeAll(keepingCapacity: true)
        for state in batch.states { present += try features(of: state) }
    }

    private func features(of state: W.State) throws -> [Float] {
        try batch.world.checkedFeatures(of: batch.world.observation(of: state))
    }

    /// The episodes that ended since the last call.
    mutating func takeFinished() -> [AgentEpisode] {
        defer { finished.removeAll(keepingCapacity: true) }
        return finished.map(\.episode)
    }

    // MARK: Acting

    /// Lets `choose` act for one round.
    ///
    /// - Parameter choose: the action, by its number, for each observation `[B, …]`, given their lanes, the tick and the
    ///   number of steps made.
    mutating func collect(
        _ span: Rollout.Span,
        choose: (_ observations: Tensor, _ lanes: [Int], _ tick: Int, _ steps: Int) throws -> [Int]
    ) throws -> Rollout {
        var record = Record(lanes: lanes.count)
        var active = Array(lanes.indices)
        var made = 0
        while !active.isEmpty {
            if case .steps(let count) = span, made == count { break }
            let seen = observations(of: active)
            try advance(active, seen, try choose(seen, active, ticks, steps), &record)
            ticks += 1
            made += 1
            if span == .episodes {
                active.removeAll { isEnding[$0] }
                try checkPatience(made)
            }
        }
        if case .steps = span {
            for lane in lanes.indices { record.leave(lane, seeing: present[lane * width..<(lane + 1) * width]) }
        }
        return record.rollout(shape: batch.world.featureShape)
    }

    private func checkPatience(_ made: Int) throws {
        guard made >= Self.patience, limit == nil else { return }
        throw WorldError(
            "the policy did not end an episode of \(W.self) in \(Self.patience) steps, and the world does not cut "
                + "episodes off: give the world a stepLimit, or let the agent learn from rounds of a number of steps")
    }

    private func observations(of active: [Int]) -> Tensor {
        let shape = [active.count] + batch.world.featureShape
        guard active.count < lanes.count else { return Tensor(present, shape: shape) }
        return Tensor(active.flatMap { present[$0 * width..<($0 + 1) * width] }, shape: shape)
    }

    /// One step in the lanes `active`.
    private mutating func advance(_ active: [Int], _ seen: Tensor, _ chosen: [Int], _ record: inout Record) throws {
        batch.step(chosen.map { actions[$0] }, lanes: active)
        record.observations.append(contentsOf: seen.elements)
        for lane in active { isEnding[lane] = false }
        for (lane, action) in zip(active, chosen) {
            steps += 1
            record.add(lane, action, try take(lane, action))
        }
        for ending in batch.ended {
            isEnding[ending.lane] = true
            let last = ending.isCut ? try features(of: ending.state) : nil
            record.end(ending.lane, seeing: last)
            end(ending.lane, isCut: ending.isCut)
        }
        let states = batch.states
        for lane in active {
            let features = try features(of: states[lane])
            for i in 0..<width { present[lane * width + i] = features[i] }
        }
    }

    /// Counts the step that `lane` has just made.
    private mutating func take(_ lane: Int, _ action: Int) throws -> StepResult {
        running[lane].length += 1
        let result = try batch.world.checked(batch.results[lane], step: running[lane].length)
        running[lane].totalReward += result.reward
        running[lane].totalPerformance += result.performance
        lanes[lane].actions.append(action)
        return result
    }

    private mutating func end(_ lane: Int, isCut: Bool) {
        (running[lane].step, running[lane].isCut) = (steps, isCut)
        finished.append((lane, running[lane]))
        running[lane] = Self.beginning
        lanes[lane] = Lane(episode: lanes[lane].episode + 1, actions: [])
    }

    // MARK: Going on

    /// Brings the lanes back to where they were, by doing again what was done in the episodes they are in.
    ///
    /// - Throws: ``FitError`` where the episodes do not go the way they went.
    mutating func restore(_ lanes: [Lane], ticks: Int, steps: Int) throws {
        guard lanes.count == self.lanes.count else {
            throw FitError("it has \(lanes.count) lanes, and \(self.lanes.count) are asked for")
        }
        for (lane, kept) in lanes.enumerated() {
            guard kept.episode >= 0, kept.actions.allSatisfy(actions.indices.contains) else {
                throw FitError("lane \(lane) did what \(W.self) does not know")
            }
            batch.begin(episode: kept.episode, lane: lane)
            self.lanes[lane] = Lane(episode: kept.episode, actions: [])
            running[lane] = Self.beginning
            for action in kept.actions {
                batch.step([actions[action]], lanes: [lane])
                _ = try take(lane, action)
                guard batch.ended.isEmpty else {
                    throw FitError("the episode in lane \(lane) ends before it did: the world is another")
                }
            }
        }
        (self.ticks, self.steps) = (ticks, steps)
        try look()
    }
}

/// A round as it grows.
private struct Record {
    var observations: [Float] = []
    private var ends: [Bool] = []
    private var actions: [Int] = []
    private var rewards: [Double] = []
    private var following: [Rollout.Following] = []
    private var last: [Float] = []
    private var lastCount = 0
    private var lanes: [[Int]]
    /// Whether the lane's next step follows its last one.
    private var isOpen: [Bool]

    init(lanes count: Int) {
        lanes = [[Int]](repeating: [], count: count)
        isOpen = [Bool](repeating: false, count: count)
    }

    mutating func add(_ lane: Int, _ action: Int, _ result: StepResult) {
        let step = actions.count
        if isOpen[lane], let before = lanes[lane].last { following[before] = .step(step) }
        isOpen[lane] = true
        actions.append(action)
        rewards.append(result.reward)
        following.append(.over)
        ends.append(false)
        lanes[lane].append(step)
    }

    /// The lane's episode ended with its last step: over, or cut off `seeing` something.
    mutating func end(_ lane: Int, seeing features: [Float]?) {
        guard let step = lanes[lane].last else { return }
        ends[step] = true
        if let features { leave(lane, seeing: features[...]) }
        isOpen[lane] = false
    }

    /// The lane's last step led to what no step of the round was made from.
    mutating func leave(_ lane: Int, seeing features: ArraySlice<Float>) {
        guard isOpen[lane], let step = lanes[lane].last else { return }
        following[step] = .observation(lastCount)
        last += features
        lastCount += 1
        isOpen[lane] = false
    }

    func rollout(shape: [Int]) -> Rollout {
        Rollout(
            observations: Tensor(observations, shape: [actions.count] + shape), actions: actions, rewards: rewards,
            following: following, ends: ends, last: Tensor(last, shape: [lastCount] + shape), lanes: lanes)
    }
}
