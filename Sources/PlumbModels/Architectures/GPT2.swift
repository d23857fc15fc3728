internal import Foundation
internal import PlumbData
internal import PlumbNN
internal import PlumbTensor

/// GPT-2: LayerNorm, learned positions, a GELU MLP (Radford et al. 2019, *Language Models are Unsupervised Multitask
/// Learners*); and the same without MLPs, which small models are trained as to be understood (Elhage et al. 2021, *A
/// Mathematical Framework for Transformer Circuits*).
enum GPT2 {
    /// `config.json` as Hugging Face writes it.
    struct Configuration: Decodable {
        var model_type: String?
        /// Of attention-only models; GPT-2's heads share the width.
        var head_dim: Int?
        var n_embd: Int
        var n_layer: Int
        var n_head: Int
        var n_positions: Int?
        var n_ctx: Int?
        var n_inner: Int?
        var vocab_size: Int
        var layer_norm_epsilon: Float?
        var activation_function: String?
        var tie_word_embeddings: Bool?
        var scale_attn_weights: Bool?
        var scale_attn_by_inverse_layer_idx: Bool?

        func sizes() throws -> TransformerConfiguration {
            let hasMLP = model_type != "attention-only"
            let (shared, inner) = (n_embd / max(1, n_head), n_inner ?? n_embd.multipliedClamped(by: 4))
            return try TransformerConfiguration(
                architecture: hasMLP ? "gpt2" : "attention-only", layers: n_layer, width: n_embd, heads: n_head,
                headWidth: hasMLP ? shared : head_dim ?? shared, mlpWidth: hasMLP ? inner : 0, vocabulary: vocab_size,
                context: n_positions ?? n_ctx ?? 1024
            ).validated()
        }

        func checkSupported() throws {
            let activation = activation_function ?? "gelu_new"
            guard ["gelu_new", "gelu_pytorch_tanh"].contains(activation) else {
                throw ModelError("activation_function \"\(activation)\" is not supported for GPT-2: gelu_new is")
            }
            guard scale_attn_weights ?? true, !(scale_attn_by_inverse_layer_idx ?? false) else {
                throw ModelError("GPT-2 variants that scale attention by layer are not supported")
            }
        }
    }

    /// A model from a Hugging Face checkpoint, whose convolutions store weights `[inputs, outputs]`.
    static func load(_ configuration: Configuration, from weights: WeightReader) throws -> Transformer {
        try configuration.checkSupported()
        let sizes = try configuration.sizes()
        let (d, f, z) = (sizes.width, sizes.mlpWidth, sizes.heads * sizes.headWidth)
        let prefix = weights.contains("transformer.wte.weight") ? "transformer." : ""
        let epsilon = try Normalization.validated(epsilon: configuration.layer_norm_epsilon ?? 1e-5)
        func convolution(_ name: String, _ outputs: Int, _ inputs: Int) throws -> Linear {
            let stored = try weights.stored("\(name).weight", [inputs, outputs])
            return Linear(
                weight: Weight([.transposed(stored.dequantized())]), bias: try weights.vector("\(name).bias", outputs))
        }
        try weights.checkLayers("\(prefix)h.", sizes.layers)
        let blocks = try (0..<sizes.layers).map { i in
            let name = "\(prefix)h.\(i)"
            return block(
                sizes, ln1: try norm(weights, "\(name).ln_1", d, epsilon),
                qkv: try convolution("\(name).attn.c_attn", 3 * z, d),
                output: try convolution("\(name).attn.c_proj", d, z),
                ln2: f == 0 ? .newLayer(d) : try norm(weights, "\(name).ln_2", d, epsilon),
                mlp: f == 0
                    ? .absent
                    : .gelu(
                        up: try convolution("\(name).mlp.c_fc", f, d),
                        down: try convolution("\(name).mlp.c_proj", d, f)))
        }
        let embedding = Weight(try weights.stored("\(prefix)wte.weight", [sizes.vocabulary, d]))
        // Where the file says that they are not tied, a missing head is a fault.
        let isTied = configuration.tie_word_embeddings ?? true
        return Transformer(
            configuration: sizes, tokenEmbedding: embedding,
            positionEmbedding: try weights.stored("\(prefix)wpe.weight", [sizes.context, d]).dequantized(),
            blocks: blocks, finalNorm: try norm(weights, "\(prefix)ln_f", d, epsilon),
            unembedding: isTied
                ? Linear(weight: embedding) : try weights.linear("lm_head", outputs: sizes.vocabulary, inputs: d),
            isTied: isTied)
    }

    /// A model from a GGUF file.
    static func load(_ file: GGUFFile) throws -> Transformer {
        let weights = WeightReader(source: file)
        let heads = try file.integer("gpt2.attention.head_count")
        let d = try file.integer("gpt2.embedding_length")
        let embedded = try file.tensor("token_embd.weight")
        let sizes = try TransformerConfiguration(
            architecture: "gpt2", layers: try file.integer("gpt2.block_count"), width: d, heads: heads,
            keyValueHeads: heads, headWidth: d / max(1, heads),
            mlpWidth: try file.integer("gpt2.feed_forward_length"), vocabulary: embedded.shape.first ?? 0,
            context: try file.integer("gpt2.context_length")
        ).validated()
        let epsilon = try Normalization.validated(epsilon: Float(file.number("gpt2.attention.layer_norm_epsilon")))
        try weights.checkLayers("blk.", sizes.layers)
        let blocks = try (0..<sizes.layers).map { i in
            let name = "blk.\(i)"
            return block(
                sizes, ln1: try norm(weights, "\(name).attn_norm", d, epsilon),
                qkv: try weights.linear("\(name).attn_qkv", outputs: 3 * d, inputs: d),
                output: try weights.linear("\(name).attn_output", outputs: d, inputs: d),
                ln2: try norm(weights, "\(name).ffn_norm", d, epsilon),
                mlp: .gelu(
                    up: try weights.linear("\(name).ffn_up", outputs: sizes.mlpWidth, inputs: d),
                    down: try weights.linear("\(name).ffn_down", outputs: d, inputs: sizes.mlpWidth)))
        }
        let embedding = Weight(try weights.stored("token_embd.weight", [sizes.vocabulary, d]))
        return Transformer(
            configuration: sizes, tokenEmbedding: embedding,
            positionEmbedding: try weights.stored("position_embd.weight", [sizes.context, d]).dequantized(),
            blocks: blocks, finalNorm: try norm(weights, "output_norm", d, epsilon),
            unembedding: weights.contains("output.weight")
                ? try weights.linear("output", outputs: sizes.vocabulary, inputs: d) : Linear(weight: embedding),
            isTied: !weights.contains("output.weight"))
    }

    private static func norm(
        _ weights: WeightReader, _ name: String, _ width: Int, _ epsilon: Float
    ) throws -> Normalization {
        Normalization(
            .layer, weight: try weights.vector("\(name).weight", width), bias: try weights.vector("\(name).bias", width),
            epsilon: epsilon)
    }

    private static func block(
        _ sizes: TransformerConfiguration, ln1: Normalization, qkv: Linear, output: Linear, ln2: Normalization,
        mlp: MLP
    ) -> TransformerBlock {
        TransformerBlock(
            ln1: ln1,
            attention: Attention(sizes.attention, qkv: qkv, output: output, rotary: nil),
            ln2: ln2, mlp: mlp)
    }
}

extension Int {
    fileprivate func multipliedClamped(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
