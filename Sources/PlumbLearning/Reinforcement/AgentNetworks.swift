public import PlumbModels
public import PlumbNN
public import PlumbTensor
public import PlumbWorlds

/// A network that scores actions: the logits of a policy, or the values of actions.
///
/// Any `ParameterTree` can be one: a convolutional network over planes of a grid, a language model's head, a table.
public protocol ActionNetwork: ParameterTree {
    /// A score for each action.
    ///
    /// A row of the result must depend on that row of observations alone: what acts one observation at a time learns from
    /// many at once, and both must see the same scores.
    ///
    /// - Shapes: observations `[B, …]`, the world's `featureShape` after the first axis; result `[B, A]`.
    func scores(_ observations: Tensor) -> Tensor
}

/// A policy that also says what it expects to come: V(s).
public protocol ActorCriticNetwork: ActionNetwork {
    /// The scores of actions and the value of each observation.
    ///
    /// - Shapes: observations `[B, …]`; scores `[B, A]`; values `[B]`.
    func scoresAndValues(_ observations: Tensor) -> (scores: Tensor, values: Tensor)
    /// The values alone.
    func values(_ observations: Tensor) -> Tensor
}

extension ActorCriticNetwork {
    /// The scores, made together with the values.
    public func scores(_ observations: Tensor) -> Tensor { scoresAndValues(observations).scores }
    /// The values, made together with the scores.
    public func values(_ observations: Tensor) -> Tensor { scoresAndValues(observations).values }
}

extension MLP: ActionNetwork {
    /// What the perceptron gives, one number for each action.
    public func scores(_ observations: Tensor) -> Tensor { self(observations) }

    /// A perceptron that reads what an agent sees in `world` and scores its actions.
    public init(
        _ world: some NumericWorld, hidden: [Int] = [64, 64], activation: Activation = .relu,
        initializer: Initializer = .standard, last: Initializer? = nil, key: RandomKey
    ) {
        self.init(
            [world.featureCount] + hidden + [world.actions.count], activation: activation, initializer: initializer,
            last: last, key: key)
    }
}

/// Two perceptrons that share nothing, one for the policy and one for the values.
///
/// They begin with rows at right angles, the policy nearly uniform, which is what PPO works best with (Andrychowicz et
/// al. 2020, *What Matters In On-Policy Reinforcement Learning?*, arXiv:2006.05990).
public struct ActorCritic: ActorCriticNetwork, HookedModel {
    /// Logits, `[B, …] -> [B, A]`.
    public var policy: MLP
    /// Values, `[B, …] -> [B, 1]`.
    public var value: MLP

    /// Networks that read what an agent sees in `world`.
    public init(
        _ world: some NumericWorld, hidden: [Int] = [64, 64], activation: Activation = .tanh, key: RandomKey
    ) {
        self.init(
            features: world.featureCount, actions: world.actions.count, hidden: hidden, activation: activation, key: key
        )
    }

    /// Networks that read `features` numbers and score `actions` actions.
    public init(
        features: Int, actions: Int, hidden: [Int] = [64, 64], activation: Activation = .tanh, key: RandomKey
    ) {
        let inner = Initializer.orthogonal(gain: 2.0.squareRoot())
        policy = MLP(
            [features] + hidden + [actions], activation: activation, initializer: inner,
            last: .orthogonal(gain: 0.01), key: key["policy"])
        value = MLP(
            [features] + hidden + [1], activation: activation, initializer: inner, last: .orthogonal(gain: 1),
            key: key["value"])
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("policy", &policy)
        visitor("value", &value)
    }

    /// The policy's logits, `[B, …] -> [B, A]`.
    public func scores(_ observations: Tensor) -> Tensor { policy(observations) }
    /// The values of states, `[B, …] -> [B]`.
    public func values(_ observations: Tensor) -> Tensor { value(observations).reshaped([-1]) }

    /// The logits of the actions, the policy's activations handed to `hooks` as a perceptron's are.
    ///
    /// - Shapes: observations `[B, …]`; result `[B, A]`.
    public func forward(_ observations: Tensor, _ hooks: inout HookRunner) -> Tensor {
        policy.forward(observations, &hooks)
    }

    /// Logits `[B, A]` and values `[B]`.
    public func scoresAndValues(_ observations: Tensor) -> (scores: Tensor, values: Tensor) {
        (scores(observations), values(observations))
    }
}
