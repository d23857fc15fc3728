internal import Foundation
internal import PlumbData
internal import PlumbNN

/// Gemma 2: norms of what attention and MLP read and of what they write, gains stored less 1, scaled embeddings, caps of
/// scores and logits, a window in every other layer (Gemma Team 2024, arXiv:2408.00118).
enum Gemma2: ModelFamily {
    typealias Configuration = GemmaBlock.Configuration

    static let kind = FamilyKind(title: "Gemma 2", className: "Gemma2ForCausalLM", ggufName: "gemma2")
    static let names: TensorNames = {
        var names = Llama.names.adding([
            .ln1Post: ("post_attention_layernorm", "post_attention_norm"),
            .ln2: ("pre_feedforward_layernorm", "ffn_norm"),
            .ln2Post: ("post_feedforward_layernorm", "post_ffw_norm"),
        ])
        names.storesGainsLessOne = true
        return names
    }()

    /// Every other layer has a window, the first among them.
    private static func types(_ layers: Int) -> [String] {
        (0..<layers).map { $0 % 2 == 0 ? "sliding_attention" : "full_attention" }
    }

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        (design.biases, design.activation, design.normEpsilon) = (.none, .geluTanh, 1e-6)
        design.normPlacement = .around
        design.embeddingScale = Float(sizes.width).squareRoot()
        design.masks = types(sizes.layers).map { $0 == "full_attention" ? .causal : .window(4096) }
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try GemmaBlock.block(
            configuration, architecture, types: types, usualWindow: 4096, usualTheta: 10_000)
        // A null means no cap.
        description.design.scoreSoftCap = try Float.positive(
            configuration.attn_logit_softcapping.given(or: 50), "attn_logit_softcapping")
        description.design.logitSoftCap = try Float.positive(
            configuration.final_logit_softcapping.given(or: 30), "final_logit_softcapping")
        return description
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try GemmaBlock.block(file, weights, architecture, types: types, usualTheta: 10_000)
        // The file has no scale: only the 27B has another one.
        let sizes = description.sizes
        if sizes.layers == 46 { description.design.scoreScale = GemmaBlock.scale(sizes.width / sizes.heads) }
        description.design.scoreSoftCap = try Float.positive(
            file.number("gemma2.attn_logit_softcapping", default: 50), "attn_logit_softcapping")
        description.design.logitSoftCap = try Float.positive(
            file.number("gemma2.final_logit_softcapping", default: 30), "final_logit_softcapping")
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        try GemmaBlock.configuration(of: transformer)
    }
}
