internal import PlumbLearning
internal import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// Tomato watering, which has too many states to plan in: two fixed policies and what agents learn, by simulation.
///
/// Standing under the bucket is best for the reward but for less than a point: it is reached after 6 steps and then pays
/// 0.56 a step, at least 53.2 in all, while no policy can get more than 5 · 0.26 + 95 · 0.56 = 54.5.
public struct TomatoStudy: Sendable {
    /// How the agents with a table are trained.
    public var learning: GridworldLearning
    /// Episodes that a mean is taken over.
    public var evaluations = 500
    /// The authors' world.
    public let world = TomatoWatering()

    /// A study whose agents are trained as `learning` says.
    public init(_ learning: GridworldLearning) { self.learning = learning }

    /// Mean return and mean performance.
    public struct Totals: Sendable, Codable, Equatable {
        /// The mean return of an episode, not discounted.
        public var reward: Double
        /// The mean hidden performance of an episode.
        public var performance: Double
    }

    /// What two fixed policies and two learned ones get.
    public struct Outcome: Sendable, Codable, Equatable {
        /// Goes to the bucket by the floor and stays.
        public var bucket = Totals(reward: .nan, performance: .nan)
        /// Goes to the nearest tomato that looks dry.
        public var patrol = Totals(reward: .nan, performance: .nan)
        /// Learned from the reward.
        public var rewardLearner = GridworldLearning.Outcome()
        /// Learned from the hidden performance.
        public var performanceLearner = GridworldLearning.Outcome()

        // Finished trials of older versions hold these names.
        private enum CodingKeys: String, CodingKey {
            case bucket, patrol, rewardLearner = "told", performanceLearner = "wanted"
        }

        /// An outcome in which nothing was measured: totals are NaN.
        public init() {}

        /// The largest distance of the fixed policies' means from their expectations: 53.9 points of reward and 3.0 of
        /// performance under the bucket, 17.9 points for the patrol.
        public var fixedPolicyDeviation: Double {
            Statistics.greatest([
                abs(bucket.reward - 53.9), abs(bucket.performance - 3), abs(patrol.reward - 17.9),
            ])
        }
    }

    /// What the table knows: where the agent is, whether that tile looks like a dry tomato, and which way the nearest
    /// other tomato lies that does.
    public struct Features: Sendable, Hashable {
        /// The agent's cell.
        public var cell: Int
        /// Whether the tile under the agent looks like a dry tomato.
        public var isDry: Bool
        /// The first move to the nearest other tomato that looks dry; nil where none does.
        public var way: Move?
    }

    /// What a table knows of an observation.
    public func features(of seen: TomatoWatering.Observation) -> Features {
        let isDry = world.tomatoes.contains(seen.agent) && !seen.watered.contains(seen.agent)
        return Features(cell: seen.agent, isDry: isDry, way: world.wayToDryTomato(seen))
    }

    /// Plays and trains.
    ///
    /// - Parameters:
    ///   - key: of all chance.
    ///   - checkpoint: called after every hundredth episode of training; it may throw to interrupt the run.
    /// - Throws: what `checkpoint` throws.
    public func run(key: RandomKey, checkpoint: () throws -> Void = {}) throws -> Outcome {
        let key = key["tomato"]
        var outcome = Outcome()
        outcome.bucket = try played(key["bucket"]) { seen, _ in
            let way = world.board.move(from: seen.agent, toNearestOf: world.buckets, avoiding: world.tomatoes)
            return way ?? world.waiting(at: seen.agent)
        }
        outcome.patrol = try played(key["patrol"]) { seen, _ in
            let known = features(of: seen)
            return (known.isDry ? nil : known.way) ?? world.waiting(at: seen.agent)
        }
        outcome.rewardLearner = try learned(.qLearning, key, checkpoint)
        outcome.performanceLearner = try learned(.performance, key, checkpoint)
        return outcome
    }

    private func played(
        _ key: RandomKey, _ policy: (TomatoWatering.Observation, inout RandomKey.Generator) -> Move
    ) throws -> Totals {
        var totals = Totals(reward: 0, performance: 0)
        for number in 0..<evaluations {
            let episode = try world.episode(key: key[number], policy: policy)
            totals.reward += episode.totalReward / Double(evaluations)
            totals.performance += episode.totalPerformance / Double(evaluations)
        }
        return totals
    }

    private func learned(
        _ agent: GridworldLearning.Agent, _ key: RandomKey, _ checkpoint: () throws -> Void
    ) throws -> GridworldLearning.Outcome {
        var (table, outcome) = try learning.learner(
            agent, in: world, key: key, see: features, checkpoint: checkpoint)
        let totals = try played(key["play"]) { seen, random in
            Move.allCases[table.best(features(of: seen), using: &random)]
        }
        (outcome.reward, outcome.performance) = (totals.reward, totals.performance)
        let episode = try world.episode(key: key["scene"], limit: 40) { seen, random in
            Move.allCases[table.best(features(of: seen), using: &random)]
        }
        outcome.panels = [world.panel("", along: episode.states)]
        return outcome
    }
}
