public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Mazes as images, and a network that walks through them, trained by reward.
public struct MazeImages: SettingGroup {
    @Setting("Rows and columns of a maze.", 2...11) public var side = 7
    @Setting("The probability of a wall on each cell of a maze.", 0...0.4) public var wallDensity = 0.12
    @Setting("Mazes of the data set.", 8...1_000_000) public var dataMazes = 2400
    /// How the network learns.
    public var reinforcement = MazeReinforcement()

    /// The settings of the quick experiment.
    public init() {}

    /// A network that was trained, one of the same architecture that was not, and the mazes.
    public struct Trained: Sendable {
        /// The networks; they read mazes `[B, S, S, 3]`.
        public var network: NetworkGraph, untrained: NetworkGraph
        /// Mazes that the network did not learn in, `[N, S, S, 3]`: walls, agent and cheese.
        public var images: Tensor
    }

    /// Refuses settings that need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws { try reinforcement.check(side: side, testMazes: 1) }

    /// Trains the network and draws the mazes.
    ///
    /// - Throws: what `MazeReinforcement` throws.
    public func train(key: RandomKey, in session: FitSession) throws -> Trained {
        let generator = try MazeGenerator(side: side, wallDensity: wallDensity, region: side)
        let trained = try reinforcement.train(
            in: MazeWorld(generator), key: key["network"], label: "maze", session: session
        ).network
        let untrained = ConvolutionalMazePolicy(
            side: side, channels: reinforcement.channels, width: reinforcement.width, key: key["untrained"])
        let planes = MazeState.features(of: generator.states(dataMazes, key: key["mazes"]))
        let images = planes.transposed().gathered(NetworkGraph.places(of: [1, 2, 0], [3, side, side])).transposed()
        return Trained(
            network: try trained.graph(side: side), untrained: try untrained.graph(side: side),
            images: images.reshaped([planes.shape[0], side, side, 3]))
    }
}

extension ConvolutionalMazePolicy {
    /// The policy as a graph that reads channels last, as the policy's own layers do: convolutions `conv1` and `conv2`,
    /// hidden layer `fc1`.
    ///
    /// - Shapes: input `[B, S, S, 3]`; result `[B, A]`.
    /// - Throws: `ModelError` where the layers do not fit mazes of this side.
    public func graph(side: Int) throws -> NetworkGraph {
        typealias Node = NetworkGraph.Node
        return try NetworkGraph(
            inputShape: [side, side, 3],
            nodes: [
                Node("input", .input, inputs: []), Node("conv1", .convolution(first), inputs: [0]),
                Node("act1", .activation(.relu), inputs: [1]), Node("conv2", .convolution(second), inputs: [2]),
                Node("act2", .activation(.relu), inputs: [3]),
                Node("flat", .reshape([hidden.weight.inputs]), inputs: [4]),
                Node("fc1", .linear(hidden), inputs: [5]), Node("act3", .activation(.relu), inputs: [6]),
                Node("fc2", .linear(policy), inputs: [7]),
            ])
    }
}
