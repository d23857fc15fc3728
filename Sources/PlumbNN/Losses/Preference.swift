public import PlumbTensor

extension Tensor {
    /// How surprising it is that each chosen reward won over the rejected one, `-log σ(chosen - rejected)`, in nats: the
    /// mean (Bradley, Terry 1952; as a reward model's loss, Ouyang et al. 2022, arXiv:2203.02155).
    ///
    /// - Shapes: `chosen` and `rejected` alike; result `[]`.
    public static func bradleyTerry(chosen: Tensor, rejected: Tensor) -> Tensor {
        chosen.requireShape(of: rejected, "the Bradley–Terry loss")
        return (rejected - chosen).softplus().mean()
    }

    /// The cross-entropy of yes-or-no answers, `-t log σ(x) - (1 - t) log (1 - σ(x))`, of logits self, without overflow,
    /// in nats: the mean.
    ///
    /// - Parameter targets: the right answers, 0 or 1, or probabilities between.
    /// - Shapes: self and `targets` alike; result `[]`.
    public func binaryCrossEntropy(_ targets: Tensor) -> Tensor {
        requireShape(of: targets, "binary cross-entropy")
        return (softplus() - self * targets).mean()
    }
}
