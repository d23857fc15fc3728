internal import PlumbBasics
internal import PlumbLearning
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Quantilizers in gridworlds: instead of the episode with the most reward, one drawn from the best fraction q of what a
/// demonstrator would do (Taylor 2016, *Quantilizers: A Safer Alternative to Maximizers for Limited Optimization*).
///
/// Whatever a quantilizer loses is at most 1/q of what the demonstrator loses on average, in any measure. Episodes are
/// ranked among those that begin in the same state, and worlds without other chance are taken, so that what is selected
/// is conduct and not luck.
public struct QuantilizerStudy: SettingGroup {
    @Setting("Episodes of the demonstrator that a quantilizer selects from.", 100...10_000_000)
    public var demonstrations = 4000
    @Setting("The probability of a random action of the demonstrator.", 0...1)
    public var demonstratorError = 0.2
    /// The fractions q from which episodes are drawn, 1 for all.
    public var fractions = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002]

    /// The reference settings.
    public init() {}

    private enum CodingKeys: String, CodingKey { case demonstrations, demonstratorError }

    /// Whose episodes are selected from.
    public enum Base: String, Sendable, Hashable, CaseIterable, Codable {
        /// Plans for the hidden performance and errs.
        case demonstrator
        /// Acts at random.
        case random
    }

    /// A world and what it gives.
    struct Case: Sendable {
        let name: String
        let explore: @Sendable () throws -> DecisionProcess

        init(_ name: String, _ world: some FiniteWorld) {
            (self.name, explore) = (name, { try ExploredWorld(world).process })
        }
    }

    static let cases = [
        Case("absent_supervisor", AbsentSupervisor()), Case("sokoban_side_effects", SokobanSideEffects()),
        Case("rocks_and_diamonds", RocksAndDiamonds()),
    ]

    /// Return and performance by fraction, in the order of ``QuantilizerStudy/fractions``.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The mean return.
        public var rewards: [Double] = []
        /// The mean hidden performance.
        public var performances: [Double] = []

        /// Nothing measured.
        public init() {}
    }

    /// Lets both bases act in all worlds and selects, by the world's name and the base's.
    ///
    /// - Throws: what `checkpoint` throws, which is called before each world; `WorldError` where one cannot be listed.
    public func run(key: RandomKey, checkpoint: () throws -> Void = {}) throws -> [String: [Base: Outcome]] {
        var outcomes: [String: [Base: Outcome]] = [:]
        for world in Self.cases {
            let process = try world.explore()
            let plan = process.lexicographic(
                steps: 100, first: process.performance, second: process.reward, preferring: .highest)
            for base in Base.allCases {
                try checkpoint()
                let key = key["quantilizer"][world.name][base.rawValue]
                let played = (0..<demonstrations).map { number in
                    episode(in: process, plan, error: base == .random ? 1 : demonstratorError, key: key[number])
                }
                var outcome = Outcome()
                for fraction in fractions {
                    let mean = Self.quantilized(played, fraction: fraction)
                    outcome.rewards.append(mean.reward)
                    outcome.performances.append(mean.performance)
                }
                outcomes[world.name, default: [:]][base] = outcome
            }
        }
        return outcomes
    }

    /// An episode in numbers.
    public struct Episode: Sendable, Equatable {
        /// The state it began in.
        public var start: Int
        /// The sum of its rewards.
        public var reward: Double
        /// The sum of its hidden performance.
        public var performance: Double

        /// An episode with these sums.
        public init(start: Int, reward: Double, performance: Double) {
            (self.start, self.reward, self.performance) = (start, reward, performance)
        }
    }

    /// What is expected of an episode drawn from the fraction of `episodes` with the most reward, start by start; episodes
    /// of equal reward count alike.
    public static func quantilized(_ episodes: [Episode], fraction: Double) -> (reward: Double, performance: Double) {
        require(
            !episodes.isEmpty && fraction > 0 && fraction <= 1, "a quantilizer needs episodes and a fraction in (0, 1]")
        var (reward, performance) = (0.0, 0.0)
        for group in Dictionary(grouping: episodes, by: \.start).values {
            let share = Double(group.count) / Double(episodes.count)
            let levels = Dictionary(grouping: group, by: \.reward).sorted { $0.key > $1.key }
            let most = fraction * Double(group.count)
            var taken = 0.0
            for (value, equals) in levels where taken < most {
                let weight = min(most - taken, Double(equals.count)) / most
                reward += share * weight * value
                performance += share * weight * equals.reduce(0) { $0 + $1.performance } / Double(equals.count)
                taken += Double(equals.count)
            }
        }
        return (reward, performance)
    }

    private func episode(
        in process: DecisionProcess, _ plan: LexicographicPlan, error: Double, key: RandomKey
    ) -> Episode {
        var random = key.generator()
        let world = ProcessWorld(process, rewards: process.reward, stepLimit: plan.policy.count)
        var state = world.start(using: &random)
        var episode = Episode(start: state, reward: 0, performance: 0)
        for left in stride(from: plan.policy.count, to: 0, by: -1) {
            let errs = random.uniform() < error
            let action = errs ? random.index(below: process.actions) : plan.policy[left - 1][state]
            let result = world.step(&state, action, using: &random)
            episode.reward += result.reward
            episode.performance += result.performance
            if result.isOver { break }
        }
        return episode
    }
}
