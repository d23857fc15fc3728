internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

/// Proximal policy optimization: several passes over each round, in steps that stop gaining once the policy has moved by
/// ε (Schulman et al. 2017, *Proximal Policy Optimization Algorithms*, arXiv:1707.06347; the details that matter: Huang
/// et al. 2022, *The 37 Implementation Details of Proximal Policy Optimization*).
///
/// A round is ``horizon`` steps in every lane, then ``passes`` passes over it in shuffled batches of ``batch`` steps.
public struct PPO<Network: ActorCriticNetwork>: AgentMethod {
    /// `PPO`.
    public static var id: String { "PPO" }
    /// Steps of a round in each lane.
    public var horizon = 128
    /// Passes over a round, 1 or more.
    public var passes = 4
    /// Steps in a batch.
    public var batch = 256
    /// γ.
    public var discount = 0.99
    /// λ of generalized advantage estimation.
    public var lambda = 0.95
    /// ε, how far the probability of an action may move before it gains no more.
    public var clip = 0.2
    /// How far a value may move before it gains no more; nil for no limit.
    public var valueClip: Double? = 0.2
    /// c_V.
    public var valueWeight = 0.5
    /// c_H, the weight of the policy's entropy in nats.
    public var entropyWeight = 0.01
    /// Whether advantages are whitened over each batch.
    public var whitensAdvantages = true
    /// A policy to stay near.
    public var penalty: KLPenalty<Network>?

    /// The reference settings.
    public init() {}

    /// ``horizon`` steps in every lane.
    public var span: Rollout.Span { .steps(horizon) }

    /// What is known of a round before the policy moves.
    private struct Known {
        var logProbabilities: Tensor
        var values: Tensor
        var advantages: [Double]
        var returns: Tensor
    }

    /// ``passes`` passes over the round in shuffled batches.
    public func learn<Rule: Optimizer>(
        from rollout: Rollout, steps: Range<Int>, memory: inout NoMemory,
        with learner: inout AgentLearner<Network, Rule>, key: RandomKey
    ) throws {
        require(passes > 0, "a round needs a pass or more to learn from it, got \(passes)")
        let known = assess(rollout, learner.network)
        var (entropy, divergence, batches) = (0.0, 0.0, 0.0)
        for pass in 0..<passes {
            var random = key[pass].generator()
            let order = Array(0..<rollout.count).shuffled(using: &random)
            for first in stride(from: 0, to: rollout.count, by: max(1, batch)) {
                let rows = Array(order[first..<min(first + max(1, batch), rollout.count)])
                try learner.descend { network in
                    let (loss, batchEntropy, kl) = self.loss(network, rollout, rows, known)
                    (entropy, divergence, batches) = (entropy + batchEntropy, divergence + kl, batches + 1)
                    return loss
                }
            }
        }
        learner.measures["entropy"] = entropy / batches
        learner.measures["policy change"] = divergence / batches
    }

    /// What the policy that acted says of the round.
    private func assess(_ rollout: Rollout, _ network: Network) -> Known {
        let (logits, values) = network.scoresAndValues(rollout.observations)
        let logProbabilities = logits.logProbabilities(of: rollout.actions)
        let advantages = rollout.advantages(
            rewards: penalty?.rewards(of: rollout, logProbabilities: logProbabilities), values: values.doubles,
            lastValues: network.values(rollout.last).doubles, discount: discount, lambda: lambda)
        return Known(
            logProbabilities: logProbabilities, values: values, advantages: advantages,
            returns: values + Tensor(advantages.map(Float.init)))
    }

    /// The loss of a batch, the policy's entropy, and how far it has moved from the one that acted, in nats.
    private func loss(
        _ network: Network, _ rollout: Rollout, _ rows: [Int], _ known: Known
    ) -> (loss: Tensor, entropy: Double, divergence: Double) {
        let (logits, values) = network.scoresAndValues(rollout.observations.gathered(rows))
        let logProbabilities = logits.logProbabilities(of: rows.map { rollout.actions[$0] })
        let old = known.logProbabilities.gathered(rows)
        let advantages = rows.map { known.advantages[$0] }
        let returns = known.returns.gathered(rows)
        let parts = ActorCriticLoss(
            policy: PolicyLoss.clipped(
                logProbabilities: logProbabilities, old: old,
                advantages: Tensor((whitensAdvantages ? Returns.whitened(advantages) : advantages).map(Float.init)),
                clip: Float(clip)),
            value: valueClip.map {
                ValueLoss.clipped(values: values, old: known.values.gathered(rows), returns: returns, clip: Float($0))
            } ?? ValueLoss.squared(values: values, returns: returns),
            entropy: logits.entropies().mean())
        let change = KLEstimate.k3(logP: old, logQ: logProbabilities.detached()).mean()
        return (
            parts.total(valueWeight: valueWeight, entropyWeight: entropyWeight), Double(parts.entropy.item),
            Double(change.item)
        )
    }
}
