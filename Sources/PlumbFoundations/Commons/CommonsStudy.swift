public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Players that learn by PPO to harvest an orchard that they share: one network for all, from the experience of each.
public struct CommonsStudy: SettingGroup {
    @Setting("Players that share an orchard.", 1...100)
    public var players = 6
    @Setting("Rows and columns of trees.", 2...20)
    public var side = 4
    @Setting("The chance that an empty tree bears in a step, where all others bear.", 0...1)
    public var growth = 0.12
    @Setting("Rounds of learning.", 1...100_000)
    public var rounds = 100
    @Setting("Orchards harvested once in each round.", 1...1000)
    public var orchards = 8
    @Setting("Episodes in which what was learned is judged.", 1...100_000)
    public var episodes = 20
    @Setting("The tax on an apple that is taken while apples are protected, in apples.", 0...100)
    public var tax = 1.5
    @Setting("The number of steps for which one is shut out who takes a protected apple.", 1...1000)
    public var exclusion = 50
    @Setting("The share of steps in which apples are protected where that is drawn at random.", 0...1)
    public var randomShare = 0.5
    @Setting("γ, how much a player counts what comes a step later.", 0...0.9999)
    public var discount = 0.98
    @Setting("The learning rate, which falls to 0 over the rounds.", 0...1)
    public var rate = 2e-3
    @Setting("The weight of the policy's entropy.", 0...1)
    public var entropy = 0.005
    @Setting("The width of the players' network.", 1...1024)
    public var width = 32

    /// The quick settings.
    public init() {}

    /// A way to share the orchard.
    public enum Regime: String, CaseIterable, Codable, Sendable {
        /// Each for its own apples.
        case selfish
        /// One owner with several workers.
        case owner
        /// A tax on apples taken from a low stock.
        case taxed
        /// The same tax in steps drawn at random.
        case taxedAtRandom = "taxed_at_random"
        /// Who takes from a low stock is shut out for a while.
        case excluded
        /// Who takes in steps drawn at random is shut out for a while.
        case excludedAtRandom = "excluded_at_random"
    }

    /// What was learned.
    public struct Outcome: Codable, Sendable, Equatable {
        /// Apples taken by all in an episode, on average.
        public let harvest: Double
        /// The mean stock after each step of an episode.
        public let stock: [Double]
        /// The mean harvest of an episode in each round of learning.
        public let curve: [Double]
        /// The mean entropy of the policy in each round, in nats.
        public let entropy: [Double]
    }

    /// The best of the harvests that spare a fixed stock until the end is near.
    public struct Optimum: Codable, Sendable, Equatable {
        /// Apples taken by all in an episode, on average.
        public var harvest: Double
        /// The stock that is spared.
        public var spared: Int
        /// The steps before the end from which nothing is spared.
        public var last: Int
        /// The harvest of players that spare nothing.
        public var greedy: Double
    }

    /// An orchard with these settings.
    public func world(_ rule: CommonsHarvest.Rule) -> CommonsHarvest {
        CommonsHarvest(players: players, side: side, growth: growth, rule: rule)
    }

    /// What players are rewarded for. A stock is low where the best harvest would spare it.
    public func rule(_ regime: Regime, _ best: Optimum) -> CommonsHarvest.Rule {
        let low = CommonsHarvest.Protection.stock(best.spared, last: best.last)
        return switch regime {
        case .selfish: .own
        case .owner: .owner
        case .taxed: .taxed(tax, low)
        case .taxedAtRandom: .taxed(tax, .random(randomShare))
        case .excluded: .shutOut(exclusion, low)
        case .excludedAtRandom: .shutOut(exclusion, .random(randomShare))
        }
    }

    /// Searches the stock to spare and when to stop sparing, and measures the best in further episodes.
    ///
    /// The top is flat: of the stocks whose harvest is within a standard error or 2 % of the best, in the same episodes,
    /// the largest is taken.
    public func optimum(episodes: Int = 200, key: RandomKey) -> Optimum {
        let world = world(.own)
        func harvests(_ spared: Int, _ last: Int, _ episodes: Int, _ key: RandomKey) -> [Double] {
            CommonsRound(world, episodes: episodes, key: key) { states, _, _ in
                states.flatMap { state in
                    (0..<players).map { world.harvester(state, $0, sparing: spared, last: last).rawValue }
                }
            }.harvests
        }
        var tried: [(spared: Int, last: Int, found: [Double])] = []
        var best = (mean: -1.0, index: 0)
        for spared in 0..<world.trees {
            for last in [0, 10, 20] {
                tried.append((spared, last, harvests(spared, last, max(1, episodes / 4), key["search"])))
                let mean = Statistics.mean(tried[tried.count - 1].found)
                if mean > best.mean { best = (mean, tried.count - 1) }
            }
        }
        var chosen = tried[best.index]
        for other in tried where other.spared > chosen.spared {
            var lost = Moments()
            for (most, found) in zip(tried[best.index].found, other.found) { lost.add(most - found) }
            if lost.mean <= max(lost.standardError, 0.02 * best.mean) { chosen = other }
        }
        return Optimum(
            harvest: Statistics.mean(harvests(chosen.spared, chosen.last, episodes, key["best"])),
            spared: chosen.spared, last: chosen.last,
            greedy: Statistics.mean(harvests(0, 0, episodes, key["best"])))
    }

    /// Learns, and judges what was learned.
    ///
    /// - Parameters:
    ///   - rule: what players are rewarded for.
    ///   - label: names the training in progress.
    /// - Throws: `FitError` where a loss is not a number; `RunInterrupted` when the run is asked to stop.
    public func learned(
        _ rule: CommonsHarvest.Rule, key: RandomKey, label: String, in session: FitSession = .silent
    ) throws -> Outcome {
        let world = world(rule)
        let network = ActorCritic(
            features: world.featureCount, actions: CommonsHarvest.Action.allCases.count, hidden: [width],
            key: key["network"])
        var learner = AgentLearner(network, Adam(learningRate: rate), clipNorm: 0.5, label: label)
        var method = PPO<ActorCritic>()
        (method.batch, method.passes, method.entropyWeight, method.valueClip) = (512, 4, entropy, nil)
        method.discount = discount
        var (memory, steps) = (NoMemory(), 0)
        var (curve, entropies): ([Double], [Double]) = ([], [])
        for round in 0..<rounds {
            try session.reporter.checkpoint()
            let lived = CommonsRound(
                world, episodes: orchards, key: key["round"][round],
                choose: Self.acting(learner.network, key["act"][round]))
            learner.optimizer.learningRate = rate * (1 - Double(round) / Double(rounds))
            try method.learn(
                from: lived.rollout, steps: steps..<steps + lived.rollout.count, memory: &memory, with: &learner,
                key: key["learn"][round])
            steps += lived.rollout.count
            curve.append(Statistics.mean(lived.harvests))
            entropies.append(learner.measures["entropy"] ?? .nan)
            session.reporter.progress(label, round + 1, of: rounds, values: [("harvest", curve[round])])
        }
        let judged = CommonsRound(
            world, episodes: episodes, key: key["judge"], choose: Self.acting(learner.network, key["judge"]["act"]))
        return Outcome(harvest: Statistics.mean(judged.harvests), stock: judged.stock, curve: curve, entropy: entropies)
    }

    private static func acting(_ network: ActorCritic, _ key: RandomKey) -> CommonsRound.Choice {
        { _, observations, tick in
            network.actions(
                for: observations, .sampled, of: CommonsHarvest.Action.allCases.count,
                lanes: Array(0..<observations.shape[0]), key: key[tick])
        }
    }
}
