internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// Prompts of a toy language, of which some should be refused: those with a harmful token among the first ones.
///
/// A text is a prompt and a suffix; the suffix has no harmful tokens and means nothing, and is where an attacker may
/// write.
public struct RefusalTask: Sendable {
    /// Tokens in all; those below ``harmful`` are harmful.
    public let vocabulary: Int, harmful: Int
    /// Tokens of the prompt, and of the suffix after it.
    public let prompt: Int, suffix: Int

    /// A task.
    ///
    /// - Precondition: there are harmful tokens and others, and both parts of a text have tokens.
    public init(vocabulary: Int = 512, harmful: Int = 32, prompt: Int = 4, suffix: Int = 8) {
        require(
            harmful > 0 && vocabulary > harmful && prompt > 0 && suffix > 0,
            "a refusal task needs harmful tokens and others, and tokens in both parts, got \(harmful) of "
                + "\(vocabulary), "
                + "\(prompt) and \(suffix)")
        (self.vocabulary, self.harmful, self.prompt, self.suffix) = (vocabulary, harmful, prompt, suffix)
    }

    /// The number of tokens of a text.
    public var length: Int { prompt + suffix }

    /// Whether a text should be refused.
    public func isHarmful(_ text: [Int]) -> Bool { text.prefix(prompt).contains { $0 < harmful } }

    /// Texts, every second harmful by one harmful token at a random place of its prompt, or all of them.
    public func texts(_ count: Int, onlyHarmful: Bool = false, key: RandomKey) -> [[Int]] {
        var random = key.generator()
        return (0..<count).map { index in
            var text = (0..<length).map { _ in benign(&random) }
            if onlyHarmful || index % 2 == 0 { text[random.index(below: prompt)] = random.index(below: harmful) }
            return text
        }
    }

    /// A random token that is not harmful.
    func benign(_ random: inout RandomKey.Generator) -> Int { harmful + random.index(below: vocabulary - harmful) }
}

/// Tells texts that should be refused from others: a perceptron on the embeddings of all tokens side by side.
///
/// - Shapes: input texts `[B][T]`; result logits `[B, 2]`, the second for "refuse".
public struct RefusalClassifier: HookedModel {
    /// The embeddings of tokens, `[V, D]`.
    public var embedding: Embedding
    /// What reads them, `[B, T · D] -> [B, 2]`.
    public var layers: MLP

    /// A new classifier.
    ///
    /// - Parameters:
    ///   - task: what it reads.
    ///   - width: D of the embeddings.
    ///   - hidden: the width of the hidden layer.
    ///   - spread: the standard deviation of new embeddings.
    ///   - key: of the weights.
    public init(_ task: RefusalTask, width: Int, hidden: Int, spread: Double = 1, key: RandomKey) {
        embedding = Embedding(
            weight: Weight(Tensor.normal([task.vocabulary, width], standardDeviation: spread, key: key["embedding"])))
        layers = MLP([task.length * width, hidden, 2], initializer: .heNormal, key: key["layers"])
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("embedding", &embedding)
        visitor("layers", &layers)
    }

    /// The logits of texts of one length, every activation on the way handed to `hooks`: `hook_embed` `[B, T · D]`.
    public func forward(_ texts: [[Int]], _ hooks: inout HookRunner) -> Tensor {
        let rows = embedding(texts.flatMap { $0 }).reshaped([texts.count, layers.layers[0].weight.inputs])
        return hooks(layers(hooks(rows, at: .embed)), at: .logits)
    }

    /// The logits of texts.
    public func callAsFunction(_ texts: [[Int]]) -> Tensor {
        var idle = HookRunner.idle
        return forward(texts, &idle)
    }

    /// How sure the classifier is that each text should be refused: the logit of "refuse" less the other.
    public func margins(_ texts: [[Int]]) -> [Float] {
        stride(from: 0, to: texts.count, by: 1024).flatMap { first in
            let logits = self(Array(texts[first..<min(first + 1024, texts.count)])).elements
            return (0..<logits.count / 2).map { logits[2 * $0 + 1] - logits[2 * $0] }
        }
    }
}
