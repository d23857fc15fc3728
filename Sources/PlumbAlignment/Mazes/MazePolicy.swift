internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor
internal import PlumbWorlds

/// The network that walks through mazes: two hidden layers of rectified neurons between what is seen and four moves.
///
/// Its hidden layers can be read and changed at `blocks.0.mlp.hook_post` and ``MazePolicy/hiddenPoint``, which is what
/// steering does.
///
/// - Shapes: input `[B, 3 · rows · columns]`, hidden layers `[B, F]`, result `[B, A]` of logits, A = 4.
public struct MazePolicy: HookedModel, SavableModel {
    /// From what is seen to the first hidden layer, `[F, 3 · rows · columns]`.
    public var first: Linear
    /// From the first hidden layer to the second, `[F, F]`.
    public var second: Linear
    /// From the second hidden layer to the logits, `[A, F]`.
    public var output: Linear

    /// A network whose weights are drawn as suits rectified neurons (He et al. 2015, arXiv:1502.01852); biases are 0.
    ///
    /// - Parameters:
    ///   - inputs: the numbers of an observation.
    ///   - hidden: F.
    ///   - key: of the weights.
    public init(inputs: Int, hidden: Int = 256, key: RandomKey) {
        require(inputs > 0 && hidden > 0, "a maze policy needs inputs and neurons, got \(inputs) and \(hidden)")
        first = Linear(inputs: inputs, outputs: hidden, initializer: .heNormal, key: key["first"])
        second = Linear(inputs: hidden, outputs: hidden, initializer: .heNormal, key: key["second"])
        output = Linear(inputs: hidden, outputs: Move.allCases.count, initializer: .heNormal, key: key["output"])
    }

    /// The network that the file holds.
    ///
    /// - Throws: `ModelError` where the layers do not fit together.
    public init(_ file: ModelFile) throws {
        first = try file.linear("first")
        second = try file.linear("second", inputs: first.weight.outputs)
        output = try file.linear("output", inputs: second.weight.outputs, outputs: Move.allCases.count)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("first", &first)
        visitor("second", &second)
        visitor("output", &output)
    }

    /// Where the activations of the second hidden layer are, `[B, F]`.
    public static let hiddenPoint = HookPoint.block(1, .mlpPost)

    /// The activations of the second hidden layer.
    ///
    /// - Shapes: `x` `[B, 3 · rows · columns]`; result `[B, F]`.
    public func hidden(_ x: Tensor) -> Tensor { second(first(x).relu()).relu() }

    /// The logits of the four moves, in the order of `Move`.
    ///
    /// - Shapes: `x` `[B, 3 · rows · columns]`, what is seen of each state; result `[B, A]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }

    /// The logits of the four moves, every activation on the way handed to `hooks`.
    ///
    /// - Shapes: `x` `[B, 3 · rows · columns]`; result `[B, A]`.
    public func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
        let first = hooks(hooks(first(x), at: .block(0, .mlpPre)).relu(), at: .block(0, .mlpPost))
        let second = hooks(hooks(second(first), at: .block(1, .mlpPre)).relu(), at: Self.hiddenPoint)
        return hooks(output(second), at: .logits)
    }
}
