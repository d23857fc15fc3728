public import PlumbLearning
public import PlumbNN
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// Trains a ``ConvolutionalMazePolicy`` by proximal policy optimization on a sparse reward: 1 on the cheese, which ends
/// the episode, and nothing else. Rewards that come later count less, so short ways pay.
public struct MazeReinforcement: SettingGroup {
    @Setting("Steps in mazes in which an agent learns from reward.", 1...1_000_000_000) public var agentSteps = 150_000
    @Setting("Mazes in which an agent learns side by side.", 1...4096) public var lanes = 64
    @Setting("Steps of a round of PPO in each maze.", 1...4096) public var horizon = 32
    @Setting("Passes of PPO over each round.", 1...100) public var passes = 3
    @Setting("Steps in a batch of PPO.", 1...65_536) public var agentBatch = 512
    @Setting("The learning rate of PPO at first; it falls to 0.", 1e-9...10) public var agentLearningRate = 0.004
    @Setting("What a reward counts if it comes one step later.", 0...1) public var discount = 0.95
    @Setting("The weight of the policy's entropy in the loss of PPO.", 0...10) public var entropyWeight = 0.005
    @Setting("Channels of each of the two convolutions.", 1...1024) public var channels = 8
    @Setting("Neurons of the hidden layer above the convolutions.", 1...4096) public var width = 64

    /// Training with the reference settings.
    public init() {}

    /// Refuses settings that need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check(side: Int, testMazes: Int) throws {
        let cells = side * side * channels
        let rows = max(agentBatch, lanes * horizon, testMazes)
        guard cells * rows <= 1 << 27 else {
            throw SettingsError(
                "--channels \(channels) in mazes of \(side * side) cells times the largest of --agent-batch \(agentBatch), "
                    + "--lanes \(lanes) times --horizon \(horizon) and --test-mazes \(testMazes) may be at most \(1 << 27)"
            )
        }
        guard cells * width <= 1 << 26 else {
            throw SettingsError(
                "--channels \(channels) in mazes of \(side * side) cells times --width \(width) may be at most \(1 << 26)"
            )
        }
    }

    /// Trains a network in `world`; the same key gives the same network, bit for bit.
    ///
    /// - Parameters:
    ///   - world: the training mazes.
    ///   - key: of the mazes, the moves, the batches and the first weights.
    ///   - label: names the run in curves, and its checkpoints.
    ///   - session: where it reports to and keeps checkpoints and the network; silent by default.
    ///   - evaluateEvery: steps between calls of `evaluate`.
    ///   - evaluate: numbers to keep along the way.
    /// - Throws: what `AgentTraining` throws.
    public func train(
        in world: MazeWorld, key: RandomKey, label: String, session: FitSession = .silent, evaluateEvery: Int = 0,
        evaluate: (ConvolutionalMazePolicy, Int) throws -> Measured = { _, _ in .nothing }
    ) throws -> AgentResult<ConvolutionalMazePolicy, Adam> {
        var training = AgentTraining(steps: agentSteps)
        (training.lanes, training.clipNorm, training.evaluateEvery) = (lanes, 0.5, evaluateEvery)
        training.schedule = .linear(warmup: 0, total: max(1, agentSteps), floor: 0)
        var method = PPO<ConvolutionalMazePolicy>()
        (method.horizon, method.passes, method.batch) = (horizon, passes, agentBatch)
        (method.discount, method.entropyWeight) = (discount, entropyWeight)
        let result = try training.run(
            method,
            ConvolutionalMazePolicy(side: world.generator.side, channels: channels, width: width, key: key["network"]),
            optimizer: Adam(learningRate: agentLearningRate), in: world, key: key["training"], label: label,
            session: session, evaluate: evaluate)
        try session.keep(result.network, as: label)
        return result
    }
}
