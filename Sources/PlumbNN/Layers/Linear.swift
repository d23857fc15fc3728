internal import PlumbBasics
public import PlumbTensor

/// An affine map, `y = x · Wᵀ + b`.
///
/// - Shapes: `x` `[…, I]`, `W` `[O, I]`, `b` `[O]`, `y` `[…, O]`.
public struct Linear: ParameterTree {
    /// W, `[O, I]`; it may be quantized.
    public var weight: Weight
    /// b, `[O]`; nil for none.
    public var bias: Tensor?
    /// Changes of low rank, added to the products; they are no parameters of the layer.
    public var adapters: [LowRankAdapter] = []

    /// A layer of given weights, without adapters.
    ///
    /// - Precondition: the bias is `[O]`.
    public init(weight: Weight, bias: Tensor? = nil) {
        require(
            bias.map { $0.shape == [weight.outputs] } ?? true,
            "a linear layer with \(weight.outputs) outputs needs a bias of as many, got \(bias?.shape ?? [])")
        self.weight = weight
        self.bias = bias
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        require(weight.partCount == 1, "the parts of a fused layer are named by the layer that fuses them")
        visitor("weight", &weight)
        visitor("bias", &bias)
    }

    /// Applies the map, and adds `residual` `[…, O]` to the result where one is given.
    public func callAsFunction(
        _ x: Tensor, adding residual: Tensor? = nil, arithmetic: Arithmetic = .float32
    ) -> Tensor {
        guard x.shape.count != 2 else {
            var residual = residual
            if !adapters.isEmpty {
                let change = adaptation(of: x)
                residual = residual.map { $0 + change } ?? change
            }
            return weight.applied(to: x, bias: bias, residual: residual, arithmetic: arithmetic)
        }
        require(!x.shape.isEmpty, "a linear layer needs an axis of \(weight.inputs) inputs")
        let rows = self(
            x.reshaped([-1, x.shape[x.shape.count - 1]]), adding: residual?.reshaped([-1, weight.outputs]),
            arithmetic: arithmetic)
        return rows.reshaped(x.shape.dropLast() + [weight.outputs])
    }
}

extension Linear {
    /// The layer that computes only some outputs, in the order asked: the same bits as the whole layer's columns.
    public func selecting(_ outputs: [Int]) -> Linear {
        Linear(weight: Weight(mergedWeight.rows(outputs)), bias: bias.map { $0.gathered(outputs) })
    }
}
