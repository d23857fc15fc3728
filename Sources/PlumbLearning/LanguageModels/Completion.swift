internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor
internal import PlumbTokenizers

/// What a policy wrote after a prompt.
public struct Completion: Sendable, Hashable, Codable {
    /// The tokens that were given.
    public var prompt: [Int]
    /// The tokens that were written; of a text that ended, the last one ends it.
    public var tokens: [Int]
    /// Whether a stop token ended the text, rather than the number of tokens allowed.
    public var isFinished: Bool
    /// Prompt and completion.
    public var text: [Int] { prompt + tokens }

    /// A completion.
    ///
    /// - Precondition: the prompt is not empty.
    public init(prompt: [Int], tokens: [Int], isFinished: Bool = false) {
        require(!prompt.isEmpty, "a completion needs a prompt of a token or more")
        (self.prompt, self.tokens, self.isFinished) = (prompt, tokens, isFinished)
    }

    /// The prompt, and the completion as an answer to learn.
    public var scored: ScoredText { ScoredText(prompt: prompt, answer: tokens) }
}

extension HookedTransformer {
    /// Completions of prompts, written side by side with key-value caches; number `row` draws from `key[row]`.
    ///
    /// Writing does not stop at a stop token, what follows it is dropped: so the token is known, and a policy can learn to
    /// end a text, or not to.
    ///
    /// - Parameters:
    ///   - maxTokens: the most tokens of a completion, the one that ends it included.
    ///   - temperature: 0 takes the most probable token.
    ///   - stopTokens: tokens that end a text; nil for the tokenizer's.
    /// - Throws: `ModelError` for a prompt that the model cannot read.
    public func completions(
        of prompts: [[Int]], maxTokens: Int, temperature: Double = 1, stopTokens: Set<Int>? = nil, key: RandomKey
    ) throws -> [Completion] {
        let stops = stopTokens ?? tokenizer?.stopTokens ?? []
        let written = try continuations(
            of: prompts, maxTokens: maxTokens, temperature: temperature, stopTokens: [], key: key)
        return zip(prompts, written).map { prompt, text in
            let end = text.tokens.firstIndex(where: stops.contains)
            return Completion(
                prompt: prompt, tokens: end.map { Array(text.tokens[...$0]) } ?? text.tokens, isFinished: end != nil)
        }
    }

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

    /// How far this policy is from another on each text: the sum over its tokens of the exact divergence of the next
    /// token's distributions, in nats. On texts of this policy its mean estimates the divergence of whole texts without
    /// bias.
    ///
    /// - Parameter rows: texts in a pass.
    public func divergences(
        from reference: HookedTransformer, on completions: [Completion], rows: Int = 16
    ) -> [Double] {
        require(rows > 0, "a pass needs rows, got \(rows)")
        return stride(from: 0, to: completions.count, by: rows).flatMap { first in
            let part = Array(completions[first..<min(first + rows, completions.count)])
            let values = completionLogits(part).klDivergences(to: reference.completionLogits(part)).doubles
            return Self.sums(values, part)
        }
    }

    /// Sums of numbers of tokens over each completion.
    static func sums(_ values: [Double], _ completions: [Completion]) -> [Double] {
        var start = 0
        return completions.map { completion in
            defer { start += completion.tokens.count }
            return values[start..<start + completion.tokens.count].reduce(0, +)
        }
    }
}
