internal import PlumbLearning
internal import PlumbTensor

/// Episodes of orchards side by side, each player's life a lane of the rollout.
struct CommonsRound {
    /// The actions by number, orchard by orchard and player by player, for the orchards that go on.
    typealias Choice = (_ states: [CommonsHarvest.State], _ observations: Tensor, _ tick: Int) -> [Int]

    /// What all players lived through.
    let rollout: Rollout
    /// Apples taken in each episode.
    let harvests: [Double]
    /// The mean stock at the beginning and after each step; 0 where an episode has ended for want of apples.
    let stock: [Double]

    init(_ world: CommonsHarvest, episodes: Int, key: RandomKey, choose: Choice) {
        let (players, actions) = (world.players, CommonsHarvest.Action.allCases)
        var generators = (0..<episodes).map { key[$0].generator() }
        var states = generators.indices.map { world.start(using: &generators[$0]) }
        var harvests = [Double](repeating: 0, count: episodes)
        var stock = [Double](repeating: 0, count: world.steps + 1)
        var (seen, done, rewards, following): ([Float], [Int], [Double], [Rollout.Following]) = ([], [], [], [])
        var lanes = [[Int]](repeating: [], count: episodes * players)
        stock[0] = Double(world.trees)
        var active = Array(states.indices)
        for tick in 0..<world.steps where !active.isEmpty {
            var observations: [Float] = []
            observations.reserveCapacity(active.count * players * world.featureCount)
            for orchard in active {
                for player in 0..<players {
                    world.appendFeatures(of: states[orchard], player: player, to: &observations)
                }
            }
            let chosen = choose(
                active.map { states[$0] },
                Tensor(observations, shape: [active.count * players, world.featureCount]), tick)
            for (index, orchard) in active.enumerated() {
                let mine = chosen[index * players..<(index + 1) * players]
                let result = world.step(&states[orchard], mine.map { actions[$0] }, using: &generators[orchard])
                harvests[orchard] += Double(result.harvest)
                stock[tick + 1] += Double(states[orchard].stock) / Double(episodes)
                for player in 0..<players {
                    let lane = orchard * players + player
                    if let before = lanes[lane].last { following[before] = .step(done.count + player) }
                    lanes[lane].append(done.count + player)
                    following.append(.over)
                }
                done += mine
                rewards += result.rewards
            }
            seen += observations
            active.removeAll { world.isOver(states[$0]) }
        }
        var ends = [Bool](repeating: false, count: done.count)
        for lane in lanes { if let last = lane.last { ends[last] = true } }
        rollout = Rollout(
            observations: Tensor(seen, shape: [done.count, world.featureCount]), actions: done, rewards: rewards,
            following: following, ends: ends, last: Tensor([Float](), shape: [0, world.featureCount]), lanes: lanes)
        (self.harvests, self.stock) = (harvests, stock)
    }
}
