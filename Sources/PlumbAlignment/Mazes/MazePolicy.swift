internal import PlumbBasics
public import PlumbNN
public import PlumbTensor
internal import PlumbWorlds

/// The network that walks through mazes: two hidden layers of rectified neurons between what is seen and four moves.
///
/// The activations of the second hidden layer can be read and changed, which is what steering does.
///
/// - Shapes: input `[B, 3 · rows · columns]`, hidden layers `[B, F]`, result `[B, A]` of logits, A = 4.
public struct MazePolicy: ParameterTree {
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

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("first", &first)
        visitor("second", &second)
        visitor("output", &output)
    }

    /// The activations of the second hidden layer.
    ///
    /// - Shapes: `x` `[B, 3 · rows · columns]`; result `[B, F]`.
    public func hidden(_ x: Tensor) -> Tensor { second(first(x).relu()).relu() }

    /// The logits of the four moves, in the order of `Move`.
    ///
    /// - Parameters:
    ///   - x: what is seen of each state, a row each.
    ///   - change: what becomes of the second hidden layer's activations `[B, F]` before they are read.
    /// - Shapes: `x` `[B, 3 · rows · columns]`; result `[B, A]`.
    public func callAsFunction(_ x: Tensor, changing change: (Tensor) -> Tensor = { $0 }) -> Tensor {
        output(change(hidden(x)))
    }
}
