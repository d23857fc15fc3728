internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

/// A perceptron of ReLUs whose every sum is added in a random order in float32: another evaluation of the same network, as
/// another library, number of threads or device might make it.
///
/// With ``fused`` products are rounded together with the additions.
public struct ReorderedSums: Sendable {
    private let layers: [(weight: [Float], bias: [Float], order: [Int])]
    private let widths: [Int]
    /// Whether products are fused with additions.
    public var fused = false

    /// An evaluation of `perceptron` in orders that follow from `key`.
    ///
    /// - Precondition: the perceptron's activation is ReLU.
    public init(_ perceptron: MLP, key: RandomKey) {
        require(perceptron.activation == .relu, "sums are reordered in perceptrons of ReLUs")
        layers = perceptron.layers.enumerated().map { index, layer in
            let weight = layer.merged.weight.tensor()
            // The bias is one of the terms.
            var generator = key[index].generator()
            let order = Array(0...weight.shape[1]).shuffled(using: &generator)
            let bias = layer.bias?.elements ?? [Float](repeating: 0, count: weight.shape[0])
            return (weight.elements, bias, order)
        }
        widths = [perceptron.layers[0].weight.inputs] + perceptron.layers.map(\.weight.outputs)
    }

    /// What the perceptron gives.
    ///
    /// - Shapes: `x` `[B, …]`; result `[B, O]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let rows = x.shape[0]
        var values = x.elements
        for (index, layer) in layers.enumerated() {
            let (inputs, outputs) = (widths[index], widths[index + 1])
            var next = [Float](repeating: 0, count: rows * outputs)
            for row in 0..<rows {
                for output in 0..<outputs {
                    var sum: Float = 0
                    for term in layer.order {
                        if term == inputs {
                            sum += layer.bias[output]
                        } else if fused {
                            sum.addProduct(layer.weight[output * inputs + term], values[row * inputs + term])
                        } else {
                            sum += layer.weight[output * inputs + term] * values[row * inputs + term]
                        }
                    }
                    next[row * outputs + output] = index + 1 < layers.count ? max(0, sum) : sum
                }
            }
            values = next
        }
        return Tensor(values, shape: [rows, widths[widths.count - 1]])
    }
}
