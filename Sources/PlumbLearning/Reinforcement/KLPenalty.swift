internal import PlumbBasics
public import PlumbTensor

/// Keeps a policy near a reference by taking from each reward what the action reveals of how far they are apart:
/// `r - β (log π(a|s) - log π_ref(a|s))` (Ziegler et al. 2019, *Fine-Tuning Language Models from Human Preferences*,
/// arXiv:1909.08593).
///
/// What it leads to is the optimum of `E[r] - β KL(π ‖ π_ref)`: for a single step, `π* ∝ π_ref exp(r / β)`.
public struct KLPenalty<Network: ActionNetwork>: Sendable {
    /// The policy to stay near, which does not learn.
    public var reference: Network
    /// β, in units of reward a nat.
    public var weight: Double

    /// A penalty of `weight` for leaving `reference`.
    public init(reference: Network, weight: Double) {
        require(weight >= 0, "a penalty's weight must be 0 or more, got \(weight)")
        (self.reference, self.weight) = (reference, weight)
    }

    /// The rewards of a rollout less the penalty.
    ///
    /// - Parameters:
    ///   - rollout: the steps, with the rewards to take the penalty from.
    ///   - logProbabilities: of the rollout's actions under the policy that chose them, `[R]`.
    public func rewards(of rollout: Rollout, logProbabilities: Tensor) -> [Double] {
        let expected = reference.scores(rollout.observations).logProbabilities(of: rollout.actions)
        let k1 = KLEstimate.k1(logP: logProbabilities.detached(), logQ: expected).elements
        return zip(rollout.rewards, k1).map { $0 - weight * Double($1) }
    }
}

extension Tensor {
    /// The elements in double precision.
    var doubles: [Double] { elements.map(Double.init) }
}
