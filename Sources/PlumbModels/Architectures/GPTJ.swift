internal import PlumbData
internal import PlumbNN

/// GPT-J: attention and MLP side by side after one layer norm, rotary positions of neighboring features, a bias of the
/// logits (Wang and Komatsuzaki 2021). llama.cpp has no such models.
enum GPTJ: ModelFamily {
    struct Configuration: Codable, Sendable {
        var n_embd: Int
        var n_layer: Int
        var n_head: Int
        var n_positions: Int?
        var n_inner: Int?
        var rotary_dim: Int?
        var vocab_size: Int
        var layer_norm_epsilon: Float?
        var activation_function: String?
        var tie_word_embeddings: Bool?
    }

    static let kind = FamilyKind(
        title: "GPT-J", className: "GPTJForCausalLM", sharesKeys: false, hasFreeHeadWidth: false, isGated: false,
        rotation: .some)
    static let names = TensorNames(
        blocks: ("transformer.h", "blk"),
        parts: [
            .tokenEmbedding: ("transformer.wte", "token_embd"), .ln1: ("ln_1", "attn_norm"),
            .query: ("attn.q_proj", "attn_q"), .key: ("attn.k_proj", "attn_k"), .value: ("attn.v_proj", "attn_v"),
            .attentionOutput: ("attn.out_proj", "attn_output"), .up: ("mlp.fc_in", "ffn_up"),
            .down: ("mlp.fc_out", "ffn_down"), .finalNorm: ("transformer.ln_f", "output_norm"),
            .unembedding: ("lm_head", "output"),
        ])

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        TransformerDesign(
            normPlacement: .beforeBoth, isParallel: true, biases: .parts([.up, .down]), hasHeadBias: true,
            rotary: rotary(sizes, width: min(64, sizes.headWidth / 2 * 2)))
    }

    private static func rotary(_ sizes: TransformerConfiguration, width: Int) -> RotaryEmbedding {
        RotaryEmbedding(width: width, positions: sizes.context, base: 10_000, pairing: .neighbors)
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let (four, overflows) = configuration.n_embd.multipliedReportingOverflow(by: 4)
        let sizes = try TransformerConfiguration(
            architecture: architecture, layers: configuration.n_layer, width: configuration.n_embd,
            heads: configuration.n_head, mlpWidth: configuration.n_inner ?? (overflows ? .max : four),
            vocabulary: configuration.vocab_size, context: configuration.n_positions ?? 2048
        ).validated()
        let width = configuration.rotary_dim ?? 64
        guard width > 0, width <= sizes.headWidth, width % 2 == 0 else {
            throw ModelError("rotary_dim is \(width); it must be even and at most the head width, \(sizes.headWidth)")
        }
        var design = design(sizes)
        design.activation = try Activation(hidden: configuration.activation_function ?? "gelu_new")
        design.normEpsilon = try Normalization.validated(epsilon: configuration.layer_norm_epsilon ?? 1e-5)
        design.rotary = rotary(sizes, width: width)
        design.isTied = configuration.tie_word_embeddings ?? false
        return TransformerDescription(sizes: sizes, design: design)
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        let (sizes, design) = (transformer.configuration, transformer.design)
        return Configuration(
            n_embd: sizes.width, n_layer: sizes.layers, n_head: sizes.heads, n_positions: sizes.context,
            n_inner: sizes.mlpWidth, rotary_dim: design.rotary?.width, vocab_size: sizes.vocabulary,
            layer_norm_epsilon: design.normEpsilon, activation_function: design.activation.hiddenName,
            tie_word_embeddings: transformer.isTied)
    }
}
