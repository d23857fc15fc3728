internal import PlumbData
internal import PlumbNN

/// OLMo 2: Llama's block with norms of what attention and MLP write instead of what they read, and of queries and keys of
/// all heads together (OLMo Team 2024, arXiv:2501.00656).
enum OLMo2: ModelFamily {
    typealias Configuration = Llama.Configuration

    static let kind = FamilyKind(
        title: "OLMo 2", className: "Olmo2ForCausalLM", ggufName: "olmo2", hasFreeHeadWidth: false)
    static let names = Llama.names.adding(
        [
            .ln1Post: ("post_attention_layernorm", "post_attention_norm"),
            .ln2Post: ("post_feedforward_layernorm", "post_ffw_norm"),
            .queryNorm: ("self_attn.q_norm", "attn_q_norm"), .keyNorm: ("self_attn.k_norm", "attn_k_norm"),
        ], without: [.ln1, .ln2])

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        (design.normPlacement, design.queryKeyNorm) = (.after, .row)
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.description(configuration, architecture)
        (description.design.normPlacement, description.design.queryKeyNorm) = (.after, .row)
        return description
    }

    /// OLMo 3's files have the same architecture, a window in three layers of four, and stretched positions in the fourth.
    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.description(file, weights, architecture)
        (description.design.normPlacement, description.design.queryKeyNorm) = (.after, .row)
        let window = try file.integer("olmo2.attention.sliding_window", default: 0)
        guard window > 0 else { return description }
        description.sizes.architecture = .olmo3
        description.design.masks = OLMo3.masks(description.sizes.layers, window: window)
        description.design.windowRotary = description.design.rotary?.unscaled
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        var configuration = try Llama.configuration(of: transformer)
        (configuration.head_dim, configuration.mlp_bias) = (nil, nil)
        return configuration
    }
}

/// OLMo 3: OLMo 2's block with a window in three layers of four, and positions stretched in the fourth alone (OLMo Team
/// 2025).
enum OLMo3: ModelFamily {
    typealias Configuration = Llama.Configuration

    static let kind = FamilyKind(title: "OLMo 3", className: "Olmo3ForCausalLM", hasFreeHeadWidth: false)
    static let names = OLMo2.names

    /// Every fourth layer sees all tokens before.
    static func masks(_ layers: Int, window: Int) -> [ScaledDotProductAttention.Mask] {
        (0..<layers).map { ($0 + 1) % 4 == 0 ? .causal : .window(window) }
    }

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = OLMo2.design(sizes)
        design.masks = masks(sizes.layers, window: min(4096, sizes.context))
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.block(configuration, architecture)
        (description.design.normPlacement, description.design.queryKeyNorm) = (.after, .row)
        let (layers, window) = (description.sizes.layers, configuration.sliding_window ?? 4096)
        let types = configuration.layer_types ?? masks(layers, window: max(1, window)).map(\.typeName)
        description.design.masks = try ScaledDotProductAttention.Mask.layers(types, layers, window: window)
        description.design.windowRotary =
            try configuration.rope_parameters?.sliding.map {
                try RopeParameters.rotary(
                    theta: nil, scaling: nil, parameters: $0, headWidth: description.sizes.headWidth,
                    context: description.sizes.context)
            } ?? description.design.rotary?.unscaled
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        let design = transformer.design
        var configuration = try OLMo2.configuration(of: transformer)
        configuration.sliding_window = design.masks.lazy.compactMap(\.windowWidth).first
        configuration.layer_types = (0..<transformer.configuration.layers).map {
            design.masks[min($0, design.masks.count - 1)].typeName
        }
        let sliding = design.windowRotary ?? design.rotary?.unscaled
        configuration.rope_parameters?.sliding = try RopeParameters(
            sliding, headWidth: transformer.configuration.headWidth)
        (configuration.rope_theta, configuration.rope_scaling) = (nil, nil)
        return configuration
    }
}
