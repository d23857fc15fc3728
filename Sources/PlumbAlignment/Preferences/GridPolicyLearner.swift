internal import PlumbLearning
internal import PlumbNN
internal import PlumbTensor
internal import PlumbWorlds

/// A policy that learns by PPO from a reward that changes from round to round.
///
/// Its episodes start anywhere, wherever those of the grid do: exploration is not what is studied.
///
/// - Shapes: S cells, A actions.
struct GridPolicyLearner {
    private let grid: SlipperyGrid
    private let method: PPO<ActorCritic>
    private var network: ActorCritic
    private var optimizer = Adam(learningRate: 0.003)

    private let episodeLength: Int

    /// An agent that knows nothing, in a grid whose rewards it does not observe.
    init(_ grid: SlipperyGrid, discount: Double, episodeLength: Int, key: RandomKey) {
        (self.grid, self.episodeLength) = (grid, episodeLength)
        var method = PPO<ActorCritic>()
        (method.horizon, method.discount) = (64, discount)
        // Values are learned anew whenever the reward changes, so nothing holds them back.
        method.valueClip = nil
        self.method = method
        network = ActorCritic(grid, hidden: [64], key: key)
    }

    /// Goes on learning, by a reward of each cell, [S].
    ///
    /// - Throws: `FitError` where learning diverges.
    mutating func learn(from reward: [Double], steps: Int, key: RandomKey) throws {
        // Values, which sum rewards over 1 / (1 - γ) steps, are then of the size of a reward.
        let world = SlipperyGrid(
            rows: grid.rows, columns: grid.columns, slip: grid.slip,
            reward: reward.map { $0 * (1 - method.discount) }, stepLimit: episodeLength)
        var training = AgentTraining(steps: steps)
        (training.lanes, training.clipNorm) = (16, 0.5)
        let result = try training.run(method, network, optimizer: optimizer, in: world, key: key, label: "policy")
        (network, optimizer) = (result.network, result.optimizer)
    }

    /// The probabilities of the actions in each cell, [S][A].
    var policy: [[Double]] {
        let features = (0..<grid.cells).flatMap { grid.features(of: $0) }
        let chances = network.scores(Tensor(features, shape: [grid.cells, grid.cells])).softmax().elements.map(
            Double.init)
        let count = grid.actions.count
        return (0..<grid.cells).map { cell in
            let row = Array(chances[cell * count..<(cell + 1) * count])
            let sum = row.reduce(0, +)
            return row.map { $0 / sum }
        }
    }
}
