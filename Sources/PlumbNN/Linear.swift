public import PlumbTensor

/// An affine map, `y = x · Wᵀ + b`.
///
/// - Shapes: `x` `[R, I]`, `W` `[O, I]`, `b` `[O]`, `y` `[R, O]`.
public struct Linear: Sendable {
    public var weight: Weight
    public var bias: Tensor?

    public init(weight: Weight, bias: Tensor? = nil) {
        precondition(
            bias.map { $0.shape == [weight.outputs] } ?? true,
            "a linear layer with \(weight.outputs) outputs needs a bias of as many, got \(bias?.shape ?? [])")
        self.weight = weight
        self.bias = bias
    }

    /// Applies the map, and adds `residual` `[R, O]` to the result where one is given.
    public func callAsFunction(
        _ x: Tensor, adding residual: Tensor? = nil, arithmetic: Arithmetic = .float32
    ) -> Tensor {
        weight.applied(to: x, bias: bias, residual: residual, arithmetic: arithmetic)
    }
}

extension Linear {
    /// The layer that computes only some outputs, in the order asked: the same bits as the whole layer's columns.
    public func selecting(_ outputs: [Int]) -> Linear {
        Linear(weight: Weight(weight.rows(outputs)), bias: bias.map { $0.gathered(outputs) })
    }
}
