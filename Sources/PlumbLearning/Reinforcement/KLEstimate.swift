internal import PlumbBasics
public import PlumbTensor

/// Estimates of the Kullback–Leibler divergence KL(p ‖ q) from samples x of p, one number a sample: their mean estimates
/// it (Schulman 2020, *Approximating KL Divergence*, joschu.net/blog/kl-approx.html).
///
/// With `r = q(x) / p(x)`; where p is a policy and q a reference, the samples are the policy's own actions.
///
/// - Shapes: log-probabilities of the samples `[B]`; results `[B]`, in nats.
public enum KLEstimate {
    /// `k1 = -log r = log p - log q`: unbiased, and often negative.
    public static func k1(logP: Tensor, logQ: Tensor) -> Tensor {
        require(logP.shape == logQ.shape, "an estimate needs equal shapes, got \(logP.shape) and \(logQ.shape)")
        return logP - logQ
    }

    /// `k3 = r - 1 - log r`: unbiased, never negative, and of lower variance where p and q are near each other, where it is
    /// computed without cancellation.
    public static func k3(logP: Tensor, logQ: Tensor) -> Tensor {
        require(logP.shape == logQ.shape, "an estimate needs equal shapes, got \(logP.shape) and \(logQ.shape)")
        return (logQ - logP).expm1MinusArgument()
    }
}
