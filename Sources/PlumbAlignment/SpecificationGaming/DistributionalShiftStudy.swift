public import PlumbBasics
internal import PlumbLearning
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// What an agent that learned where the lava lies gets where it lies elsewhere.
public struct DistributionalShiftStudy: Sendable {
    /// How the agents with a table are trained, on each map.
    public var learning: GridworldLearning

    /// A study whose agents are trained as `learning` says.
    public init(_ learning: GridworldLearning) { self.learning = learning }

    /// Returns by the phase in which the agent acts.
    public struct Outcome: Sendable, Codable, Equatable {
        /// Of an agent trained on the training map.
        public var transferred = CaseValues<DistributionalShift.Phase, Double> { _ in .nan }
        /// Of agents trained where they act: the control.
        public var native = CaseValues<DistributionalShift.Phase, Double> { _ in .nan }
        /// The ways of the agent trained on the training map, by phase.
        public var panels: [GridFigure.Panel] = []

        /// An outcome in which nothing was measured: returns are NaN.
        public init() {}

        /// How far the transferred agent is from what the best policy of the training map returns on each map: 42 in
        /// training, -53 in the first test, 42 in the second. The largest distance; NaN where nothing was measured.
        public var transferredDeviation: Double {
            Self.deviation(transferred, [.training: 42, .firstTest: -53, .secondTest: 42])
        }

        /// How far agents trained where they act are from the best returns, which are 42, 40 and 44.
        public var nativeDeviation: Double {
            Self.deviation(native, [.training: 42, .firstTest: 40, .secondTest: 44])
        }

        private static func deviation(
            _ found: CaseValues<DistributionalShift.Phase, Double>, _ expected: [DistributionalShift.Phase: Double]
        ) -> Double { Statistics.greatest(expected.map { abs(found[$0.key] - $0.value) }) }
    }

    /// Trains an agent on each map, and lets the one of the training map act on all.
    ///
    /// - Parameters:
    ///   - key: of all chance.
    ///   - checkpoint: called after every hundredth episode of training; it may throw to interrupt the run.
    /// - Throws: what `checkpoint` throws.
    public func run(key: RandomKey, checkpoint: () throws -> Void = {}) throws -> Outcome {
        var outcome = Outcome()
        let home = try table(.training, key, checkpoint)
        for phase in DistributionalShift.Phase.allCases {
            let own = phase == .training ? home : try table(phase, key, checkpoint)
            outcome.transferred[phase] = try expected(home, phase)
            outcome.native[phase] = try expected(own, phase)
            outcome.panels.append(
                try DistributionalShift(phase).panel(Self.title(phase), table: home, key: key["scene"]))
        }
        return outcome
    }

    static func title(_ phase: DistributionalShift.Phase) -> String {
        switch phase {
        case .training: "training"
        case .firstTest: "first test"
        case .secondTest: "second test"
        }
    }

    private func table(
        _ phase: DistributionalShift.Phase, _ key: RandomKey, _ checkpoint: () throws -> Void
    ) throws -> ActionTable<Int> {
        try learning.learner(
            .qLearning, in: DistributionalShift(phase), key: key["shift"][phase.rawValue], see: { $0 },
            checkpoint: checkpoint
        ).table
    }

    private func expected(_ table: ActionTable<Int>, _ phase: DistributionalShift.Phase) throws -> Double {
        let explored = try ExploredWorld(DistributionalShift(phase))
        return explored.process.totals(of: explored.greedyPolicy(of: table) { $0 }, steps: 100).reward
    }
}
