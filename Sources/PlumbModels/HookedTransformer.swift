public import Foundation
internal import PlumbData
internal import PlumbNN
public import PlumbTensor
public import PlumbTokenizers

/// A language model whose every activation can be read and changed.
///
/// ```swift
/// let model = try await HookedTransformer.load("smollm2-135m")
/// let (logits, cache) = model.run(model.tokens("When Mary and John went"), recording: .all)
/// let patched = model.run(corrupted, with: [.patch(.block(3, .attnOut), from: cache)]).output
/// ```
///
/// A model is an immutable value: runs on it cannot leave anything behind, and it may be used from several tasks.
public struct HookedTransformer: Sendable {
    /// What the model was asked for by: `smollm2-135m`, a path, a hub id.
    public let name: String
    /// The sizes and kinds of the model's parts: L, D, H, K, F, V and the like.
    public let configuration: TransformerConfiguration
    /// Turns text into tokens; nil for checkpoints that bring none.
    public let tokenizer: Tokenizer?
    /// Whether weights were stored in a few bits each. Results are then those of the quantized model.
    public let isQuantized: Bool
    /// The files the weights came from.
    public let files: [URL]
    /// What products are computed in. Anything but `float32` is less exact, and belongs in the record.
    public var arithmetic: Arithmetic = .float32
    /// Whether texts begin with the beginning-of-sequence token; nil is as the model's files say.
    public var addsBOS: Bool?
    var transformer: Transformer

    init(name: String, transformer: Transformer, tokenizer: Tokenizer?, isQuantized: Bool, files: [URL]) {
        self.name = name
        self.transformer = transformer
        self.tokenizer = tokenizer
        self.isQuantized = isQuantized
        self.files = files
        configuration = transformer.configuration
    }

    /// Every hook point of the model, in the order in which a forward pass meets them.
    public var hookPoints: [HookPoint] {
        let design = transformer.design
        let inside = Site.insideBlock.filter { site in
            switch site {
            case .rotQ, .rotK: design.rotary != nil
            case .residMid: !design.isParallel
            case .mlpPreLinear: design.isGated
            case .mlpMid, .mlpNormScale, .mlpNormNormalized: design.normalizesNeurons
            case .mlpPre, .mlpPost, .mlpOut: configuration.mlpWidth > 0
            case .ln1Scale, .ln1Normalized: design.normPlacement != .after
            case .ln2Scale, .ln2Normalized: configuration.mlpWidth > 0 && design.normPlacement != .after
            case .ln1PostScale, .ln1PostNormalized: design.normalizesOutputs
            case .ln2PostScale, .ln2PostNormalized: configuration.mlpWidth > 0 && design.normalizesOutputs
            case .queryNormScale, .queryNormNormalized, .keyNormScale, .keyNormNormalized:
                design.queryKeyNorm != .none
            default: true
            }
        }
        return [.embed] + (design.hasPositionTable ? [.positionEmbed] : [])
            + (0..<configuration.layers).flatMap { block in inside.map { .block(block, $0) } }
            + [.finalScale, .finalNormalized, .logits]
    }

    /// The number of heads that an activation with an axis of heads has.
    public func heads(at site: Site) -> Int {
        let norms: [Site] = [.queryNormScale, .queryNormNormalized, .keyNormScale, .keyNormNormalized]
        if norms.contains(site), transformer.design.queryKeyNorm == .row { return 1 }
        let keys: [Site] = [.k, .v, .rotK, .keyNormScale, .keyNormNormalized]
        return keys.contains(site) ? configuration.keyValueHeads : configuration.heads
    }

    /// Packs every weight for the product kernels now, rather than when it is first used.
    public func prepare() {
        for block in transformer.blocks { block.linears.forEach { $0.weight.prepare(arithmetic) } }
        transformer.unembedding.weight.prepare(arithmetic)
    }

    /// Refuses tokens that the model cannot read.
    ///
    /// - Throws: ``ModelError`` for an empty prompt, one longer than the context, or a token outside the vocabulary.
    public func check(_ tokens: [Int]) throws {
        guard !tokens.isEmpty else { throw ModelError("the prompt has no tokens") }
        guard tokens.count <= configuration.context else {
            throw ModelError(
                "the prompt has \(tokens.count) tokens; \(name) reads at most \(configuration.context)")
        }
        if let bad = tokens.first(where: { $0 < 0 || $0 >= configuration.vocabulary }) {
            throw ModelError("token \(bad) is outside the vocabulary of \(configuration.vocabulary)")
        }
    }

    /// Refuses what damaged weights make of a prompt.
    ///
    /// - Parameter values: logits or log-probabilities of this model, of any shape.
    /// - Throws: ``ModelError`` naming the model's files when one of them is infinite or not a number.
    public func requireNumbers(_ values: Tensor) throws {
        guard !values.isFinite else { return }
        let weights = files.isEmpty ? name : files.map(\.path).joined(separator: ", ")
        throw ModelError("the logits of \(name) are not numbers (NaN): the weights in \(weights) are damaged")
    }

    /// The text of a token; its number where the model has no tokenizer.
    public func string(of token: Int) -> String { tokenizer?.string(of: token) ?? "\(token)" }

    /// The tokens of `text`.
    ///
    /// - Throws: ``ModelError`` when the model has no tokenizer, or cannot read the prompt.
    public func tokens(_ text: String) throws -> [Int] {
        guard let tokenizer else { throw ModelError("\(name) has no tokenizer: pass token ids instead of text") }
        let tokens = try tokenizer.encode(text, addsBOS: addsBOS)
        try check(tokens)
        return tokens
    }

    /// The token that is exactly `text`, such as `" Mary"`.
    ///
    /// - Throws: ``ModelError`` listing the tokens when there are several.
    public func token(_ text: String) throws -> Int {
        guard let tokenizer else { throw ModelError("\(name) has no tokenizer: pass a token id instead of text") }
        let tokens = tokenizer.encode(text, addSpecialTokens: false)
        guard tokens.count == 1 else {
            let pieces = tokens.map { "\"\(tokenizer.string(of: $0))\"" }.joined(separator: " ")
            throw ModelError(
                "\"\(text)\" is \(tokens.count) tokens of \(name)\(pieces.isEmpty ? "" : " (\(pieces))"); "
                    + "an answer must be one. A word inside a sentence usually begins with a space.")
        }
        return tokens[0]
    }
}
