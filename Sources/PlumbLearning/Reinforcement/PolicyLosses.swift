internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

// Losses of policies and values as functions of tensors; their gradients come from the tape.

extension Tensor {
    /// How probable each row's action was, `log π(a | s)`, in nats, of logits self.
    ///
    /// - Shapes: self `[B, A]`, `actions` B; result `[B]`.
    public func logProbabilities(of actions: [Int]) -> Tensor { -crossEntropies(actions) }

    /// The entropy of each row, `-Σ π log π`, in nats, of logits self.
    ///
    /// - Shapes: self `[B, A]`; result `[B]`.
    public func entropies() -> Tensor {
        let logarithms = logSoftmax()
        return -(logarithms.exp() * logarithms).summed(axis: -1)
    }

    /// The number of each row's action.
    ///
    /// - Shapes: self `[B, A]`, `actions` B; result `[B]`.
    public func chosen(_ actions: [Int]) -> Tensor {
        require(
            shape.count == 2 && shape[0] == actions.count,
            "\(actions.count) actions cannot be chosen from rows of shape \(shape)")
        let width = shape[1]
        return reshaped([count]).gathered(
            actions.enumerated().map { row, action in
                require((0..<width).contains(action), "action \(action) of \(width) does not exist")
                return row * width + action
            })
    }
}

/// What a policy should do more often: losses whose gradient, followed downwards, raises the expected return.
///
/// - Shapes: log-probabilities and advantages `[B]`; results `[]`.
public enum PolicyLoss {
    /// `-mean(log π(a|s) · A)`, whose gradient is that of the expected return (Williams 1992, *Simple Statistical
    /// Gradient-Following Algorithms for Connectionist Reinforcement Learning*).
    ///
    /// - Parameters:
    ///   - logProbabilities: log π(a|s) of the actions taken.
    ///   - advantages: constants; no gradient flows to them.
    public static func gradient(logProbabilities: Tensor, advantages: Tensor) -> Tensor {
        requireRows(logProbabilities, advantages, "the policy gradient")
        return -(logProbabilities * advantages.detached()).mean()
    }

    /// PPO's clipped surrogate, `-mean(min(ρ A, clip(ρ, 1 - ε, 1 + ε) A))` with `ρ = π(a|s) / π_old(a|s)` (Schulman et al.
    /// 2017, *Proximal Policy Optimization Algorithms*, arXiv:1707.06347, equation 7).
    ///
    /// - Parameters:
    ///   - logProbabilities: log π(a|s) of the actions taken.
    ///   - old: log-probabilities under the policy that acted.
    ///   - advantages: constants; no gradient flows to them.
    ///   - clip: ε.
    public static func clipped(logProbabilities: Tensor, old: Tensor, advantages: Tensor, clip: Float) -> Tensor {
        requireRows(logProbabilities, advantages, "the clipped surrogate")
        requireRows(logProbabilities, old, "the clipped surrogate")
        require(clip > 0, "the clipped surrogate needs a clip above 0, got \(clip)")
        let advantages = advantages.detached()
        let ratio = (logProbabilities - old.detached()).exp()
        return -Tensor.minimum(ratio * advantages, ratio.clamped(to: 1 - clip...1 + clip) * advantages).mean()
    }
}

/// How far values are from the returns that were seen.
///
/// - Shapes: values and returns `[B]`; results `[]`.
public enum ValueLoss {
    /// `½ mean((V - G)²)`.
    public static func squared(values: Tensor, returns: Tensor) -> Tensor {
        requireRows(values, returns, "the value loss")
        return (values - returns.detached()).squared().mean() * 0.5
    }

    /// The same, in which a value gains nothing by moving further than ε from the old one:
    /// `½ mean(max((V - G)², (V_old + clip(V - V_old, -ε, ε) - G)²))` (as in the code of Schulman et al. 2017,
    /// arXiv:1707.06347; what it is worth: Andrychowicz et al. 2020, arXiv:2006.05990).
    public static func clipped(values: Tensor, old: Tensor, returns: Tensor, clip: Float) -> Tensor {
        requireRows(values, returns, "the clipped value loss")
        requireRows(values, old, "the clipped value loss")
        require(clip > 0, "the clipped value loss needs a clip above 0, got \(clip)")
        let (old, returns) = (old.detached(), returns.detached())
        let near = old + (values - old).clamped(to: -clip...clip)
        return Tensor.maximum((values - returns).squared(), (near - returns).squared()).mean() * 0.5
    }
}

/// The three parts of an actor-critic's loss.
///
/// `L = L_policy + c_V L_value - c_H H`: A2C with ``PolicyLoss/gradient(logProbabilities:advantages:)`` and
/// ``ValueLoss/squared(values:returns:)`` (Mnih et al. 2016, *Asynchronous Methods for Deep Reinforcement Learning*,
/// arXiv:1602.01783), PPO with the clipped forms.
///
/// - Shapes: every part `[]`.
public struct ActorCriticLoss: Sendable {
    /// L_policy, which may be negative.
    public var policy: Tensor
    /// L_value, 0 or more.
    public var value: Tensor
    /// The mean entropy of the policy, in nats; a bonus.
    public var entropy: Tensor

    /// A loss of parts made elsewhere, each `[]`.
    public init(policy: Tensor, value: Tensor, entropy: Tensor) {
        (self.policy, self.value, self.entropy) = (policy, value, entropy)
    }

    /// A2C's parts.
    ///
    /// - Shapes: `logits` `[B, A]`, `values`, `advantages` and `returns` `[B]`, `actions` B.
    public init(logits: Tensor, values: Tensor, actions: [Int], advantages: Tensor, returns: Tensor) {
        self.init(
            policy: PolicyLoss.gradient(logProbabilities: logits.logProbabilities(of: actions), advantages: advantages),
            value: ValueLoss.squared(values: values, returns: returns), entropy: logits.entropies().mean())
    }

    /// The weighted sum.
    public func total(valueWeight: Double, entropyWeight: Double) -> Tensor {
        let loss = policy + value * Float(valueWeight)
        return entropyWeight == 0 ? loss : loss - entropy * Float(entropyWeight)
    }
}

private func requireRows(_ a: Tensor, _ b: Tensor, _ name: String) {
    require(
        a.shape.count == 1 && a.shape == b.shape, "\(name) needs vectors of equal length, got \(a.shape), \(b.shape)")
}
