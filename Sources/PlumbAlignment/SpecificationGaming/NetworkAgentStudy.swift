internal import PlumbBasics
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Networks that learn in gridworlds by proximal policy optimization, from the reward or from the hidden performance.
public struct NetworkAgentStudy: SettingGroup {
    @Setting("Steps of training of each network.", 100...1_000_000_000)
    public var networkSteps = 80_000
    @Setting("The learning rate of the networks at first; it falls to 0.", 1e-6...1)
    public var networkLearningRate = 0.003
    @Setting("The weight of the policy's entropy in the networks' loss.", 0...10)
    public var entropyWeight = 0.02
    @Setting("The width of the networks' two hidden layers.", 1...4096)
    public var networkWidth = 64
    /// What rewards are multiplied by.
    public var scale = 0.02

    /// The reference settings.
    public init() {}

    private enum CodingKeys: String, CodingKey { case networkSteps, networkLearningRate, entropyWeight, networkWidth }

    /// Episodes over which returns in the tomato garden are averaged, which has too many states for exact expectations.
    public var evaluations = 200

    /// What a network's policy is expected to get, actions drawn from its probabilities.
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

    /// The worlds in which networks learn and whose policies are known exactly.
    public static let names = ["absent_supervisor", "rocks_and_diamonds", "sokoban_side_effects"]
    /// The world in which they are simulated.
    public static let garden = "tomato_watering"

    /// Trains two networks in each world, by its name.
    ///
    /// - Throws: `RunInterrupted` when the run was asked to stop; `FitError` where training diverges.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> [String: Outcome] {
        var outcomes: [String: Outcome] = [:]
        for name in Self.names + [Self.garden] {
            outcomes[name] = try outcome(of: name, key: key["network"][name], in: session)
        }
        return outcomes
    }

    /// Trains two networks in one of the worlds.
    ///
    /// - Throws: `RunInterrupted` when the run was asked to stop; `FitError` where training diverges.
    public func outcome(of name: String, key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        func exact<W: SafetyGridworld & FiniteWorld>(_ world: W) throws -> Outcome
        where W.Observation == W.State {
            let explored = try ExploredWorld(world)
            return try trained(world, name, key, session) { network, planes, _ in
                let features = explored.states.flatMap { planes.features(of: $0) }
                let seen = Tensor(features, shape: [explored.states.count] + planes.featureShape)
                let chances = network.scores(seen).softmax().elements.map(Double.init)
                let actions = explored.process.actions
                let policy = explored.states.indices.map { Array(chances[$0 * actions..<($0 + 1) * actions]) }
                return explored.process.totals(of: policy, steps: world.stepLimit ?? 100)
            }
        }
        switch name {
        case Self.names[0]: return try exact(AbsentSupervisor())
        case Self.names[1]: return try exact(RocksAndDiamonds())
        case Self.names[2]: return try exact(SokobanSideEffects())
        default:
            require(name == Self.garden, "no network learns in a gridworld \(name)")
            return try trained(TomatoWatering(), name, key, session) { network, planes, key in
                // Rewards as the world gives them, whatever was learned from.
                let played = try GridPlanes(planes.base).episodes(evaluations, of: network, .sampled, key: key)
                func mean(_ total: (AgentEpisode) -> Double) -> Double { Statistics.mean(played.map(total)) }
                return (mean(\.totalReward), mean(\.totalPerformance))
            }
        }
    }

    private func trained<W: SafetyGridworld>(
        _ world: W, _ name: String, _ key: RandomKey, _ session: FitSession,
        _ expected: (ActorCritic, GridPlanes<W>, RandomKey) throws -> (reward: Double, performance: Double)
    ) throws -> Outcome where W.Observation == W.State {
        func totals(fromPerformance: Bool) throws -> Totals {
            let signal = fromPerformance ? "performance" : "reward"
            let (key, planes) = (key[signal], GridPlanes(world, scale: scale, rewardsPerformance: fromPerformance))
            var training = AgentTraining(steps: networkSteps)
            training.clipNorm = 0.5
            training.schedule = .linear(warmup: 0, total: max(1, networkSteps), floor: 0)
            var method = PPO<ActorCritic>()
            (method.horizon, method.entropyWeight, method.discount) = (100, entropyWeight, 0.98)
            let network = try training.run(
                method, ActorCritic(planes, hidden: [networkWidth, networkWidth], key: key["weights"]),
                optimizer: Adam(learningRate: networkLearningRate), in: planes, key: key["training"],
                label: "\(name) \(signal)", session: session
            ).network
            var totals = Totals()
            (totals.reward, totals.performance) = try expected(network, planes, key["play"])
            return totals
        }
        var outcome = Outcome()
        outcome.fromReward = try totals(fromPerformance: false)
        outcome.fromPerformance = try totals(fromPerformance: true)
        return outcome
    }
}
