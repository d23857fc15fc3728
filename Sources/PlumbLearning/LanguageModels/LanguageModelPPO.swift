internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// What a policy wrote after a prompt.
public struct Completion: Sendable, Hashable, Codable {
    /// The tokens that were given.
    public var prompt: [Int]
    /// The tokens that were written.
    public var tokens: [Int]
    /// Prompt and completion.
    public var text: [Int] { prompt + tokens }

    /// A completion.
    ///
    /// - Precondition: the prompt is not empty.
    public init(prompt: [Int], tokens: [Int]) {
        require(!prompt.isEmpty, "a completion needs a prompt of a token or more")
        (self.prompt, self.tokens) = (prompt, tokens)
    }
}

/// A language model and a linear head that estimates, before each token, what the rest of the text will earn.
///
/// - Shapes: N tokens of completions in all.
public struct PolicyWithValue: ParameterTree {
    /// Writes the text.
    public var policy: HookedTransformer
    /// From the policy's D features to a value.
    public var value: Linear

    /// A policy with values of 0.
    public init(_ policy: HookedTransformer) {
        self.policy = policy
        value = Linear(weight: Weight(.zeros([1, policy.configuration.width])), bias: .zeros([1]))
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("policy", &policy)
        visitor("value", &value)
    }

    /// The logits from which each token of the completions was drawn, `[N, V]`, and the values before it, `[N]`.
    public func scoresAndValues(_ completions: [Completion]) -> (logits: Tensor, values: Tensor) {
        let features = policy.completionFeatures(completions)
        return (policy.logits(features: features), value(features).reshaped([features.shape[0]]))
    }
}

extension HookedTransformer {
    /// The features from which each token of the completions is predicted, `[N, D]`.
    func completionFeatures(_ completions: [Completion]) -> Tensor {
        var (texts, rows, start) = ([[Int]](), [Int](), 0)
        for completion in completions where !completion.tokens.isEmpty {
            // Nothing is asked of the last token's features.
            let text = Array(completion.text.dropLast())
            rows.append(contentsOf: start + completion.prompt.count - 1..<start + text.count)
            texts.append(text)
            start += text.count
        }
        return features(batch: texts).gathered(rows)
    }

    /// The logits from which each token of the completions is drawn, `[N, V]`, N tokens of completions in all.
    public func completionLogits(_ completions: [Completion]) -> Tensor {
        logits(features: completionFeatures(completions))
    }
}

/// Proximal policy optimization of a language model: texts are scored as wholes, and each token pays for leaving a frozen
/// reference.
///
/// ```swift
/// let ppo = LanguageModelPPO()
/// var state = ppo.start(from: reference)
/// for _ in 0..<100 {
///     let round = try ppo.advance(&state, from: reference, prompts: prompts, key: key) { reward.scores($0.map(\.text)) }
///     print(round.scores, round.divergences)
/// }
/// ```
///
/// The algorithm of Ziegler et al. 2019, *Fine-Tuning Language Models from Human Preferences* (arXiv:1909.08593), and
/// Stiennon et al. 2020 (arXiv:2009.01325). What it seeks is the optimum of `E[score] - β KL(π ‖ π_ref)`, which is
/// `π* ∝ π_ref exp(score / β)`. A round depends on the state, its number and the key alone, so that training goes on bit
/// for bit from a kept state.
public struct LanguageModelPPO: Sendable {
    /// The most tokens of a completion.
    public var maxTokens = 32
    /// The temperature of the sampling; the policy that learns is that of temperature 1.
    public var temperature = 1.0
    /// Tokens that end a text; nil for the tokenizer's.
    public var stopTokens: Set<Int>?
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

    /// The reference settings.
    public init() {}

    /// Everything that one round hands to the next.
    public struct State: Sendable {
        /// The policy and its values.
        public var model: PolicyWithValue
        /// Adam with its moments.
        public var optimizer: Adam
        /// β.
        public var penalty: Double
        /// Rounds made.
        public var rounds = 0
    }

    /// What happened in a round, before its steps moved the policy.
    public struct Round: Sendable {
        /// What the policy wrote, B texts.
        public var completions: [Completion]
        /// The score of each text, [B].
        public var scores: [Double]
        /// How far the policy was from the reference on each text, [B]: the sum over its tokens of the exact divergence
        /// of the next token's distributions, in nats. Its mean estimates the divergence of whole texts without bias.
        public var divergences: [Double]
        /// The mean entropy of the next token's distribution, in nats.
        public var entropy: Double
        /// β.
        public var penalty: Double
    }

    /// The state before the first round.
    public func start(from policy: HookedTransformer) -> State {
        State(model: PolicyWithValue(policy), optimizer: Adam(learningRate: learningRate), penalty: penalty)
    }

    /// One round: a completion of each prompt is written and scored, and the policy learns from them.
    ///
    /// - Parameters:
    ///   - reference: the policy to stay near, which does not learn.
    ///   - key: of the whole training; round number `state.rounds` draws from `key[state.rounds]`.
    ///   - score: one number a completion, higher for better.
    /// - Throws: ``FitError`` for a score, loss or gradient that is not finite; `ModelError` for a prompt that the policy
    ///   cannot read. The state is then what it was.
    public func advance(
        _ state: inout State, from reference: HookedTransformer, prompts: [[Int]], key: RandomKey,
        score: ([Completion]) throws -> [Double]
    ) throws -> Round {
        let key = key[state.rounds]
        let written = try state.model.policy.continuations(
            of: prompts, maxTokens: maxTokens, temperature: temperature, stopTokens: stopTokens, key: key["texts"])
        let completions = zip(prompts, written).map { Completion(prompt: $0, tokens: $1.tokens) }
        let scores = try score(completions)
        guard scores.count == completions.count, scores.allSatisfy(\.isFinite) else {
            throw FitError(
                "round \(state.rounds) needs a finite score for each of \(completions.count) texts, got "
                    + "\(scores.count) scores, \(scores.count { !$0.isFinite }) of them not finite")
        }
        let (known, round) = assess(completions, scores, state, reference)
        var learner = AgentLearner(state.model, state.optimizer, clipNorm: clipNorm, label: "PPO")
        for pass in 0..<passes {
            var random = key["order"][pass].generator()
            let order = Array(completions.indices).shuffled(using: &random)
            for first in stride(from: 0, to: order.count, by: max(1, batch)) {
                let rows = order[first..<min(first + max(1, batch), order.count)].filter {
                    !completions[$0].tokens.isEmpty
                }
                guard !rows.isEmpty else { continue }
                try learner.descend { loss($0, rows.map { completions[$0] }, rows.map { known[$0] }) }
            }
        }
        (state.model, state.optimizer) = (learner.network, learner.optimizer)
        state.rounds += 1
        if let adaptive {
            state.penalty = adaptive.next(state.penalty, divergence: Statistics.mean(round.divergences))
        }
        return round
    }
}
