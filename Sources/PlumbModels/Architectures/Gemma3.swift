internal import PlumbData
internal import PlumbNN

/// Gemma 3, the text part: Gemma 2's block without caps of scores, with queries and keys normalized head by head, five
/// layers of six with a window, and other rotary positions in those (Gemma Team 2025, arXiv:2503.19786).
enum Gemma3: ModelFamily {
    typealias Configuration = GemmaBlock.Configuration

    static let kind = FamilyKind(
        title: "Gemma 3, text", className: "Gemma3ForCausalLM", ggufName: "gemma3", realModel: "Gemma 3 270M")
    static let names: TensorNames = {
        var names = Gemma2.names.adding([
            .queryNorm: ("self_attn.q_norm", "attn_q_norm"), .keyNorm: ("self_attn.k_norm", "attn_k_norm"),
        ])
        // Models of text and images keep the text part under another name, beside parts that are not read.
        names.otherPrefixes = ["language_model.model", "model.language_model"]
        names.ignoredPrefixes = [
            "vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.",
        ]
        return names
    }()

    /// Every sixth layer sees all tokens before.
    private static func types(_ layers: Int, pattern: Int) -> [String] {
        (0..<layers).map { ($0 + 1) % pattern == 0 ? "full_attention" : "sliding_attention" }
    }

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Gemma2.design(sizes)
        design.queryKeyNorm = .head
        design.rotary = RotaryEmbedding(width: sizes.headWidth, positions: sizes.context, base: 1_000_000)
        design.windowRotary = RotaryEmbedding(width: sizes.headWidth, positions: sizes.context, base: 10_000)
        design.masks = types(sizes.layers, pattern: 6).map { $0 == "full_attention" ? .causal : .window(512) }
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        guard configuration.attn_logit_softcapping.value == nil else {
            throw ModelError("attn_logit_softcapping is not supported for Gemma 3, whose scores have no cap")
        }
        let pattern = configuration.sliding_window_pattern ?? configuration._sliding_window_pattern ?? 6
        guard pattern > 0 else { throw ModelError("sliding_window_pattern is \(pattern); it must be 1 or more") }
        var description = try GemmaBlock.block(
            configuration, architecture, types: { types($0, pattern: pattern) }, usualWindow: 4096,
            usualTheta: 1_000_000)
        let sizes = description.sizes
        description.design.queryKeyNorm = .head
        description.design.logitSoftCap = try Float.positive(
            configuration.final_logit_softcapping.value, "final_logit_softcapping")
        description.design.windowRotary = try RopeParameters.rotary(
            theta: configuration.rope_local_base_freq, scaling: nil, parameters: configuration.rope_parameters?.sliding,
            headWidth: sizes.headWidth, context: sizes.context)
        return description
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try GemmaBlock.block(
            file, weights, architecture, types: { types($0, pattern: 6) }, usualTheta: 1_000_000)
        let sizes = description.sizes
        description.design.queryKeyNorm = .head
        if sizes.layers == 62 { description.design.scoreScale = GemmaBlock.scale(sizes.width / sizes.heads) }
        description.design.windowRotary = try RotaryEmbedding(
            width: sizes.headWidth, positions: sizes.context,
            base: try file.number("gemma3.rope.freq_base_swa", default: 10_000)
        ).validated()
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        let headWidth = transformer.configuration.headWidth
        var configuration = try GemmaBlock.configuration(of: transformer)
        configuration.rope_parameters?.sliding = try RopeParameters(
            transformer.design.windowRotary ?? transformer.design.rotary, headWidth: headWidth)
        return configuration
    }
}
