internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

/// Comparisons as numbers, for the loss of a reward.
///
/// The return of a segment is linear in the rewards of its steps, so a comparison needs no more than how often each step
/// occurs: the network reads every different step once, however many segments pass it.
///
/// - Shapes: B comparisons of U different steps.
public struct PreferenceBatch: Sendable {
    /// How often each step occurs in the first segment, less how often in the second, [B, U].
    public var visits: Tensor
    /// μ, [B].
    public var mu: Tensor

    /// A batch of B comparisons.
    ///
    /// - Precondition: `visits` is `[B, U]` and `mu` `[B]`.
    public init(visits: Tensor, mu: Tensor) {
        require(
            visits.shape.count == 2 && mu.shape == [visits.shape[0]],
            "a batch of comparisons needs visits [B, U] and μ [B], got \(visits.shape) and \(mu.shape)")
        (self.visits, self.mu) = (visits, mu)
    }

    /// The difference of the segments' returns, R₁ - R₂, [B].
    public func returnDifferences(_ rewards: Tensor) -> Tensor {
        visits.matmul(rewards.reshaped([rewards.count, 1])).reshaped([mu.count])
    }

    /// The mean cross-entropy of the answers, in nats: `-μ log P - (1 - μ) log (1 - P)` with `P = σ(R₁ - R₂)`
    /// (Christiano et al. 2017, *Deep Reinforcement Learning from Human Preferences*, arXiv:1706.03741, equation 1).
    ///
    /// - Shapes: `rewards` [U]; result [].
    public func loss(_ rewards: Tensor) -> Tensor {
        require(
            rewards.shape == [visits.shape[1]],
            "comparisons of \(visits.shape[1]) steps need as many rewards, got \(rewards.shape)")
        return returnDifferences(rewards).binaryCrossEntropy(mu)
    }
}
