internal import Foundation
internal import PlumbBasics
internal import PlumbLearning
internal import PlumbNN
public import PlumbTensor

/// Short texts that can all be listed: each of P prompts is continued by T of V tokens, a reference policy writes them,
/// and each continuation has a reward.
///
/// Sequences are numbered by their tokens as digits in base V, the first token first; sequence s of prompt p is
/// `p Vᵀ + s` among all. A context is a prompt with the tokens so far.
///
/// - Shapes: N = P · Vᵀ sequences, C = P · (Vᵀ - 1) / (V - 1) contexts.
public struct SequenceTask: Sendable {
    /// P.
    public let prompts: Int
    /// V.
    public let vocabulary: Int
    /// T.
    public let length: Int
    /// The policy to stay near.
    public private(set) var reference: SequencePolicy
    /// The reward of each sequence, [N].
    public private(set) var rewards: [Double]
    /// The tokens of all sequences as places in a flat table of the contexts' logits, [N · T].
    let places: [Int]

    /// A task with random rewards and a random reference.
    ///
    /// Rewards are sums over the tokens of a text of normal numbers, one for each context and token, of variance 1 in all:
    /// each token matters, and so does what stands before it. Logits of the reference are normal.
    ///
    /// - Parameters:
    ///   - spread: the standard deviation of the reference's logits.
    ///   - key: of rewards and reference.
    public init(prompts: Int, vocabulary: Int, length: Int, spread: Double, key: RandomKey) {
        require(
            prompts > 0 && vocabulary > 1 && length > 0, "sequences need a prompt, two tokens and a length of 1 or more"
        )
        (self.prompts, self.vocabulary, self.length) = (prompts, vocabulary, length)
        let contexts = (0..<length).reduce(0) { sum, _ in sum * vocabulary + 1 }
        let sequences = (0..<length).reduce(1) { product, _ in product * vocabulary }
        places = (0..<prompts).flatMap { prompt in
            (0..<sequences).flatMap { sequence in
                (0..<length).map { depth in
                    // Contexts of a prompt stand in order of their length, and then of their number.
                    let (digits, before) = Self.prefix(sequence, depth: depth, vocabulary: vocabulary, length: length)
                    return prompt * contexts * vocabulary + before * vocabulary + digits
                }
            }
        }
        reference = SequencePolicy(
            logits: .normal([prompts * contexts, vocabulary], standardDeviation: spread, key: key["reference"]))
        let parts = Tensor.normal(
            [prompts * contexts * vocabulary], standardDeviation: 1 / Double(length).squareRoot(), key: key["reward"]
        ).elements
        rewards = []
        rewards = (0..<prompts * sequences).map { sequence in
            places(of: sequence).reduce(0) { $0 + Double(parts[$1]) }
        }
    }

    /// The number of the first `depth + 1` tokens of a sequence, and how many contexts are shorter than `depth`.
    private static func prefix(
        _ sequence: Int, depth: Int, vocabulary: Int, length: Int
    ) -> (digits: Int, shorter: Int) {
        let digits = (depth + 1..<length).reduce(sequence) { number, _ in number / vocabulary }
        return (digits, (0..<depth).reduce(0) { sum, _ in sum * vocabulary + 1 })
    }

    /// Vᵀ, the sequences of one prompt.
    public var sequences: Int { rewards.count / prompts }

    /// The same texts and reference, all with one reward.
    public func rewarded(_ reward: Double) -> SequenceTask {
        var copy = self
        copy.rewards = rewards.map { _ in reward }
        return copy
    }

    /// Where a sequence's tokens stand in the flat table of logits, [T].
    func places(of sequence: Int) -> ArraySlice<Int> { places[sequence * length..<(sequence + 1) * length] }

    /// The contexts in which a sequence's tokens are written, [T].
    func contexts(of sequence: Int) -> [Int] { places(of: sequence).map { $0 / vocabulary } }

    /// A policy that writes all sequences equally often.
    public var uniform: SequencePolicy { SequencePolicy(logits: .zeros(reference.logits.shape)) }

    /// The sequences of one prompt among all.
    func range(_ prompt: Int) -> Range<Int> { prompt * sequences..<(prompt + 1) * sequences }

    /// The probability of each sequence given its prompt, [N].
    public func distribution(_ policy: SequencePolicy) -> [Double] {
        let logs = policy.logits.logSoftmax().elements
        return rewards.indices.map { sequence in exp(places(of: sequence).reduce(0) { $0 + Double(logs[$1]) }) }
    }

    /// `π* ∝ π_ref exp(reward / β)`, [N].
    public func optimum(weight: Double) -> [Double] {
        let reference = distribution(reference)
        return (0..<prompts).flatMap { prompt in
            RegularizedOptimum.distribution(
                reference: Array(reference[range(prompt)]), scores: Array(rewards[range(prompt)]), weight: weight)
        }
    }

    /// The best of n draws of the reference by reward, or by another score, [N].
    public func kept(of n: Int, scores: [Double]? = nil) -> [Double] {
        let (reference, scores) = (distribution(reference), scores ?? rewards)
        return (0..<prompts).flatMap { prompt in
            BestOfN.kept(
                of: n, probabilities: Array(reference[range(prompt)]), scores: Array(scores[range(prompt)]))
        }
    }

    /// A distance of two distributions given the prompt, mean over prompts.
    public func mean(_ distance: ([Double], [Double]) -> Double, _ p: [Double], _ q: [Double]) -> Double {
        Statistics.mean((0..<prompts).map { distance(Array(p[range($0)]), Array(q[range($0)])) })
    }
}

/// An autoregressive policy over the texts of a ``SequenceTask``: a row of logits for each context, and a value, as a table.
///
/// - Shapes: C contexts, V tokens.
public struct SequencePolicy: ParameterTree {
    /// `[C, V]`
    public var logits: Tensor
    /// What is expected of the rest of the text, `[C]`; only methods with a critic use it.
    public var values: Tensor

    /// A policy with these logits and values of 0.
    public init(logits: Tensor) {
        self.logits = logits
        values = .zeros([logits.shape[0]])
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("logits", &logits)
        visitor("values", &values)
    }

    /// The log-probability of each token of texts, `[R · T]`.
    func tokenLogs(_ sequences: [Int], _ task: SequenceTask) -> Tensor {
        logits.logSoftmax().reshaped([logits.count]).gathered(sequences.flatMap { task.places(of: $0) })
    }

    /// The log-probability of each text, `[R]`.
    func textLogs(_ sequences: [Int], _ task: SequenceTask) -> Tensor {
        tokenLogs(sequences, task).reshaped([sequences.count, task.length]).summed(axis: -1)
    }

    /// Texts drawn from the policy, `count` of each prompt, prompt after prompt.
    func drawn(_ count: Int, _ task: SequenceTask, using random: inout RandomKey.Generator) -> [Int] {
        let logs = logits.logSoftmax().elements
        let probabilities = logs.map { exp(Double($0)) }
        let (vocabulary, contexts) = (task.vocabulary, logits.shape[0] / task.prompts)
        return (0..<task.prompts).flatMap { prompt in
            (0..<count).map { _ in
                var (digits, shorter) = (0, 0)
                for _ in 0..<task.length {
                    let row = (prompt * contexts + shorter + digits) * vocabulary
                    var (left, token) = (random.uniform() - probabilities[row], 0)
                    while left >= 0 && token < vocabulary - 1 {
                        token += 1
                        left -= probabilities[row + token]
                    }
                    digits = digits * vocabulary + token
                    shorter = shorter * vocabulary + 1
                }
                return prompt * task.sequences + digits
            }
        }
    }
}
