internal import PlumbTensor

/// Several linear layers of one input, computed by one product; each keeps its own weight and bias.
struct JoinedProjection: Sendable {
    /// A part for each layer, `[O₁, I], [O₂, I], …`.
    var weight: Weight
    /// A bias for each layer, or none.
    var biases: [Tensor]

    init(
        inputs: Int, outputs: [(name: String, count: Int)], bias: Bool, initializer: Initializer, key: RandomKey
    ) {
        weight = Weight(
            outputs.map { .tensor(initializer.weight([$0.count, inputs], key: key[$0.name]["weight"])) })
        biases =
            bias ? outputs.map { initializer.bias(forWeight: [$0.count, inputs], key: key[$0.name]["bias"]) } : []
    }

    mutating func visit(_ visitor: inout ParameterVisitor, names: [String]) {
        for (index, name) in names.enumerated() {
            visitor.group(name) { visitor in
                visitor("weight", &weight, part: index)
                if !biases.isEmpty { visitor("bias", &biases[index]) }
            }
        }
    }

    /// The results side by side, `[R, O₁ + O₂ + …]`.
    func callAsFunction(_ x: Tensor) -> Tensor {
        weight.applied(to: x, bias: biases.isEmpty ? nil : Tensor.concatenated(biases))
    }
}
