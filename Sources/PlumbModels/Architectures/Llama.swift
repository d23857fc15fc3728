internal import Foundation
internal import PlumbData
internal import PlumbNN
internal import PlumbTensor

/// The Llama family: RMSNorm, rotary positions, grouped-query attention, SwiGLU, embeddings tied or not
/// (Touvron et al. 2023, arXiv:2302.13971). SmolLM2 is one of them, and so are Qwen 2 and 2.5, whose queries, keys and
/// values have biases (Yang et al. 2024, arXiv:2407.10671).
enum Llama {
    /// `config.json` as Hugging Face writes it.
    struct Configuration: Decodable {
        var hidden_size: Int
        var intermediate_size: Int
        var num_hidden_layers: Int
        var num_attention_heads: Int
        var num_key_value_heads: Int?
        var head_dim: Int?
        var vocab_size: Int
        var max_position_embeddings: Int?
        var rms_norm_eps: Float
        var hidden_act: String?
        var tie_word_embeddings: Bool?
        var rope_theta: Double?
        var rope_scaling: RopeScaling?
        var rope_parameters: RopeScaling?
        var use_sliding_window: Bool?
        var sliding_window: Int?

        struct RopeScaling: Decodable {
            var rope_theta: Double?
            var type: String?
            var rope_type: String?
            var factor: Double?
            var low_freq_factor: Double?
            var high_freq_factor: Double?
            var original_max_position_embeddings: Double?
        }

        var sizes: TransformerConfiguration {
            TransformerConfiguration(
                architecture: "llama", layers: num_hidden_layers, width: hidden_size, heads: num_attention_heads,
                keyValueHeads: num_key_value_heads ?? num_attention_heads,
                headWidth: head_dim ?? hidden_size / max(1, num_attention_heads), mlpWidth: intermediate_size,
                vocabulary: vocab_size, context: min(max_position_embeddings ?? 2048, window ?? .max))
        }

        /// Qwen 2 can be told to let some layers see the last so many tokens only; shorter prompts are unaffected.
        private var window: Int? { use_sliding_window ?? false ? sliding_window : nil }

        var ropeBase: Double { rope_parameters?.rope_theta ?? rope_theta ?? 10_000 }

        func ropeScaling() throws -> RotaryEmbedding.Scaling {
            guard let scaling = rope_scaling ?? rope_parameters else { return .none }
            let kind = scaling.rope_type ?? scaling.type ?? "default"
            func given(_ value: Double?, _ key: String) throws -> Double {
                guard let value else { throw ModelError("rope scaling \"\(kind)\" does not give \(key)") }
                return value
            }
            switch kind {
            case "default": return .none
            case "linear": return .linear(factor: try given(scaling.factor, "factor"))
            case "llama3":
                return .llama3(
                    factor: try given(scaling.factor, "factor"),
                    lowFrequency: try given(scaling.low_freq_factor, "low_freq_factor"),
                    highFrequency: try given(scaling.high_freq_factor, "high_freq_factor"),
                    originalContext: scaling.original_max_position_embeddings ?? Double(sizes.context))
            default:
                throw ModelError("rope scaling \"\(kind)\" is not supported: default, linear and llama3 are")
            }
        }
    }

    /// A model from a Hugging Face checkpoint.
    static func load(_ configuration: Configuration, from weights: WeightReader) throws -> Transformer {
        let activation = configuration.hidden_act ?? "silu"
        guard activation == "silu" else {
            throw ModelError("hidden_act \"\(activation)\" is not supported for the Llama family: silu is")
        }
        let sizes = try configuration.sizes.validated()
        let (d, k) = (sizes.width, sizes.headWidth)
        let (q, kv) = (sizes.heads * k, sizes.keyValueHeads * k)
        let rotary = try RotaryEmbedding(
            width: k, positions: sizes.context, base: configuration.ropeBase,
            scaling: configuration.ropeScaling()
        ).validated()
        let epsilon = try Normalization.validated(epsilon: configuration.rms_norm_eps)
        try weights.checkLayers("model.layers.", sizes.layers)
        let blocks = try (0..<sizes.layers).map { i in
            let name = "model.layers.\(i)"
            return block(
                sizes, rotary,
                ln1: Normalization(.rms, weight: try weights.vector("\(name).input_layernorm.weight", d), epsilon: epsilon),
                qkv: try weights.stacked(
                    [
                        ("\(name).self_attn.q_proj", q), ("\(name).self_attn.k_proj", kv),
                        ("\(name).self_attn.v_proj", kv),
                    ], inputs: d),
                output: try weights.linear("\(name).self_attn.o_proj", outputs: d, inputs: q),
                ln2: Normalization(.rms, weight: try weights.vector("\(name).post_attention_layernorm.weight", d), epsilon: epsilon),
                gateUp: try weights.stacked(
                    [("\(name).mlp.gate_proj", sizes.mlpWidth), ("\(name).mlp.up_proj", sizes.mlpWidth)], inputs: d),
                down: try weights.linear("\(name).mlp.down_proj", outputs: d, inputs: sizes.mlpWidth))
        }
        let embedding = Weight(try weights.stored("model.embed_tokens.weight", [sizes.vocabulary, d]))
        // Where the file says that they are not tied, a missing head is a fault.
        let isTied = configuration.tie_word_embeddings ?? !weights.contains("lm_head.weight")
        return Transformer(
            configuration: sizes, tokenEmbedding: embedding, positionEmbedding: nil, blocks: blocks,
            finalNorm: Normalization(.rms, weight: try weights.vector("model.norm.weight", d), epsilon: epsilon),
            unembedding: isTied
                ? Linear(weight: embedding) : try weights.linear("lm_head", outputs: sizes.vocabulary, inputs: d),
            isTied: isTied)
    }

    /// A model from a GGUF file.
    static func load(_ file: GGUFFile) throws -> Transformer {
        let weights = WeightReader(source: file)
        let sizes = try self.sizes(of: file)
        let (d, k) = (sizes.width, sizes.headWidth)
        let (q, kv) = (sizes.heads * k, sizes.keyValueHeads * k)
        let epsilon = try Normalization.validated(
            epsilon: Float(file.number("\(file.architecture).attention.layer_norm_rms_epsilon")))
        let rotary = try rotary(of: file, weights, sizes)
        // Only files of the architecture "llama" have the features that turn together side by side.
        let turned = try file.architecture == "llama" ? rotary.width : 0
        try weights.checkLayers("blk.", sizes.layers)
        let blocks = try (0..<sizes.layers).map { i in
            let name = "blk.\(i)"
            let queries = try halved(weights, "\(name).attn_q", sizes.heads, turned, [q, d])
            let keys = try halved(weights, "\(name).attn_k", sizes.keyValueHeads, turned, [kv, d])
            let values = try weights.linear("\(name).attn_v", outputs: kv, inputs: d)
            return block(
                sizes, rotary,
                ln1: Normalization(.rms, weight: try weights.vector("\(name).attn_norm.weight", d), epsilon: epsilon),
                qkv: Linear(
                    weight: Weight([
                        .stored(queries.weight), .stored(keys.weight),
                        .stored(try weights.stored("\(name).attn_v.weight", [kv, d])),
                    ]),
                    bias: WeightReader.joined([queries.bias, keys.bias, values.bias], [q, kv, kv])),
                output: try weights.linear("\(name).attn_output", outputs: d, inputs: q),
                ln2: Normalization(.rms, weight: try weights.vector("\(name).ffn_norm.weight", d), epsilon: epsilon),
                gateUp: try weights.stacked(
                    [("\(name).ffn_gate", sizes.mlpWidth), ("\(name).ffn_up", sizes.mlpWidth)], inputs: d),
                down: try weights.linear("\(name).ffn_down", outputs: d, inputs: sizes.mlpWidth))
        }
        let embedding = Weight(try weights.stored("token_embd.weight", [sizes.vocabulary, d]))
        return Transformer(
            configuration: sizes, tokenEmbedding: embedding, positionEmbedding: nil, blocks: blocks,
            finalNorm: Normalization(.rms, weight: try weights.vector("output_norm.weight", d), epsilon: epsilon),
            unembedding: weights.contains("output.weight")
                ? try weights.linear("output", outputs: sizes.vocabulary, inputs: d) : Linear(weight: embedding),
            isTied: !weights.contains("output.weight"))
    }

    private static func block(
        _ sizes: TransformerConfiguration, _ rotary: RotaryEmbedding, ln1: Normalization, qkv: Linear,
        output: Linear, ln2: Normalization, gateUp: Linear, down: Linear
    ) -> TransformerBlock {
        TransformerBlock(
            ln1: ln1,
            attention: Attention(sizes.attention, qkv: qkv, output: output, rotary: rotary),
            ln2: ln2, mlp: .gatedSilu(gateUp: gateUp, down: down))
    }

    private static func sizes(of file: GGUFFile) throws -> TransformerConfiguration {
        let kind = try file.architecture
        let width = try file.integer("\(kind).embedding_length")
        let heads = try file.integer("\(kind).attention.head_count")
        let embedding = try file.tensor("token_embd.weight")
        return try TransformerConfiguration(
            architecture: "llama", layers: try file.integer("\(kind).block_count"), width: width, heads: heads,
            keyValueHeads: try file.integer("\(kind).attention.head_count_kv", default: heads),
            headWidth: try file.integer("\(kind).attention.key_length", default: width / max(1, heads)),
            mlpWidth: try file.integer("\(kind).feed_forward_length"), vocabulary: embedding.shape.first ?? 0,
            context: try file.integer("\(kind).context_length")
        ).validated()
    }

    private static func rotary(
        of file: GGUFFile, _ weights: WeightReader, _ sizes: TransformerConfiguration
    ) throws -> RotaryEmbedding {
        let kind = try file.architecture
        let width = try file.integer("\(kind).rope.dimension_count", default: sizes.headWidth)
        guard width > 0, width <= sizes.headWidth, width % 2 == 0 else {
            throw ModelError("\(kind).rope.dimension_count is \(width); it must be even and at most \(sizes.headWidth)")
        }
        var scaling = RotaryEmbedding.Scaling.none
        let scaled = try file.string("\(kind).rope.scaling.type", default: "none")
        if weights.contains("rope_freqs.weight") {
            scaling = .factors(try weights.vector("rope_freqs.weight", width / 2).elements)
        } else if scaled == "linear" {
            scaling = .linear(factor: try file.number("\(kind).rope.scaling.factor"))
        } else if scaled != "none" {
            throw ModelError("rope scaling \"\(scaled)\" is not supported: none and linear are")
        }
        return try RotaryEmbedding(
            width: width, positions: sizes.context, base: file.number("\(kind).rope.freq_base", default: 10_000),
            scaling: scaling
        ).validated()
    }

    /// GGUF stores the first `rotated` features of each query and key head as neighbouring pairs; this puts them back
    /// into two halves, as Hugging Face and TransformerLens have them.
    private static func halved(
        _ weights: WeightReader, _ name: String, _ heads: Int, _ rotated: Int, _ shape: [Int]
    ) throws -> (weight: StoredTensor, bias: Tensor?) {
        let width = shape[0] / heads
        let order = (0..<shape[0]).map { row in
            let (head, feature) = (row / width, row % width)
            guard feature < rotated else { return row }
            let half = rotated / 2
            return head * width + (feature % half) * 2 + feature / half
        }
        let bias = try weights.vector(ifPresent: "\(name).bias", shape[0])
        return (
            try weights.stored("\(name).weight", shape).selectingRows(order),
            bias.map { bias in bias.gathered(order) }
        )
    }
}
