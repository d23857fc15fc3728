internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// The tokens of a text, and which of them are to be learned: those of answers, not those of prompts.
public struct ScoredText: Sendable, Hashable, Codable {
    /// A stretch of tokens that are learned, or are not.
    public struct Part: Sendable, Hashable, Codable {
        /// The tokens.
        public var tokens: [Int]
        /// Whether they are learned.
        public var isScored: Bool

        /// A stretch of tokens.
        public init(_ tokens: [Int], isScored: Bool) { (self.tokens, self.isScored) = (tokens, isScored) }
    }

    /// All tokens, in order.
    public private(set) var tokens: [Int] = []
    /// Whether each token is learned; never the first, which nothing predicts.
    public private(set) var isScored: [Bool] = []

    /// A text of its parts.
    public init(_ parts: [Part]) {
        for part in parts {
            for token in part.tokens {
                isScored.append(part.isScored && !tokens.isEmpty)
                tokens.append(token)
            }
        }
    }

    /// A prompt, and an answer that is learned.
    public init(prompt: [Int], answer: [Int]) {
        self.init([Part(prompt, isScored: false), Part(answer, isScored: true)])
    }

    /// How many tokens are learned.
    public var scoredCount: Int { isScored.count { $0 } }

    /// The places of the tokens that are learned.
    var places: [Int] { isScored.indices.filter { isScored[$0] } }

    /// The tokens in stretches that are learned or are not.
    public var parts: [Part] {
        var result: [Part] = []
        for (token, isScored) in zip(tokens, isScored) {
            if result.last?.isScored == isScored {
                result[result.count - 1].tokens.append(token)
            } else {
                result.append(Part([token], isScored: isScored))
            }
        }
        return result
    }

    /// The first `count` tokens.
    func prefix(_ count: Int) -> ScoredText {
        ScoredText(zip(tokens, isScored).prefix(count).map { Part([$0], isScored: $1) })
    }
}

/// Two answers to one prompt, of which one was chosen.
public struct AnswerPair: Sendable, Hashable, Codable {
    /// The prompt and the chosen answer.
    public var chosen: ScoredText
    /// The prompt and the other answer.
    public var rejected: ScoredText

    /// A pair of texts.
    public init(chosen: ScoredText, rejected: ScoredText) { (self.chosen, self.rejected) = (chosen, rejected) }
}

extension HookedTransformer {
    /// The logits from which the scored tokens of texts are predicted, and those tokens. Only these positions are
    /// unembedded, and no text is filled up to the length of another.
    ///
    /// - Shapes: logits `[N, V]`, N scored tokens in all; tokens N.
    public func scoredLogits(_ texts: [ScoredText]) -> (logits: Tensor, tokens: [Int]) {
        var (batch, rows, tokens, start) = ([[Int]](), [Int](), [Int](), 0)
        for text in texts {
            // What follows the last scored token, and that token itself, need not be read.
            guard let last = text.places.last else { continue }
            rows.append(contentsOf: text.places.map { start + $0 - 1 })
            tokens.append(contentsOf: text.places.map { text.tokens[$0] })
            batch.append(Array(text.tokens[..<last]))
            start += last
        }
        return (logits(features: features(batch: batch).gathered(rows)), tokens)
    }

    /// The mean cross-entropy of the scored tokens of texts, in nats.
    ///
    /// - Shapes: result `[]`.
    public func loss(_ texts: [ScoredText]) -> Tensor {
        let (logits, tokens) = scoredLogits(texts)
        return logits.crossEntropy(tokens)
    }

    /// The log-probability of the scored tokens of each text, in nats: `log π(answer | prompt)`.
    ///
    /// - Shapes: result `[B]`.
    public func logProbabilities(_ texts: [ScoredText]) -> Tensor {
        let (logits, tokens) = scoredLogits(texts)
        return sums(logits.logProbabilities(of: tokens), texts)
    }

    /// Sums of numbers of scored tokens over each text.
    private func sums(_ values: Tensor, _ texts: [ScoredText]) -> Tensor {
        let owners = texts.enumerated().flatMap { index, text in [Int](repeating: index, count: text.scoredCount) }
        return values.reshaped([values.count, 1]).scattered(to: owners, of: texts.count).reshaped([texts.count])
    }
}
