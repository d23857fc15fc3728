internal import PlumbBasics
public import PlumbTensor

/// Linear layers one after another, with a function of each element between them.
///
/// - Shapes: input `[B, …]`, whose axes after the first count as one of `inputs` numbers; result `[B, O]`.
public struct MLP: ParameterTree {
    /// The layers, first to last.
    public var layers: [Linear]
    /// What stands between two layers.
    public let activation: Activation

    /// New layers of `sizes`: inputs, hidden widths, outputs.
    ///
    /// - Parameters:
    ///   - sizes: the widths of the inputs, of each hidden layer and of the outputs.
    ///   - activation: what stands between two layers.
    ///   - initializer: how weights are drawn.
    ///   - last: how those of the last layer are drawn; by default as the others.
    ///   - key: of the weights and biases.
    /// - Precondition: two sizes or more.
    public init(
        _ sizes: [Int], activation: Activation = .relu, initializer: Initializer = .standard, last: Initializer? = nil,
        key: RandomKey
    ) {
        require(sizes.count > 1, "a perceptron needs the sizes of inputs and outputs, got \(sizes)")
        self.activation = activation
        let count = sizes.count - 1
        layers = (0..<count).map { index in
            Linear(
                inputs: sizes[index], outputs: sizes[index + 1],
                initializer: index == count - 1 ? last ?? initializer : initializer, key: key[index])
        }
    }

    /// A perceptron of given layers.
    ///
    /// - Precondition: each layer reads as many numbers as the one before it gives.
    public init(_ layers: [Linear], activation: Activation) {
        require(
            !layers.isEmpty && zip(layers, layers.dropFirst()).allSatisfy { $0.weight.outputs == $1.weight.inputs },
            "the layers of a perceptron must fit together, got \(layers.map { [$0.weight.inputs, $0.weight.outputs] })")
        (self.layers, self.activation) = (layers, activation)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("layers", &layers) }

    /// Applies all layers; no function follows the last one.
    ///
    /// - Shapes: `x` `[B, …]`; result `[B, O]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        var x = x.shape.count == 2 ? x : x.reshaped([x.shape.first ?? 1, layers[0].weight.inputs])
        for (index, layer) in layers.enumerated() { x = layer(index == 0 ? x : activation(x)) }
        return x
    }
}
