internal import PlumbData
internal import PlumbNN

/// GPT-Neo and TinyStories: GPT-2's block with scores that are not scaled, and a window in every other layer (Black et al.
/// 2021; Eldan and Li 2023, arXiv:2305.07759).
enum GPTNeo: ModelFamily {
    struct Configuration: Codable, Sendable {
        /// A list of kinds of layers, and how often it is repeated.
        struct Repeated: Codable, Sendable {
            var kinds: [String]
            var count: Int

            init(kinds: [String], count: Int) { (self.kinds, self.count) = (kinds, count) }

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                (kinds, count) = (try container.decode([String].self), try container.decode(Int.self))
            }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                try container.encode(kinds)
                try container.encode(count)
            }
        }

        var hidden_size: Int
        var num_layers: Int
        var num_heads: Int
        var intermediate_size: Int?
        var max_position_embeddings: Int?
        var window_size: Int?
        var attention_types: [Repeated]?
        var attention_layers: [String]?
        var vocab_size: Int
        var layer_norm_epsilon: Float?
        var activation_function: String?
        var tie_word_embeddings: Bool?
    }

    static let kind = FamilyKind(
        title: "GPT-Neo, TinyStories", className: "GPTNeoForCausalLM", sharesKeys: false, hasFreeHeadWidth: false,
        isGated: false, rotation: .none)
    static let names = TensorNames(
        blocks: ("transformer.h", "blk"),
        parts: [
            .tokenEmbedding: ("transformer.wte", "token_embd"),
            .positionEmbedding: ("transformer.wpe", "position_embd"),
            .ln1: ("ln_1", "attn_norm"), .query: ("attn.attention.q_proj", "attn_q"),
            .key: ("attn.attention.k_proj", "attn_k"), .value: ("attn.attention.v_proj", "attn_v"),
            .attentionOutput: ("attn.attention.out_proj", "attn_output"), .ln2: ("ln_2", "ffn_norm"),
            .up: ("mlp.c_fc", "ffn_up"), .down: ("mlp.c_proj", "ffn_down"),
            .finalNorm: ("transformer.ln_f", "output_norm"), .unembedding: ("lm_head", "output"),
        ])

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        TransformerDesign(
            biases: .parts([.attentionOutput, .up, .down]),
            masks: (0..<sizes.layers).map { $0 % 2 == 0 ? .causal : .window(256) }, scoreScale: 1, isTied: true)
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let (four, overflows) = configuration.hidden_size.multipliedReportingOverflow(by: 4)
        let sizes = try TransformerConfiguration(
            architecture: architecture, layers: configuration.num_layers, width: configuration.hidden_size,
            heads: configuration.num_heads, mlpWidth: configuration.intermediate_size ?? (overflows ? .max : four),
            vocabulary: configuration.vocab_size, context: configuration.max_position_embeddings ?? 2048
        ).validated()
        var design = design(sizes)
        design.activation = try Activation(hidden: configuration.activation_function ?? "gelu_new")
        design.normEpsilon = try Normalization.validated(epsilon: configuration.layer_norm_epsilon ?? 1e-5)
        design.masks = try masks(configuration, sizes.layers)
        design.isTied = configuration.tie_word_embeddings ?? true
        return TransformerDescription(sizes: sizes, design: design)
    }

    private static func masks(_ configuration: Configuration, _ layers: Int) throws -> [ScaledDotProductAttention.Mask]
    {
        var kinds: [String] = []
        for part in configuration.attention_types ?? [.init(kinds: ["global", "local"], count: (layers + 1) / 2)] {
            guard part.count >= 0, part.count <= layers, part.kinds.count <= layers else {
                throw ModelError(
                    "attention_types repeats \(part.kinds) \(part.count) times, in a model of \(layers) layers")
            }
            for _ in 0..<part.count { kinds += part.kinds }
        }
        if configuration.attention_types == nil {
            kinds = configuration.attention_layers ?? Array(kinds.prefix(layers))
        }
        guard kinds.count == layers, kinds.allSatisfy({ ["global", "local"].contains($0) }) else {
            throw ModelError("attention_types must name global or local for each of \(layers) layers, got \(kinds)")
        }
        return try kinds.map { try $0 == "local" ? .validated(window: configuration.window_size ?? 256) : .causal }
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        let (sizes, design) = (transformer.configuration, transformer.design)
        let kinds = (0..<sizes.layers).map { design.masks[min($0, design.masks.count - 1)] }
        return Configuration(
            hidden_size: sizes.width, num_layers: sizes.layers, num_heads: sizes.heads,
            intermediate_size: sizes.mlpWidth, max_position_embeddings: sizes.context,
            window_size: kinds.lazy.compactMap(\.windowWidth).first ?? 256,
            attention_types: [.init(kinds: kinds.map { $0 == .causal ? "global" : "local" }, count: 1)],
            vocab_size: sizes.vocabulary, layer_norm_epsilon: design.normEpsilon,
            activation_function: design.activation.hiddenName, tie_word_embeddings: transformer.isTied)
    }
}
