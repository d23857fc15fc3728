public import Foundation
internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor
public import PlumbTokenizers

/// What an encoder reads: tokens, and the segment that each belongs to.
public struct EncoderInput: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// The tokens, T of them, those that begin and end a text among them.
    public var tokens: [Int]
    /// The segment of each token: 0, or 1 in the second text of a pair.
    public var types: [Int]

    /// Tokens of one text, unless segments are given.
    ///
    /// - Precondition: there is a segment for each token.
    public init(_ tokens: [Int], types: [Int]? = nil) {
        require(types.map { $0.count == tokens.count } ?? true, "each of \(tokens.count) tokens needs a segment")
        (self.tokens, self.types) = (tokens, types ?? tokens.map { _ in 0 })
    }

    /// The tokens of one text.
    public init(arrayLiteral tokens: Int...) { self.init(tokens) }
}

/// A BERT encoder whose every activation can be read and changed (Devlin et al. 2018, arXiv:1810.04805).
///
/// ```swift
/// let encoder = try HookedEncoder.load(folder: url)
/// let hidden = encoder.run(EncoderInput(encoder.tokenizer!.encode("A sentence."))).output
/// ```
///
/// It reads a text in both directions, and normalizes the residual stream itself: `x = ln1(x + attn(x))`,
/// `x = ln2(x + mlp(x))`. Hook points are called as in TransformerLens's HookedEncoder: `hook_resid_mid` and
/// `hook_resid_post` are the sums, `hook_normalized_resid_post` is what the next block reads.
public struct HookedEncoder: HookedModel, Sendable {
    /// What the encoder was asked for by.
    public let name: String
    /// The sizes of the encoder's parts.
    public let configuration: EncoderConfiguration
    /// Turns text into tokens; nil for checkpoints that bring none.
    public let tokenizer: Tokenizer?
    /// The files the weights came from.
    public let files: [URL]
    var wordEmbedding, positionEmbedding, typeEmbedding: Weight
    var embeddingNorm: Normalization
    var blocks: [TransformerBlock]
    /// From the first token's hidden state to what sentences are told apart by; nil where the checkpoint has none.
    var pooler: Linear?

    init(
        name: String, configuration: EncoderConfiguration, tokenizer: Tokenizer?, files: [URL], word: Weight,
        position: Weight, type: Weight, norm: Normalization, blocks: [TransformerBlock], pooler: Linear?
    ) {
        (self.name, self.configuration, self.tokenizer, self.files) = (name, configuration, tokenizer, files)
        (wordEmbedding, positionEmbedding, typeEmbedding) = (word, position, type)
        (embeddingNorm, self.blocks, self.pooler) = (norm, blocks, pooler)
    }

    /// Hidden states of one text, every activation on the way handed to `hooks`.
    ///
    /// - Shapes: result `[T, D]`.
    /// - Precondition: ``check(_:)`` accepts the input.
    public func forward(_ input: EncoderInput, _ hooks: inout HookRunner) -> Tensor {
        hooks.showRows(as: [input.tokens.count])
        return stream([input], &hooks)
    }

    /// Hidden states of every token of texts of any lengths, in one pass: the bits that each text has alone.
    ///
    /// - Shapes: each result `[T, D]`.
    /// - Precondition: ``check(_:)`` accepts each input.
    public func hidden(_ inputs: [EncoderInput]) -> [Tensor] {
        guard !inputs.isEmpty else { return [] }
        var hooks = HookRunner.idle
        let rows = stream(inputs, &hooks)
        var first = 0
        return inputs.map { input in
            defer { first += input.tokens.count }
            return rows[first..<first + input.tokens.count]
        }
    }

    /// The mean hidden state of each text, of length 1: what sentence encoders compare (Reimers and Gurevych 2019,
    /// arXiv:1908.10084).
    ///
    /// - Shapes: result `[N, D]`.
    public func embeddings(_ inputs: [EncoderInput]) -> Tensor {
        let means = hidden(inputs).map { $0.mean(axis: 0, keepingAxis: true) }
        let rows = Tensor.concatenated(means)
        return rows / (rows * rows).summed(axis: 1).reshaped([inputs.count, 1]).squareRoot()
    }

    /// `tanh(W h + b)` of the first token's hidden state; nil where the checkpoint has no pooler.
    ///
    /// - Shapes: `hidden` `[T, D]`, result `[D]`.
    public func pooled(_ hidden: Tensor) -> Tensor? { pooler.map { $0(hidden[0..<1]).tanh()[0] } }

    private func stream(_ inputs: [EncoderInput], _ hooks: inout HookRunner) -> Tensor {
        for input in inputs {
            do { try check(input) } catch { unmet("\(error)") }
        }
        let batch = RaggedBatch(lengths: inputs.map(\.tokens.count))
        let words = hooks(hooks.watched(wordEmbedding.rows(inputs.flatMap(\.tokens))), at: .embed)
        let positions = hooks(
            hooks.watched(positionEmbedding.rows(batch.positions.map(Int.init))), at: .positionEmbed)
        let types = hooks(hooks.watched(typeEmbedding.rows(inputs.flatMap(\.types))), at: .outside(.tokenTypeEmbed))
        var x = hooks(embeddingNorm(words + types + positions), at: .outside(.fullEmbed))
        for (i, block) in blocks.enumerated() { x = block(x, block: i, in: batch, &hooks) }
        return x
    }

    /// Every hook point, in the order in which a forward pass meets them.
    public var hookPoints: [HookPoint] {
        let inside: [Site] = [
            .residPre, .q, .k, .v, .attnScores, .pattern, .z, .result, .attnOut, .residMid, .ln1Scale, .ln1Normalized,
            .mlpPre, .mlpPost, .mlpOut, .residPost, .ln2Scale, .ln2Normalized, .normalizedResidPost,
        ]
        return [.embed, .positionEmbed, .outside(.tokenTypeEmbed), .outside(.fullEmbed)]
            + blocks.indices.flatMap { block in inside.map { .block(block, $0) } }
    }

    /// Refuses what the encoder cannot read.
    ///
    /// - Throws: ``ModelError`` for no tokens, more than there are positions, or a token or segment that does not exist.
    public func check(_ input: EncoderInput) throws {
        guard !input.tokens.isEmpty else { throw ModelError("the text has no tokens") }
        guard input.tokens.count <= configuration.positions else {
            throw ModelError(
                "the text has \(input.tokens.count) tokens; \(name) reads at most \(configuration.positions)")
        }
        if let bad = input.tokens.first(where: { $0 < 0 || $0 >= configuration.vocabulary }) {
            throw ModelError("token \(bad) is outside the vocabulary of \(configuration.vocabulary)")
        }
        if let bad = input.types.first(where: { $0 < 0 || $0 >= configuration.segments }) {
            throw ModelError("segment \(bad) does not exist; \(name) has \(configuration.segments)")
        }
    }

    /// Shows every parameter by its name in Hugging Face's checkpoints.
    public mutating func visit(_ visitor: inout ParameterVisitor) {
        let names = HookedEncoder.names
        visitor("bert.embeddings.word_embeddings.weight", &wordEmbedding)
        visitor("bert.embeddings.position_embeddings.weight", &positionEmbedding)
        visitor("bert.embeddings.token_type_embeddings.weight", &typeEmbedding)
        visitor("bert.embeddings.LayerNorm", &embeddingNorm)
        visitor.group(names.blocks(.huggingFace)) { visitor in
            for i in blocks.indices { visitor.group(String(i)) { blocks[i].visit(&$0, names, .huggingFace) } }
        }
        guard var pooler = self.pooler.take() else { return }
        visitor("bert.pooler.dense", &pooler)
        self.pooler = pooler
    }
}

extension Site {
    /// The embedding of segments, `[T, D]`; outside the blocks, of encoders.
    public static let tokenTypeEmbed = Site(rawValue: "hook_token_type_embed")
    /// The sum of the embeddings after normalization, `[T, D]`; outside the blocks, of encoders.
    public static let fullEmbed = Site(rawValue: "hook_full_embed")
}
