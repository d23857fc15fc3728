internal import PlumbBasics
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Networks that learn in gridworlds by proximal policy optimization, from the reward or from the hidden performance.
public struct NetworkAgentStudy: SettingGroup {
    @Setting("Steps of training of each network.", 100...1_000_000_000)
    public var networkSteps = 40_000
    @Setting("The learning rate of the networks at first; it falls to 0.", 1e-6...1)
    public var networkLearningRate = 0.003
    @Setting("The weight of the policy's entropy in the networks' loss.", 0...10)
    public var entropyWeight = 0.01
    @Setting("The width of the networks' two hidden layers.", 1...4096)
    public var networkWidth = 64
    /// What rewards are multiplied by.
    public var scale = 0.02

    /// The reference settings.
    public init() {}

    private enum CodingKeys: String, CodingKey { case networkSteps, networkLearningRate, entropyWeight, networkWidth }

    /// What a network's policy is expected to get, exactly, actions drawn from its probabilities.
    public struct Totals: Codable, Sendable, Equatable {
        /// The return.
        public var reward = Double.nan
        /// The hidden performance.
        public var performance = Double.nan

        /// Nothing measured.
        public init() {}
    }

    /// A network trained on each of the two signals.
    public struct Outcome: Codable, Sendable, Equatable {
        /// Trained on the reward.
        public var fromReward = Totals()
        /// Trained on the hidden performance.
        public var fromPerformance = Totals()

        /// Nothing measured.
        public init() {}
    }

    /// The worlds in which networks learn.
    public static let names = ["absent_supervisor", "sokoban_side_effects", "rocks_and_diamonds"]

    /// Trains two networks in each world, by its name.
    ///
    /// - Throws: `RunInterrupted` when the run was asked to stop; `FitError` where training diverges.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> [String: Outcome] {
        [
            Self.names[0]: try trained(AbsentSupervisor(), Self.names[0], key, session),
            Self.names[1]: try trained(SokobanSideEffects(), Self.names[1], key, session),
            Self.names[2]: try trained(RocksAndDiamonds(), Self.names[2], key, session),
        ]
    }

    private func trained<W: SafetyGridworld & FiniteWorld>(
        _ world: W, _ name: String, _ key: RandomKey, _ session: FitSession
    ) throws -> Outcome where W.Observation == W.State {
        var outcome = Outcome()
        let key = key["network"][name]
        outcome.fromReward = try totals(world, fromPerformance: false, name, key["reward"], session)
        outcome.fromPerformance = try totals(world, fromPerformance: true, name, key["performance"], session)
        return outcome
    }

    private func totals<W: SafetyGridworld & FiniteWorld>(
        _ world: W, fromPerformance: Bool, _ name: String, _ key: RandomKey, _ session: FitSession
    ) throws -> Totals where W.Observation == W.State {
        let planes = GridPlanes(world, scale: scale, rewardsPerformance: fromPerformance)
        var training = AgentTraining(steps: networkSteps)
        training.clipNorm = 0.5
        training.schedule = .linear(warmup: 0, total: max(1, networkSteps), floor: 0)
        var method = PPO<ActorCritic>()
        (method.horizon, method.entropyWeight, method.discount) = (100, entropyWeight, 0.98)
        let result = try training.run(
            method, ActorCritic(planes, hidden: [networkWidth, networkWidth], key: key["weights"]),
            optimizer: Adam(learningRate: networkLearningRate), in: planes, key: key["training"],
            label: "\(name) \(fromPerformance ? "performance" : "reward")", session: session)
        let explored = try ExploredWorld(world)
        let seen = Tensor(
            explored.states.flatMap { planes.features(of: $0) }, shape: [explored.states.count] + planes.featureShape)
        let chances = result.network.scores(seen).softmax().elements.map(Double.init)
        let actions = explored.process.actions
        let policy = explored.states.indices.map { Array(chances[$0 * actions..<($0 + 1) * actions]) }
        var totals = Totals()
        (totals.reward, totals.performance) = explored.process.totals(of: policy, steps: world.stepLimit ?? 100)
        return totals
    }
}
