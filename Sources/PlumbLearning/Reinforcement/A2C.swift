public import PlumbNN
public import PlumbTensor

/// Advantage actor-critic: a policy that learns from how much better an action was than its state's value, and the values
/// with it (Mnih et al. 2016, *Asynchronous Methods for Deep Reinforcement Learning*, arXiv:1602.01783, in the form in
/// which all lanes step together).
///
/// A round is a few steps in every lane and one optimizer step down ``ActorCriticLoss``.
public struct A2C<Network: ActorCriticNetwork>: AgentMethod {
    /// `A2C`.
    public static var id: String { "A2C" }
    /// Steps of a round in each lane.
    public var horizon = 5
    /// γ.
    public var discount = 0.99
    /// λ of generalized advantage estimation; 1 is the original, the sum of all rewards of the round.
    public var lambda = 1.0
    /// c_V.
    public var valueWeight = 0.5
    /// c_H, the weight of the policy's entropy in nats.
    public var entropyWeight = 0.01
    /// Whether advantages are whitened over the round.
    public var whitensAdvantages = false
    /// A policy to stay near.
    public var penalty: KLPenalty<Network>?

    /// The reference settings.
    public init() {}

    /// A few steps in every lane: ``horizon``.
    public var span: Rollout.Span { .steps(horizon) }

    /// One step of the optimizer down ``ActorCriticLoss`` of the whole round.
    public func learn<Rule: Optimizer>(
        from rollout: Rollout, steps: Range<Int>, memory: inout NoMemory,
        with learner: inout AgentLearner<Network, Rule>, key: RandomKey
    ) throws {
        var entropy = 0.0
        let lastValues = learner.network.values(rollout.last).doubles
        try learner.descend { network in
            let (logits, values) = network.scoresAndValues(rollout.observations)
            let known = values.doubles
            let rewards = penalty?.rewards(
                of: rollout, logProbabilities: logits.detached().logProbabilities(of: rollout.actions))
            let advantages = rollout.advantages(
                rewards: rewards, values: known, lastValues: lastValues, discount: discount, lambda: lambda)
            let returns = zip(advantages, known).map { Float($0 + $1) }
            let parts = ActorCriticLoss(
                logits: logits, values: values, actions: rollout.actions,
                advantages: Tensor((whitensAdvantages ? Returns.whitened(advantages) : advantages).map(Float.init)),
                returns: Tensor(returns))
            entropy = Double(parts.entropy.item)
            return parts.total(valueWeight: valueWeight, entropyWeight: entropyWeight)
        }
        learner.measures["entropy"] = entropy
    }
}
