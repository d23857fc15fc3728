internal import PlumbBasics
public import PlumbTensor

/// A change of some outputs of a linear layer that has low rank, `scale · B A`, beside weights that stay as they are
/// (Hu et al. 2021, arXiv:2106.09685).
public struct LowRankAdapter: Sendable {
    /// The outputs that it changes.
    public let outputs: Range<Int>
    /// `A`, `[r, I]`.
    public let a: Tensor
    /// `B`, `[outputs.count, r]`.
    public let b: Tensor
    /// What the product of B and A is multiplied by; LoRA's α / r.
    public let scale: Float

    /// A change of `outputs` with rank r.
    ///
    /// - Precondition: `a` is `[r, I]` and `b` `[outputs.count, r]`.
    public init(outputs: Range<Int>, a: Tensor, b: Tensor, scale: Float) {
        require(
            a.shape.count == 2 && b.shape == [outputs.count, a.shape[0]],
            "an adapter of \(outputs.count) outputs needs B [\(outputs.count), r] and A [r, I], got \(b.shape), \(a.shape)"
        )
        (self.outputs, self.a, self.b, self.scale) = (outputs, a, b, scale)
    }

    /// What it adds to its outputs.
    ///
    /// - Shapes: `x` `[R, I]`; result `[R, outputs.count]`.
    func applied(to x: Tensor) -> Tensor { x.matmul(transposed: a).matmul(transposed: b) * scale }

    /// The change as a matrix, `[outputs.count, I]`.
    var matrix: Tensor { b.matmul(a) * scale }
}

extension Linear {
    /// The weight with what the adapters add to it: the same map in one product.
    public var mergedWeight: Weight {
        adapters.reduce(weight) { $0.adding($1.matrix, toOutputs: $1.outputs) }
    }

    /// The same layer with its adapters added to the weight.
    public var merged: Linear { adapters.isEmpty ? self : Linear(weight: mergedWeight, bias: bias) }

    /// What the adapters add to all outputs.
    ///
    /// - Shapes: `x` `[R, I]`; result `[R, O]`.
    func adaptation(of x: Tensor) -> Tensor {
        let rows = x.shape[0]
        var columns: [Tensor] = []
        var next = 0
        for adapter in adapters.sorted(by: { $0.outputs.lowerBound < $1.outputs.lowerBound }) {
            require(adapter.outputs.lowerBound >= next, "adapters of a layer must not share outputs")
            if adapter.outputs.lowerBound > next { columns.append(.zeros([rows, adapter.outputs.lowerBound - next])) }
            columns.append(adapter.applied(to: x))
            next = adapter.outputs.upperBound
        }
        if next < weight.outputs { columns.append(.zeros([rows, weight.outputs - next])) }
        return columns.count == 1 ? columns[0] : Tensor.concatenated(columns, axis: 1)
    }
}
