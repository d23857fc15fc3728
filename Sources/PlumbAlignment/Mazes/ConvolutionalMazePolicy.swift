internal import PlumbBasics
public import PlumbLearning
public import PlumbModels
public import PlumbNN
public import PlumbTensor
internal import PlumbWorlds

/// A network that walks through mazes and says how much it expects to get: two convolutions and a hidden layer of
/// rectified neurons under a policy and a value.
///
/// Its layers can be read and changed at `blocks.0.mlp.hook_post`, `blocks.1.mlp.hook_post` and
/// ``ConvolutionalMazePolicy/hiddenPoint``.
///
/// - Shapes: input `[B, 3, S, S]`, planes of a maze of side S; convolutions `[B, S, S, C]`; hidden layer `[B, F]`; logits
///   `[B, A]`, A = 4; values `[B]`.
public struct ConvolutionalMazePolicy: ActorCriticNetwork, HookedModel, SavableModel {
    /// From the planes to C channels, windows of 3 × 3.
    public var first: Convolution2D
    /// From C channels to C channels, windows of 3 × 3.
    public var second: Convolution2D
    /// From all positions to the hidden layer, `[F, S · S · C]`.
    public var hidden: Linear
    /// From the hidden layer to the logits, `[A, F]`.
    public var policy: Linear
    /// From the hidden layer to the value, `[1, F]`.
    public var value: Linear

    /// A network whose weights are orthogonal, the policy nearly uniform at first (Andrychowicz et al. 2020,
    /// arXiv:2006.05990); biases are 0.
    ///
    /// - Parameters:
    ///   - side: S.
    ///   - channels: C.
    ///   - width: F.
    ///   - key: of the weights.
    public init(side: Int, channels: Int = 16, width: Int = 64, key: RandomKey) {
        require(
            side > 0 && channels > 0 && width > 0,
            "a maze policy needs a side, channels and neurons, got \(side), \(channels) and \(width)")
        let gain = Initializer.orthogonal(gain: 2.0.squareRoot())
        func convolution(_ inputs: Int, _ name: String) -> Convolution2D {
            Convolution2D(
                inputs: inputs, outputs: channels, kernel: 3, padding: 1, initializer: gain, key: key[name])
        }
        func linear(_ inputs: Int, _ outputs: Int, _ initializer: Initializer, _ name: String) -> Linear {
            Linear(inputs: inputs, outputs: outputs, initializer: initializer, key: key[name])
        }
        (first, second) = (convolution(Self.planes, "first"), convolution(channels, "second"))
        hidden = linear(side * side * channels, width, gain, "hidden")
        policy = linear(width, Move.allCases.count, .orthogonal(gain: 0.01), "policy")
        value = linear(width, 1, .orthogonal(gain: 1), "value")
    }

    /// The network that the file holds.
    ///
    /// - Throws: `ModelError` where the layers do not fit together.
    public init(_ file: ModelFile) throws {
        func convolution(_ name: String, _ inputs: Int) throws -> Convolution2D {
            let weight = try file.tensor(name + ".weight", [nil, inputs, 3, 3])
            return Convolution2D(weight: weight, bias: try file.tensor(name + ".bias", [weight.shape[0]]), padding: 1)
        }
        first = try convolution("first", Self.planes)
        second = try convolution("second", first.weight.shape[0])
        hidden = try file.linear("hidden")
        policy = try file.linear("policy", inputs: hidden.weight.outputs, outputs: Move.allCases.count)
        value = try file.linear("value", inputs: hidden.weight.outputs, outputs: 1)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("first", &first)
        visitor("second", &second)
        visitor("hidden", &hidden)
        visitor("policy", &policy)
        visitor("value", &value)
    }

    /// Walls, agent and cheese.
    private static let planes = 3
    /// Where the activations of the hidden layer are, `[B, F]`.
    public static let hiddenPoint = HookPoint.block(2, .mlpPost)

    /// The logits of the four moves, in the order of `Move`, every activation on the way handed to `hooks`.
    ///
    /// - Shapes: `x` `[B, 3, S, S]`; result `[B, A]`.
    public func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
        let first = hooks(hooks(first(Self.channelsLast(x)), at: .block(0, .mlpPre)).relu(), at: .block(0, .mlpPost))
        let second = hooks(hooks(second(first), at: .block(1, .mlpPre)).relu(), at: .block(1, .mlpPost))
        let hidden = hooks(hooks(hidden(Self.flat(second)), at: .block(2, .mlpPre)).relu(), at: Self.hiddenPoint)
        return hooks(policy(hidden), at: .logits)
    }

    /// Logits `[B, A]` and values `[B]` of planes `[B, 3, S, S]`.
    public func scoresAndValues(_ observations: Tensor) -> (scores: Tensor, values: Tensor) {
        let seen = features(observations)
        return (policy(seen), value(seen).reshaped([-1]))
    }

    /// The logits, `[B, 3, S, S] -> [B, A]`.
    public func scores(_ observations: Tensor) -> Tensor { policy(features(observations)) }

    /// The hidden layer, `[B, 3, S, S] -> [B, F]`.
    private func features(_ x: Tensor) -> Tensor {
        hidden(Self.flat(second(first(Self.channelsLast(x)).relu()).relu())).relu()
    }

    private static func flat(_ x: Tensor) -> Tensor { x.reshaped([x.shape[0], -1]) }

    /// `[B, 3, S, S] -> [B, S, S, 3]`.
    private static func channelsLast(_ x: Tensor) -> Tensor {
        require(x.shape.count == 4 && x.shape[1] == planes, "a maze policy reads planes [B, 3, S, S], got \(x.shape)")
        let (batch, rows, columns) = (x.shape[0], x.shape[2], x.shape[3])
        return flat(x).transposed().reshaped([planes, rows * columns, batch]).swappingLeadingAxes()
            .reshaped([rows * columns * planes, batch]).transposed().reshaped([batch, rows, columns, planes])
    }
}
