internal import PlumbBasics
public import PlumbTensor

extension Linear {
    /// A new layer.
    ///
    /// - Parameters:
    ///   - inputs: the width of what is read.
    ///   - outputs: the width of the result.
    ///   - bias: whether a bias is added.
    ///   - initializer: how the weight is drawn; the default is PyTorch's.
    ///   - key: of the weight and the bias.
    public init(
        inputs: Int, outputs: Int, bias: Bool = true, initializer: Initializer = .standard, key: RandomKey
    ) {
        require(inputs >= 0 && outputs >= 0, "a linear layer cannot have \(inputs) inputs, \(outputs) outputs")
        let shape = [outputs, inputs]
        self.init(
            weight: Weight(initializer.weight(shape, key: key["weight"])),
            bias: bias ? initializer.bias(forWeight: shape, key: key["bias"]) : nil)
    }
}
