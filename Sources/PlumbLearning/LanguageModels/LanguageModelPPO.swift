internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// A language model that is trained, and a linear head that estimates, before each token, what the rest of the text will
/// earn.
///
/// - Shapes: N tokens of completions in all.
public struct PolicyWithValue<Model: FineTunedModel>: ParameterTree {
    /// What is trained of the model: all weights, or pairs beside them.
    public var model: Model
    /// From the policy's D features to a value.
    public var value: Linear

    /// Writes the text.
    public var policy: HookedTransformer { model.policy }

    /// A policy with values of 0.
    public init(_ model: Model) {
        self.model = model
        value = Linear(weight: Weight(.zeros([1, model.reference.configuration.width])), bias: .zeros([1]))
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("policy", &model)
        visitor("value", &value)
    }

    /// The logits from which each token of the completions was drawn, `[N, V]`, and the values before it, `[N]`.
    public func scoresAndValues(_ completions: [Completion]) -> (logits: Tensor, values: Tensor) {
        let policy = policy
        let features = policy.completionFeatures(completions)
        return (policy.logits(features: features), value(features).reshaped([features.shape[0]]))
    }
}

/// Proximal policy optimization of a language model: texts are scored as wholes, and each token pays for leaving a frozen
/// reference.
///
/// ```swift
/// let ppo = LanguageModelPPO()
/// var state = ppo.start(from: try LoRA(model, rank: 8, key: key["lora"]))
/// for _ in 0..<100 {
///     let round = try ppo.advance(&state, prompts: prompts, key: key) { reward.scores($0.map(\.text)) }
///     print(round.scores, round.divergences)
/// }
/// ```
///
/// The algorithm of Ziegler et al. 2019, *Fine-Tuning Language Models from Human Preferences* (arXiv:1909.08593), and
/// Stiennon et al. 2020 (arXiv:2009.01325). What it seeks is the optimum of `E[score] - β KL(π ‖ π_ref)`, which is
/// `π* ∝ π_ref exp(score / β)`. With ``advantage`` of groups it is GRPO or RLOO, which need no values. A round depends on
/// the state, its number and the key alone, so that training goes on bit for bit from a kept state.
public struct LanguageModelPPO: Sendable {
    /// What a token is credited with.
    public enum Advantage: Sendable, Hashable {
        /// Generalized advantages of learned values: PPO.
        case values
        /// How a text's score stands in a group written to the same prompt, over the group's deviation: GRPO
        /// (``GroupAdvantages/standardized(_:size:)``).
        case standardized(group: Int)
        /// A text's score less the mean of the others of its group: RLOO (``GroupAdvantages/leaveOneOut(_:size:)``).
        case leaveOneOut(group: Int)

        /// The texts that are written to one prompt.
        public var group: Int {
            switch self {
            case .values: 1
            case .standardized(let group), .leaveOneOut(let group): group
            }
        }
    }

    /// Where a policy pays for leaving the reference.
    public enum PenaltyPlace: String, Sendable, Hashable, Codable {
        /// In the reward of each token, or in the score of a text of a group.
        case rewards
        /// In the loss, as `β k₃` of each token: GRPO as published (arXiv:2402.03300).
        case loss
    }

    /// What a token is credited with.
    public var advantage = Advantage.values
    /// Where the policy pays for leaving the reference.
    public var penaltyPlace = PenaltyPlace.rewards
    /// The most tokens of a completion.
    public var maxTokens = 32
    /// The temperature of the sampling; the policy that learns is that of temperature 1.
    public var temperature = 1.0
    /// Tokens that end a text; nil for the tokenizer's.
    public var stopTokens: Set<Int>?
    /// What a text pays that no stop token ended.
    public var missingEndPenalty = 0.0
    /// Passes over the texts of a round.
    public var passes = 4
    /// Texts of an optimizer step.
    public var batch = 32
    /// γ.
    public var discount = 1.0
    /// λ of generalized advantage estimation.
    public var lambda = 0.95
    /// ε, how far the probability of a token may move before it gains no more.
    public var clip = 0.2
    /// How far a value may move before it gains no more; nil for no limit.
    public var valueClip: Double? = 0.2
    /// c_V.
    public var valueWeight = 0.1
    /// c_H, the weight of the entropy in nats.
    public var entropyWeight = 0.0
    /// β at the start, in units of the score a nat.
    public var penalty = 0.05
    /// What adapts β; nil keeps it.
    public var adaptive: AdaptiveKLWeight?
    /// The learning rate of Adam.
    public var learningRate = 1e-4
    /// The largest norm a gradient may have; nil for no limit.
    public var clipNorm: Double? = 1
    /// The mean divergence from the reference, in nats a text, beyond which a training ends and keeps the weights before;
    /// nil for no limit. ``run(_:prompts:rounds:texts:key:label:in:gold:score:)`` watches it.
    public var divergenceLimit: Double? = 100

    /// The reference settings.
    public init() {}

    /// Everything that one round hands to the next.
    public struct State<Model: FineTunedModel>: Sendable {
        /// The policy and its values.
        public var model: PolicyWithValue<Model>
        /// Adam with its moments.
        public var optimizer: Adam
        /// β.
        public var penalty: Double
        /// Rounds made.
        public var rounds = 0
    }

    /// What happened in a round, before its steps moved the policy.
    public struct Round: Sendable {
        /// What the policy wrote, B texts; those of a group follow each other.
        public var completions: [Completion]
        /// The score of each text, [B].
        public var scores: [Double]
        /// How far the policy was from the reference on each text, [B]: the sum over its tokens of the exact divergence
        /// of the next token's distributions, in nats. Its mean estimates the divergence of whole texts without bias.
        public var divergences: [Double]
        /// The same from the tokens that were drawn alone, `log π - log π_ref` of each text, [B]: what other libraries
        /// report. Unbiased too, with more noise.
        public var estimatedDivergences: [Double]
        /// The mean entropy of the next token's distribution, in nats.
        public var entropy: Double
        /// β.
        public var penalty: Double
        /// The share of groups whose scores are all equal, from which nothing is learned; without groups, of the round as
        /// one group.
        public var shareWithoutVariance: Double
        /// The mean loss over the round's steps; NaN where there was nothing to learn from.
        public var loss: Float
    }

    /// The state before the first round of training every weight of `policy`.
    public func start(from policy: HookedTransformer) -> State<FullFineTuning> { start(from: FullFineTuning(policy)) }

    /// The state before the first round.
    public func start<Model: FineTunedModel>(from model: Model) -> State<Model> {
        State(model: PolicyWithValue(model), optimizer: Adam(learningRate: learningRate), penalty: penalty)
    }

    /// One round: completions of each prompt are written and scored, and the policy learns from them.
    ///
    /// - Parameters:
    ///   - reference: the policy to stay near, which does not learn; nil for the model's own reference.
    ///   - prompts: each is continued once, or by as many texts as a group has.
    ///   - key: of the whole training; round number `state.rounds` draws from `key[state.rounds]`.
    ///   - score: one number a completion, higher for better.
    /// - Throws: ``FitError`` for a score, loss, gradient or weight that is not finite; `ModelError` for a prompt that the
    ///   policy cannot read. The state is then what it was.
    public func advance<Model: FineTunedModel>(
        _ state: inout State<Model>, from reference: HookedTransformer? = nil, prompts: [[Int]], key: RandomKey,
        score: ([Completion]) throws -> [Double]
    ) throws -> Round {
        let key = key[state.rounds]
        let reference = reference ?? state.model.model.reference
        let completions = try state.model.policy.completions(
            of: prompts.flatMap { Array(repeating: $0, count: advantage.group) }, maxTokens: maxTokens,
            temperature: temperature, stopTokens: stopTokens, key: key["texts"])
        let scores = try score(completions)
        guard scores.count == completions.count, scores.allSatisfy(\.isFinite) else {
            throw FitError(
                "round \(state.rounds) needs a finite score for each of \(completions.count) texts, got "
                    + "\(scores.count) scores, \(scores.count { !$0.isFinite }) of them not finite")
        }
        let assessed = assess(completions, scores, state, reference)
        let known = assessed.known
        var round = assessed.round
        var learner = AgentLearner(state.model, state.optimizer, clipNorm: clipNorm, label: name)
        for pass in 0..<passes {
            var random = key["order"][pass].generator()
            let order = Array(completions.indices).shuffled(using: &random)
            for first in stride(from: 0, to: order.count, by: max(1, batch)) {
                let rows = order[first..<min(first + max(1, batch), order.count)].filter {
                    !completions[$0].tokens.isEmpty
                }
                guard !rows.isEmpty else { continue }
                try learner.descend { loss($0, rows.map { completions[$0] }, rows.map { known[$0] }, state.penalty) }
            }
        }
        if let bad = learner.network.firstNonFinite {
            throw FitError(
                "\(name) diverged in round \(state.rounds): it left \(bad) with numbers that are not finite. Take a "
                    + "smaller learning rate than \(learner.optimizer.learningRate).")
        }
        round.loss = learner.takeLoss()
        (state.model, state.optimizer) = (learner.network, learner.optimizer)
        state.rounds += 1
        if let adaptive {
            state.penalty = adaptive.next(state.penalty, divergence: Statistics.mean(round.divergences))
        }
        return round
    }

    /// What the method is called.
    public var name: String {
        switch advantage {
        case .values: "PPO"
        case .standardized: "GRPO"
        case .leaveOneOut: "RLOO"
        }
    }
}
