public import PlumbTensor

extension Tensor {
    /// The Kullback–Leibler divergence `Σ p (log p - log q)` of the distributions that rows of logits stand for, `p` the
    /// softmax of self and `q` that of `other`, in nats: the mean over rows.
    ///
    /// - Shapes: self and `other` `[…, V]`; result `[]`.
    public func klDivergence(to other: Tensor) -> Tensor { klDivergences(to: other).mean() }

    /// The Kullback–Leibler divergence of each row.
    ///
    /// - Shapes: self and `other` `[…, V]`; result `[…]`.
    public func klDivergences(to other: Tensor) -> Tensor {
        requireShape(of: other, "the divergence")
        let (p, q) = (logSoftmax(), other.logSoftmax())
        return (p.exp() * (p - q)).summed(axis: -1)
    }
}
