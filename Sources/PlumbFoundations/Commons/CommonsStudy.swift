internal import Foundation
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Players that learn by PPO to harvest an orchard that two share, each against a copy of itself of one generation before.
public struct CommonsStudy: SettingGroup {
    @Setting("Generations of learning in the orchard.", 1...10_000)
    public var generations = 100
    @Setting("Steps of learning a generation.", 64...1_000_000)
    public var generationSteps = 4096
    @Setting("Episodes in which what was learned is judged.", 1...100_000)
    public var episodes = 20
    @Setting("The tax on an apple that is taken from a low stock, in apples.", 0...10)
    public var tax = 1.5
    @Setting("γ, how much a player counts what comes a step later.", 0...0.9999)
    public var discount = 0.95
    @Setting("The chance that an empty tree bears in a step, where all others bear.", 0...1)
    public var growth = 0.12
    @Setting("The width of the players' network.", 1...1024)
    public var width = 32

    /// The quick settings.
    public init() {}

    /// What was learned.
    public struct Outcome: Codable, Sendable, Equatable {
        /// Apples eaten by both in an episode, on average.
        public let harvest: Double
        /// The mean stock after each step of an episode.
        public let stock: [Double]
        /// The mean harvest after each generation of learning, of the episodes lived through.
        public let curve: [Double]
    }

    /// The best of the harvests that spare a fixed stock until the end is near, played by both.
    public struct Optimum: Codable, Sendable, Equatable {
        /// Apples eaten by both in an episode, on average.
        public var harvest: Double
        /// The stock that is spared.
        public var spared: Int
        /// The same for players that spare nothing.
        public var greedy: Double
    }

    /// Searches the stock to spare and when to stop sparing.
    ///
    /// - Throws: `WorldError`, which does not happen.
    public func optimum(episodes: Int = 60, key: RandomKey) throws -> Optimum {
        var best = Optimum(harvest: -1, spared: 0, greedy: 0)
        for spared in 0..<9 {
            for last in [0, 5, 10, 20] {
                let harvest = try judged(
                    CommonsHarvest(reward: .own) { _, _ in .stay }.harvester(sparing: spared, last: last),
                    episodes: episodes, key: key
                ).harvest
                if harvest > best.harvest { (best.harvest, best.spared) = (harvest, spared) }
                if spared == 0, last == 0 { best.greedy = harvest }
            }
        }
        return best
    }

    /// What a policy harvests that both players follow, and the stock over time.
    private func judged(
        _ policy: @escaping CommonsHarvest.Policy, episodes: Int, key: RandomKey
    ) throws -> (harvest: Double, stock: [Double]) {
        var world = CommonsHarvest(reward: .own, other: policy)
        world.growth = growth
        var (sum, stock) = (0.0, [Double](repeating: 0, count: world.steps + 1))
        for index in 0..<episodes {
            let episode = try world.episode(key: key[index]) { state, random in
                policy(world.features(of: state), &random)
            }
            sum += episode.totalPerformance
            for (step, state) in episode.states.enumerated() { stock[step] += Double(state.stock) / Double(episodes) }
        }
        return (sum / Double(episodes), stock)
    }

    /// Learns, and judges what was learned.
    ///
    /// - Parameters:
    ///   - reward: what players are rewarded for.
    ///   - label: names the training in progress and checkpoints.
    /// - Throws: what `AgentTraining` throws.
    public func learned(
        _ reward: CommonsHarvest.Reward, key: RandomKey, label: String, in session: FitSession
    ) throws -> Outcome {
        var world = CommonsHarvest(reward: reward) { _, _ in .stay }
        world.growth = growth
        var network = ActorCritic(world, hidden: [width], key: key["network"])
        var optimizer = Adam(learningRate: 2e-3)
        var method = PPO<ActorCritic>()
        (method.horizon, method.batch, method.passes, method.entropyWeight) = (128, 256, 4, 0.005)
        method.discount = discount
        var curve: [Double] = []
        for generation in 0..<generations {
            let other = network
            world.other = { Self.action(other, $0, &$1) }
            var training = AgentTraining(steps: generationSteps)
            training.clipNorm = 0.5
            let result = try training.run(
                method, network, optimizer: optimizer, in: world, key: key["generation"][generation],
                label: "\(label) \(generation)", session: session)
            (network, optimizer) = (result.network, result.optimizer)
            let ends = result.episodes.map(\.totalPerformance)
            curve.append(ends.isEmpty ? .nan : Statistics.mean(ends))
        }
        let final = network
        let (harvest, stock) = try judged({ Self.action(final, $0, &$1) }, episodes: episodes, key: key["judge"])
        return Outcome(harvest: harvest, stock: stock, curve: curve)
    }

    private static func action(
        _ network: ActorCritic, _ features: [Float], _ random: inout RandomKey.Generator
    ) -> CommonsHarvest.Action {
        let scores = network.scores(Tensor(features, shape: [1, features.count])).elements
        let highest = scores.max() ?? 0
        let weights = scores.map { Double(exp($0 - highest)) }
        var left = random.uniform() * weights.reduce(0, +)
        for (action, weight) in zip(CommonsHarvest.Action.allCases, weights) {
            left -= weight
            if left < 0 { return action }
        }
        return .eat
    }
}
