internal import PlumbData
internal import PlumbNN

/// `config.json` as Hugging Face's library reads it.
struct SavedConfiguration: Encodable {
    var model_type: String
    var architectures: [String]?
    var vocab_size: Int
    var tie_word_embeddings: Bool
    var dtype = "float32"
    var bos_token_id: TokenID
    var eos_token_id: TokenID
    var pad_token_id: TokenID
    var head_dim: Int?

    // GPT-2
    var n_embd: Int?
    var n_layer: Int?
    var n_head: Int?
    var n_positions: Int?
    var n_inner: Int?
    var activation_function: String?
    var layer_norm_epsilon: Float?

    // Llama
    var hidden_size: Int?
    var intermediate_size: Int?
    var num_hidden_layers: Int?
    var num_attention_heads: Int?
    var num_key_value_heads: Int?
    var max_position_embeddings: Int?
    var hidden_act: String?
    var rms_norm_eps: Float?
    var attention_bias: Bool?
    var mlp_bias: Bool?
    var rope_theta: Double?
    /// What releases of `transformers` since 5 read.
    var rope_parameters: Rope?
    /// What those before 5 read; absent where angles are not stretched.
    var rope_scaling: Rope?

    /// A token's id, or null: one left out would be taken for the architecture's usual one.
    struct TokenID: Encodable {
        var id: Int?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if let id { try container.encode(id) } else { try container.encodeNil() }
        }
    }

    struct Rope: Encodable {
        var rope_type: String
        var rope_theta: Double
        var factor: Double?
        var low_freq_factor: Double?
        var high_freq_factor: Double?
        var original_max_position_embeddings: Double?
    }

    init(_ model: HookedTransformer) throws {
        let (transformer, sizes) = (model.transformer, model.configuration)
        model_type = sizes.architecture
        vocab_size = sizes.vocabulary
        tie_word_embeddings = transformer.isTied
        bos_token_id = TokenID(id: model.tokenizer?.bos)
        eos_token_id = TokenID(id: model.tokenizer?.eos)
        pad_token_id = TokenID(id: model.tokenizer?.padding)
        if sizes.architecture == "llama" {
            try describeLlama(transformer, sizes)
        } else {
            describeGPT2(transformer, sizes)
        }
    }

    private mutating func describeGPT2(_ transformer: Transformer, _ sizes: TransformerConfiguration) {
        (n_embd, n_layer, n_head, n_positions) = (sizes.width, sizes.layers, sizes.heads, sizes.context)
        layer_norm_epsilon = transformer.finalNorm.epsilon
        guard sizes.architecture == "gpt2" else {
            head_dim = sizes.headWidth
            return
        }
        architectures = ["GPT2LMHeadModel"]
        n_inner = sizes.mlpWidth
        activation_function = "gelu_new"
    }

    private mutating func describeLlama(_ transformer: Transformer, _ sizes: TransformerConfiguration) throws {
        architectures = ["LlamaForCausalLM"]
        (hidden_size, intermediate_size) = (sizes.width, sizes.mlpWidth)
        (num_hidden_layers, num_attention_heads) = (sizes.layers, sizes.heads)
        (num_key_value_heads, head_dim) = (sizes.keyValueHeads, sizes.headWidth)
        max_position_embeddings = sizes.context
        hidden_act = "silu"
        rms_norm_eps = transformer.finalNorm.epsilon
        (attention_bias, mlp_bias) = (transformer.hasAttentionBias, transformer.hasMLPBias)
        guard let rotary = transformer.blocks.first?.attention.rotary else { return }
        guard rotary.width == sizes.headWidth else {
            throw ModelError(
                "only \(rotary.width) of \(sizes.headWidth) features of a head turn, which config.json cannot say")
        }
        rope_theta = rotary.base
        rope_parameters = try rope(rotary)
        if rotary.scaling != .none { rope_scaling = rope_parameters }
    }

    private func rope(_ rotary: RotaryEmbedding) throws -> Rope {
        switch rotary.scaling {
        case .none: return Rope(rope_type: "default", rope_theta: rotary.base)
        case .linear(let factor): return Rope(rope_type: "linear", rope_theta: rotary.base, factor: factor)
        case .llama3(let factor, let low, let high, let context):
            return Rope(
                rope_type: "llama3", rope_theta: rotary.base, factor: factor, low_freq_factor: low,
                high_freq_factor: high, original_max_position_embeddings: context)
        case .factors:
            throw ModelError("each rotary frequency has a factor of its own, which config.json cannot say")
        }
    }
}
