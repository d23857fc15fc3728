internal import Foundation
internal import PlumbData
internal import PlumbNN

/// The Llama family: RMSNorm, rotary positions, grouped-query attention, SwiGLU, embeddings tied or not
/// (Touvron et al. 2023, arXiv:2302.13971). SmolLM2 is one of them.
enum Llama: ModelFamily {
    struct Configuration: Codable, Sendable {
        var hidden_size: Int
        var intermediate_size: Int
        var num_hidden_layers: Int
        var num_attention_heads: Int
        var num_key_value_heads, head_dim: Int?
        var vocab_size: Int
        var max_position_embeddings: Int?
        var rms_norm_eps: Float
        var hidden_act: String?
        var tie_word_embeddings, attention_bias, mlp_bias: Bool?
        var rope_theta: Double?
        /// What releases of `transformers` before 5 read; absent where angles are not stretched.
        var rope_scaling: RopeParameters?
        /// What those since 5 read.
        var rope_parameters: LayerRopeParameters?
        /// Of Qwen 2 and 3.
        var use_sliding_window: Bool?
        var sliding_window: Int?
        var max_window_layers: Int?
        var layer_types: [String]?
        /// Of Phi-3, whose context may be stretched.
        var partial_rotary_factor: Double?
        var original_max_position_embeddings: Double?
    }

    static let kind = FamilyKind(
        title: "Llama, SmolLM2", className: "LlamaForCausalLM", ggufName: "llama", realModel: "SmolLM2 135M")
    static let names = TensorNames(
        blocks: ("model.layers", "blk"),
        parts: [
            .tokenEmbedding: ("model.embed_tokens", "token_embd"), .ln1: ("input_layernorm", "attn_norm"),
            .query: ("self_attn.q_proj", "attn_q"), .key: ("self_attn.k_proj", "attn_k"),
            .value: ("self_attn.v_proj", "attn_v"), .attentionOutput: ("self_attn.o_proj", "attn_output"),
            .ln2: ("post_attention_layernorm", "ffn_norm"), .gate: ("mlp.gate_proj", "ffn_gate"),
            .up: ("mlp.up_proj", "ffn_up"), .down: ("mlp.down_proj", "ffn_down"),
            .finalNorm: ("model.norm", "output_norm"), .unembedding: ("lm_head", "output"),
        ])

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        TransformerDesign(
            norm: .rms, biases: .asStored, activation: .silu, isGated: true,
            rotary: RotaryEmbedding(width: sizes.headWidth, positions: sizes.context, base: 10_000), isTied: true)
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        guard configuration.sliding_window == nil, !(configuration.layer_types ?? []).contains("sliding_attention")
        else {
            throw ModelError(
                "sliding_window is not supported for \(architecture.rawValue), which sees all tokens before")
        }
        return try block(configuration, architecture)
    }

    /// The block that this family shares with others, which then change it.
    ///
    /// - Parameter part: the part of a head's features that turn where the configuration gives none; nil where all must.
    static func block(
        _ configuration: Configuration, _ architecture: Architecture, part: Double? = nil
    ) throws -> TransformerDescription {
        guard part != nil || configuration.partial_rotary_factor ?? 1 == 1 else {
            throw ModelError(
                "partial_rotary_factor is not supported for \(architecture.rawValue), whose heads turn whole")
        }
        let sizes = try TransformerConfiguration(
            architecture: architecture, layers: configuration.num_hidden_layers, width: configuration.hidden_size,
            heads: configuration.num_attention_heads, keyValueHeads: configuration.num_key_value_heads,
            headWidth: configuration.head_dim, mlpWidth: configuration.intermediate_size,
            vocabulary: configuration.vocab_size, context: configuration.max_position_embeddings ?? 2048
        ).validated()
        var design = design(sizes)
        design.activation = try Activation(hidden: configuration.hidden_act ?? "silu")
        design.normEpsilon = try Normalization.validated(epsilon: configuration.rms_norm_eps)
        design.rotary = try RopeParameters.rotary(
            theta: configuration.rope_theta, scaling: configuration.rope_scaling,
            parameters: configuration.rope_parameters?.full,
            part: part.map { configuration.partial_rotary_factor ?? $0 },
            headWidth: sizes.headWidth, context: sizes.context,
            originalContext: configuration.original_max_position_embeddings)
        // Where the file says that they are not tied, a missing head is a fault.
        design.isTied = configuration.tie_word_embeddings ?? false
        return TransformerDescription(sizes: sizes, design: design)
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let kind = try file.architecture
        let width = try file.integer("\(kind).embedding_length")
        let heads = try file.integer("\(kind).attention.head_count")
        let sizes = try TransformerConfiguration(
            architecture: architecture, layers: try file.integer("\(kind).block_count"), width: width, heads: heads,
            keyValueHeads: try file.integer("\(kind).attention.head_count_kv", default: heads),
            headWidth: try file.integer("\(kind).attention.key_length", default: width / max(1, heads)),
            mlpWidth: try file.integer("\(kind).feed_forward_length"), vocabulary: try weights.rows(.tokenEmbedding),
            context: try file.integer("\(kind).context_length")
        ).validated()
        var design = design(sizes)
        design.normEpsilon = try Normalization.validated(
            epsilon: Float(file.number("\(kind).attention.layer_norm_rms_epsilon")))
        design.rotary = try RopeParameters.rotary(of: file, weights, sizes)
        design.isTied = !weights.contains(.unembedding)
        return TransformerDescription(sizes: sizes, design: design)
    }

    /// GGUF stores the features of each query and key head that turn as neighboring pairs, in files of the architecture
    /// "llama"; this puts them back into two halves, as Hugging Face and TransformerLens have them.
    static func rowOrder(
        _ part: TensorNames.Part, _ dialect: TensorNames.Dialect, _ description: TransformerDescription
    ) -> [Int]? {
        guard dialect == .gguf, part == .query || part == .key, let rotary = description.design.rotary else {
            return nil
        }
        let sizes = description.sizes
        let (width, half) = (sizes.headWidth, rotary.width / 2)
        return (0..<(part == .query ? sizes.heads : sizes.keyValueHeads) * width).map { row in
            let (head, feature) = (row / width, row % width)
            return feature < 2 * half ? head * width + (feature % half) * 2 + feature / half : row
        }
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        try configuration(of: transformer, allowsPart: false)
    }

    /// - Parameter allowsPart: whether a part of a head's features may turn.
    static func configuration(of transformer: Transformer, allowsPart: Bool) throws -> Configuration {
        let (sizes, design) = (transformer.configuration, transformer.design)
        let rope = try RopeParameters(design.rotary, headWidth: sizes.headWidth, allowsPart: allowsPart)
        return Configuration(
            hidden_size: sizes.width, intermediate_size: sizes.mlpWidth, num_hidden_layers: sizes.layers,
            num_attention_heads: sizes.heads, num_key_value_heads: sizes.keyValueHeads, head_dim: sizes.headWidth,
            vocab_size: sizes.vocabulary, max_position_embeddings: sizes.context, rms_norm_eps: design.normEpsilon,
            hidden_act: design.activation.hiddenName, tie_word_embeddings: transformer.isTied,
            attention_bias: transformer.blocks.contains { $0.attention.hasBias },
            mlp_bias: transformer.blocks.contains { $0.mlp?.hasBias ?? false },
            rope_theta: rope.rope_theta, rope_scaling: rope.rope_type == "default" ? nil : rope,
            rope_parameters: LayerRopeParameters(full: rope))
    }
}
