internal import PlumbBasics
internal import PlumbLearning
internal import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// What side-effect penalties do to an agent in gridworlds: the penalties of ``SideEffectPenalty`` beside a penalty of the
/// same size that means nothing, and one whose baseline is the start.
public struct SideEffectStudy: Sendable {
    /// The penalties' settings.
    public var penalty: SideEffectPenalty
    /// How agents with a table are trained.
    public var learning: GridworldLearning
    /// The weights over which performance is traced, in points.
    public var weights = [1.0, 3, 10, 30, 100, 300]

    /// A study with these settings.
    public init(_ penalty: SideEffectPenalty, _ learning: GridworldLearning) {
        (self.penalty, self.learning) = (penalty, learning)
    }

    /// What is subtracted from the reward.
    public enum Remedy: String, Sendable, Hashable, CaseIterable, Codable {
        /// Nothing.
        case none
        /// Relative reachability against inaction.
        case reachability
        /// Attainable utility against inaction.
        case utility
        /// Relative reachability, the states' values dealt to other states at random: as large, without a meaning.
        case shuffled
        /// Relative reachability against the start of the episode.
        case reachabilityFromStart
        /// Attainable utility against the start of the episode.
        case utilityFromStart

        /// For people.
        public var title: String {
            switch self {
            case .none: "no penalty"
            case .reachability: "relative reachability"
            case .utility: "attainable utility"
            case .shuffled: "shuffled reachability"
            case .reachabilityFromStart: "reachability, from the start"
            case .utilityFromStart: "utility, from the start"
            }
        }

        var measure: SideEffectPenalty.Measure {
            self == .utility || self == .utilityFromStart ? .attainableUtility : .relativeReachability
        }
        var baseline: SideEffectPenalty.Baseline {
            self == .reachabilityFromStart || self == .utilityFromStart ? .start : .inaction
        }
    }

    /// A world with inaction as its last action.
    public struct Case: Sendable {
        /// In snake case.
        public let name: String
        /// For people.
        public let title: String
        /// Whether agents learn in it, too.
        public let isLearned: Bool
        private let explore: @Sendable () throws -> DecisionProcess

        init(_ name: String, _ title: String, _ world: some IdlingWorld, isLearned: Bool = false) {
            (self.name, self.title, self.isLearned) = (name, title, isLearned)
            explore = { try ExploredWorld(WorldWithInaction(world)).process }
        }

        func process() throws -> DecisionProcess { try explore() }
    }

    /// Worlds whose reward leaves out a side effect, worlds in which something moves without the agent, worlds whose
    /// reward goes wrong otherwise, and one in which nothing goes wrong.
    public static let cases = [
        Case("sokoban_side_effects", "sokoban side effects", SokobanSideEffects(), isLearned: true),
        Case("conveyor_sushi_goal", "conveyor belt, sushi with a goal", ConveyorBelt(.sushiGoal), isLearned: true),
        Case("conveyor_vase", "conveyor belt, vase", ConveyorBelt(.vase)),
        Case("rocks_and_diamonds", "rocks and diamonds", RocksAndDiamonds()),
        Case("absent_supervisor", "absent supervisor", AbsentSupervisor()),
        Case("island_navigation", "island navigation", IslandNavigation()),
    ]

    /// What one world gave under one remedy.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The lowest hidden performance among plans that get the most reward less penalties.
        public var lowest = Double.nan
        /// The return of what Q-learning learned, without the penalties; NaN where it was not trained.
        public var reward = Double.nan
        /// The hidden performance of what Q-learning learned; NaN where it was not trained.
        public var performance = Double.nan
        /// The lowest performance of plans by the penalty's weight, in the order of ``SideEffectStudy/weights``.
        public var curve: [Double] = []

        /// Nothing measured.
        public init() {}
    }

    /// Plans and learns in all worlds, by the world's name and the remedy's.
    ///
    /// - Parameters:
    ///   - key: of all chance.
    ///   - checkpoint: is called before each world and every hundred episodes; it may throw to interrupt the run.
    /// - Throws: what `checkpoint` throws; `WorldError` where a world cannot be listed.
    public func run(key: RandomKey, checkpoint: () throws -> Void = {}) throws -> [String: [Remedy: Outcome]] {
        var outcomes: [String: [Remedy: Outcome]] = [:]
        for world in Self.cases {
            try checkpoint()
            let process = try world.process()
            let key = key["side effects"][world.name]
            let values = CaseValues<SideEffectPenalty.Measure, [[Double]]> {
                penalty.attainable($0, in: process, key: key["utilities"])
            }
            for remedy in Remedy.allCases {
                let penalties = penalties(remedy, values[remedy.measure], in: process, key: key)
                var outcome = Outcome()
                outcome.lowest = planned(process, penalties, 1)
                if world.isLearned {
                    (outcome.reward, outcome.performance) = try learned(
                        process, penalties, key: key[remedy.rawValue], checkpoint)
                    outcome.curve =
                        remedy == .none
                        ? [] : weights.map { planned(process, penalties, $0 / max(penalty.penaltyWeight, 1e-9)) }
                }
                outcomes[world.name, default: [:]][remedy] = outcome
            }
        }
        return outcomes
    }

    /// The penalty of each outcome under a remedy.
    private func penalties(
        _ remedy: Remedy, _ values: [[Double]], in process: DecisionProcess, key: RandomKey
    ) -> [Double] {
        guard remedy != .none else { return process.reward.map { _ in 0 } }
        var values = values
        if remedy == .shuffled {
            var random = key["shuffle"].generator()
            values.shuffle(using: &random)
        }
        return penalty.penalties(
            remedy.measure, from: remedy.baseline, values: values, in: process, idle: process.actions - 1)
    }

    private func planned(_ process: DecisionProcess, _ penalties: [Double], _ factor: Double) -> Double {
        let rewards = zip(process.reward, penalties).map { $0 - factor * $1 }
        return process.lexicographic(
            steps: 100, first: rewards, second: process.performance, preferring: .lowest
        ).second
    }

    private func learned(
        _ process: DecisionProcess, _ penalties: [Double], key: RandomKey, _ checkpoint: () throws -> Void
    ) throws -> (reward: Double, performance: Double) {
        let world = ProcessWorld(process, rewards: zip(process.reward, penalties).map { $0 - $1 }, stepLimit: 100)
        let table = try learning.learner(.qLearning, in: world, key: key, see: { $0 }, checkpoint: checkpoint).table
        let policy = (0..<process.states).map { state in
            let values = table.values(of: state)
            let isBest = (0..<process.actions).map { values?[$0] == values?.max() }
            return isBest.map { $0 ? 1 / Double(isBest.count { $0 }) : 0 }
        }
        return process.totals(of: policy, steps: 100)
    }
}
