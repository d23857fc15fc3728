internal import Foundation
internal import PlumbData
internal import PlumbNN

/// GPT-NeoX and Pythia: attention and MLP side by side, layer norms, rotary positions of a part of each head, biases (Black
/// et al. 2022, arXiv:2204.06745; Biderman et al. 2023, arXiv:2304.01373).
enum GPTNeoX: ModelFamily {
    struct Configuration: Codable, Sendable {
        var hidden_size: Int
        var intermediate_size: Int
        var num_hidden_layers: Int
        var num_attention_heads: Int
        var vocab_size: Int
        var max_position_embeddings: Int?
        var layer_norm_eps: Float?
        var hidden_act: String?
        var use_parallel_residual: Bool?
        var attention_bias: Bool?
        var tie_word_embeddings: Bool?
        /// What releases of `transformers` before 5 read.
        var rotary_pct: Double?
        var rotary_emb_base: Double?
        var rope_scaling: RopeParameters?
        /// What those since 5 read.
        var rope_parameters: RopeParameters?
    }

    static let kind = FamilyKind(
        title: "GPT-NeoX, Pythia", className: "GPTNeoXForCausalLM", ggufName: "gptneox", sharesKeys: false,
        hasFreeHeadWidth: false,
        isGated: false, rotation: .some)
    static let names = TensorNames(
        blocks: ("gpt_neox.layers", "blk"),
        parts: [
            .tokenEmbedding: ("gpt_neox.embed_in", "token_embd"), .ln1: ("input_layernorm", "attn_norm"),
            .queryKeyValue: ("attention.query_key_value", "attn_qkv"),
            .attentionOutput: ("attention.dense", "attn_output"),
            .ln2: ("post_attention_layernorm", "ffn_norm"), .up: ("mlp.dense_h_to_4h", "ffn_up"),
            .down: ("mlp.dense_4h_to_h", "ffn_down"), .finalNorm: ("gpt_neox.final_layer_norm", "output_norm"),
            .unembedding: ("embed_out", "output"),
        ], otherHead: "lm_head")

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        TransformerDesign(
            isParallel: true, activation: .gelu,
            rotary: RotaryEmbedding(
                width: max(2, sizes.headWidth / 8 * 2), positions: sizes.context, base: 10_000))
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let activation = try Activation(hidden: configuration.hidden_act ?? "gelu")
        let sizes = try TransformerConfiguration(
            architecture: .gptNeoX, layers: configuration.num_hidden_layers, width: configuration.hidden_size,
            heads: configuration.num_attention_heads, mlpWidth: configuration.intermediate_size,
            vocabulary: configuration.vocab_size, context: configuration.max_position_embeddings ?? 2048
        ).validated()
        return TransformerDescription(
            sizes: sizes,
            design: TransformerDesign(
                normEpsilon: try Normalization.validated(epsilon: configuration.layer_norm_eps ?? 1e-5),
                isParallel: configuration.use_parallel_residual ?? true, biases: .asStored, activation: activation,
                rotary: try RopeParameters.rotary(
                    theta: configuration.rotary_emb_base, scaling: configuration.rope_scaling,
                    parameters: configuration.rope_parameters, part: configuration.rotary_pct ?? 0.25,
                    headWidth: sizes.headWidth, context: sizes.context),
                isTied: configuration.tie_word_embeddings ?? false))
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let sizes = try TransformerConfiguration(
            architecture: .gptNeoX, layers: try file.integer("gptneox.block_count"),
            width: try file.integer("gptneox.embedding_length"),
            heads: try file.integer("gptneox.attention.head_count"),
            mlpWidth: try file.integer("gptneox.feed_forward_length"), vocabulary: try weights.rows(.tokenEmbedding),
            context: try file.integer("gptneox.context_length")
        ).validated()
        let epsilon = Float(try file.number("gptneox.attention.layer_norm_epsilon"))
        return TransformerDescription(
            sizes: sizes,
            design: TransformerDesign(
                normEpsilon: try Normalization.validated(epsilon: epsilon),
                isParallel: try file.bool("gptneox.use_parallel_residual", default: true), biases: .asStored,
                activation: .gelu, rotary: try RopeParameters.rotary(of: file, weights, sizes)))
    }

    /// Hugging Face stores a head's query, key and value side by side; here, and in GGUF files, all queries come first.
    static func rowOrder(
        _ part: TensorNames.Part, _ dialect: TensorNames.Dialect, _ description: TransformerDescription
    ) -> [Int]? {
        guard dialect == .huggingFace, part == .queryKeyValue else { return nil }
        let (heads, width) = (description.sizes.heads, description.sizes.headWidth)
        return (0..<3 * heads * width).map { row in
            let (kind, head, feature) = (row / (heads * width), row / width % heads, row % width)
            return (head * 3 + kind) * width + feature
        }
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        let (sizes, design) = (transformer.configuration, transformer.design)
        let rope = try RopeParameters(design.rotary, headWidth: sizes.headWidth, allowsPart: true)
        return Configuration(
            hidden_size: sizes.width, intermediate_size: sizes.mlpWidth, num_hidden_layers: sizes.layers,
            num_attention_heads: sizes.heads, vocab_size: sizes.vocabulary, max_position_embeddings: sizes.context,
            layer_norm_eps: design.normEpsilon, hidden_act: design.activation.hiddenName,
            use_parallel_residual: design.isParallel,
            attention_bias: transformer.blocks.contains { $0.attention.hasBias },
            tie_word_embeddings: transformer.isTied, rotary_pct: rope.partial_rotary_factor,
            rotary_emb_base: rope.rope_theta, rope_scaling: rope.rope_type == "default" ? nil : rope,
            rope_parameters: rope)
    }
}
