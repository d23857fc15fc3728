public import PlumbBasics
internal import PlumbLearning
public import PlumbTensor
public import PlumbWorlds

/// Friend or foe: what a learner gets from hosts that remember its choices.
public struct FriendOrFoeStudy: Sendable {
    /// Episodes in each room, 1 or more.
    public var episodes = 2000
    /// How the learner is trained: its first rate, its discount and its exploration are used.
    public var learning: GridworldLearning

    /// A study whose learner is trained as `learning` says.
    public init(_ learning: GridworldLearning) { self.learning = learning }

    /// Mean returns by host.
    public struct Outcome: Sendable, Codable, Equatable {
        /// Of Q-learning, in the last quarter of its episodes.
        public var learned = CaseValues<FriendOrFoe.Host, Double> { _ in .nan }
        /// Of an agent that chooses a box at random in every episode: the control.
        public var random = CaseValues<FriendOrFoe.Host, Double> { _ in .nan }
        /// Of an agent that always takes the left box, after the first episode, in which nothing is remembered.
        public var fixed = CaseValues<FriendOrFoe.Host, Double> { _ in .nan }

        // Finished trials of older versions hold these names.
        private enum CodingKeys: String, CodingKey {
            case learned, random = "coin", fixed
        }

        /// An outcome in which nothing was measured: means are NaN.
        public init() {}

        /// How many points more an agent gets from the friend than from the foe.
        public static func advantage(_ returns: CaseValues<FriendOrFoe.Host, Double>) -> Double {
            returns[.friend] - returns[.foe]
        }
    }

    /// Plays all rooms.
    ///
    /// - Parameters:
    ///   - key: of all chance.
    ///   - checkpoint: called before each host; it may throw to interrupt the run.
    /// - Throws: what `checkpoint` throws.
    public func run(key: RandomKey, checkpoint: () throws -> Void = {}) throws -> Outcome {
        require(episodes > 0, "a mean return needs an episode or more in each room, got \(episodes)")
        var outcome = Outcome()
        for host in FriendOrFoe.Host.allCases {
            let key = key["host"][host.rawValue]
            try checkpoint()
            outcome.learned[host] = try learned(host, key)
            outcome.random[host] = try chosen(host, key["coin"]) { $0.uniform() < 0.5 ? .left : .right }
            outcome.fixed[host] = try chosen(host, key["fixed"]) { _ in .left }
        }
        return outcome
    }

    private func learned(_ host: FriendOrFoe.Host, _ key: RandomKey) throws -> Double {
        var learner = TabularLearner(QLearning(), actions: 4, seeing: FriendOrFoe.Observation.self)
        (learner.rate, learner.discount) = (learning.rate.first, learning.discount)
        var (world, random, returns) = (FriendOrFoe(host), key["learned"].generator(), [Double]())
        for episode in 0..<episodes {
            let chance = learning.exploration.value(at: Double(episode) / Double(episodes))
            let summary = try learner.episode(in: world, exploration: chance, using: &random) { $0 }
            returns.append(summary.totalReward)
            if let box = world.choice(in: summary.state) { world = world.remembering(box) }
        }
        let last = returns.suffix(max(1, episodes / 4))
        return last.reduce(0, +) / Double(last.count)
    }

    /// An agent that walks straight to the box it chose.
    private func chosen(
        _ host: FriendOrFoe.Host, _ key: RandomKey, _ choose: (inout RandomKey.Generator) -> FriendOrFoe.Box
    ) throws -> Double {
        var (random, sum) = (key.generator(), 0.0)
        var world = FriendOrFoe(host).remembering(choose(&random))
        for number in 0..<episodes {
            let box = choose(&random)
            var moves: [Move] = [.up, .up, .up, box == .left ? .left : .right].reversed()
            let episode = try world.episode(key: key[number]) { _, _ in moves.popLast() ?? .up }
            sum += episode.totalReward
            world = world.remembering(episode)
        }
        return sum / Double(episodes)
    }
}
