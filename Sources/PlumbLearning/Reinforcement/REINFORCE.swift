public import PlumbNN
public import PlumbTensor

/// REINFORCE: makes actions more probable by how much better than usual their episodes went (Williams 1992, *Simple
/// Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning*).
///
/// A round is one whole episode in every lane and one optimizer step down `-mean(log π(a|s) (G - b)) - c_H H`, over all
/// steps of the round, with the return G from each step on. The factor γᵗ of the exact gradient is left out, as is usual.
/// It needs no values, and its gradients are noisy: many lanes help.
public struct REINFORCE<Network: ActionNetwork>: AgentMethod {
    /// `REINFORCE`.
    public static var id: String { "REINFORCE" }
    /// What is taken from returns, to make gradients less noisy.
    public enum Baseline: Sendable, Equatable {
        /// Nothing.
        case none
        /// The mean return of the steps of the round's other episodes (leave-one-out: Kool, van Hoof, Welling 2019, *Buy 4
        /// REINFORCE Samples, Get a Baseline for Free!*), which keeps the gradient unbiased. A round of one episode has no
        /// other, and nothing is taken from its returns.
        case mean
        /// The mean of all steps of the round, and what is left divided by their standard deviation.
        case whitened
    }

    /// γ.
    public var discount = 0.99
    /// What is taken from returns; by default the mean return of the steps of the round's other episodes.
    public var baseline = Baseline.mean
    /// c_H, the weight of the policy's entropy in nats.
    public var entropyWeight = 0.0
    /// A policy to stay near.
    public var penalty: KLPenalty<Network>?

    /// The reference settings.
    public init() {}

    /// One whole episode in every lane.
    public var span: Rollout.Span { .episodes }

    /// One step of the optimizer along the policy gradient of the round.
    public func learn<Rule: Optimizer>(
        from rollout: Rollout, steps: Range<Int>, memory: inout NoMemory,
        with learner: inout AgentLearner<Network, Rule>, key: RandomKey
    ) throws {
        var entropy = 0.0
        try learner.descend { network in
            let logits = network.scores(rollout.observations)
            let logProbabilities = logits.logProbabilities(of: rollout.actions)
            let rewards =
                penalty?.rewards(of: rollout, logProbabilities: logProbabilities) ?? rollout.rewards
            let advantages = Tensor(self.advantages(rollout, rewards).map(Float.init))
            let entropies = logits.entropies().mean()
            entropy = Double(entropies.item)
            let loss = PolicyLoss.gradient(logProbabilities: logProbabilities, advantages: advantages)
            return entropyWeight == 0 ? loss : loss - entropies * Float(entropyWeight)
        }
        learner.measures["entropy"] = entropy
    }

    /// G - b of every step. What follows an episode that was cut off counts as nothing: there are no values to say more.
    private func advantages(_ rollout: Rollout, _ rewards: [Double]) -> [Double] {
        var returns = [Double](repeating: 0, count: rollout.count)
        for lane in rollout.lanes {
            for (step, value) in zip(lane, Returns.discounted(lane.map { rewards[$0] }, discount: discount)) {
                returns[step] = value
            }
        }
        switch baseline {
        case .none: return returns
        case .mean:
            let sum = returns.reduce(0, +)
            var advantages = returns
            for lane in rollout.lanes where lane.count < returns.count {
                let own = lane.reduce(0) { $0 + returns[$1] }
                let baseline = (sum - own) / Double(returns.count - lane.count)
                for step in lane { advantages[step] -= baseline }
            }
            return advantages
        case .whitened: return Returns.whitened(returns)
        }
    }
}
