internal import PlumbData
internal import PlumbNN

/// Phi-1.5 and Phi-2: attention and MLP side by side after one layer norm, rotary positions of a part of each head, biases
/// everywhere, one of the logits among them (Li et al. 2023, arXiv:2309.05463).
enum Phi: ModelFamily {
    struct Configuration: Codable, Sendable {
        var hidden_size: Int
        var intermediate_size: Int
        var num_hidden_layers: Int
        var num_attention_heads: Int
        var num_key_value_heads: Int?
        var vocab_size: Int
        var max_position_embeddings: Int?
        var layer_norm_eps: Float?
        var hidden_act: String?
        var qk_layernorm: Bool?
        var tie_word_embeddings: Bool?
        var partial_rotary_factor: Double?
        var rope_theta: Double?
        var rope_scaling: RopeParameters?
        var rope_parameters: RopeParameters?
    }

    static let kind = FamilyKind(
        title: "Phi-1.5, Phi-2", className: "PhiForCausalLM", ggufName: "phi2", hasFreeHeadWidth: false, isGated: false,
        rotation: .some)
    static let names = TensorNames(
        blocks: ("model.layers", "blk"),
        parts: [
            .tokenEmbedding: ("model.embed_tokens", "token_embd"), .ln1: ("input_layernorm", "attn_norm"),
            .query: ("self_attn.q_proj", "attn_q"), .key: ("self_attn.k_proj", "attn_k"),
            .value: ("self_attn.v_proj", "attn_v"), .queryNorm: ("self_attn.q_layernorm", "attn_q_norm"),
            .keyNorm: ("self_attn.k_layernorm", "attn_k_norm"), .attentionOutput: ("self_attn.dense", "attn_output"),
            .up: ("mlp.fc1", "ffn_up"), .down: ("mlp.fc2", "ffn_down"),
            .finalNorm: ("model.final_layernorm", "output_norm"), .unembedding: ("lm_head", "output"),
        ])

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        TransformerDesign(
            normPlacement: .beforeBoth, isParallel: true, hasHeadBias: true,
            rotary: RotaryEmbedding(width: max(2, sizes.headWidth / 4 * 2), positions: sizes.context, base: 10_000))
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let sizes = try TransformerConfiguration(
            architecture: architecture, layers: configuration.num_hidden_layers, width: configuration.hidden_size,
            heads: configuration.num_attention_heads, keyValueHeads: configuration.num_key_value_heads,
            mlpWidth: configuration.intermediate_size, vocabulary: configuration.vocab_size,
            context: configuration.max_position_embeddings ?? 2048
        ).validated()
        var design = design(sizes)
        design.activation = try Activation(hidden: configuration.hidden_act ?? "gelu_new")
        design.normEpsilon = try Normalization.validated(epsilon: configuration.layer_norm_eps ?? 1e-5)
        design.queryKeyNorm = configuration.qk_layernorm ?? false ? .head : .none
        design.rotary = try RopeParameters.rotary(
            theta: configuration.rope_theta, scaling: configuration.rope_scaling,
            parameters: configuration.rope_parameters, part: configuration.partial_rotary_factor ?? 0.5,
            headWidth: sizes.headWidth, context: sizes.context)
        design.isTied = configuration.tie_word_embeddings ?? false
        return TransformerDescription(sizes: sizes, design: design)
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let heads = try file.integer("phi2.attention.head_count")
        let sizes = try TransformerConfiguration(
            architecture: architecture, layers: try file.integer("phi2.block_count"),
            width: try file.integer("phi2.embedding_length"), heads: heads,
            keyValueHeads: try file.integer("phi2.attention.head_count_kv", default: heads),
            mlpWidth: try file.integer("phi2.feed_forward_length"), vocabulary: try weights.rows(.tokenEmbedding),
            context: try file.integer("phi2.context_length")
        ).validated()
        var design = design(sizes)
        let epsilon = Float(try file.number("phi2.attention.layer_norm_epsilon"))
        design.normEpsilon = try Normalization.validated(epsilon: epsilon)
        design.rotary = try RopeParameters.rotary(of: file, weights, sizes)
        return TransformerDescription(sizes: sizes, design: design)
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        let (sizes, design) = (transformer.configuration, transformer.design)
        let rope = try RopeParameters(design.rotary, headWidth: sizes.headWidth, allowsPart: true)
        return Configuration(
            hidden_size: sizes.width, intermediate_size: sizes.mlpWidth, num_hidden_layers: sizes.layers,
            num_attention_heads: sizes.heads, num_key_value_heads: sizes.keyValueHeads, vocab_size: sizes.vocabulary,
            max_position_embeddings: sizes.context, layer_norm_eps: design.normEpsilon,
            hidden_act: design.activation.hiddenName, qk_layernorm: design.queryKeyNorm == .head,
            tie_word_embeddings: transformer.isTied, partial_rotary_factor: rope.partial_rotary_factor,
            rope_theta: rope.rope_theta, rope_scaling: rope.rope_type == "default" ? nil : rope, rope_parameters: rope)
    }
}
