internal import Foundation
internal import PlumbData
internal import PlumbNN

/// GPT-2: layer norms, learned positions, a GELU MLP (Radford et al. 2019, *Language Models are Unsupervised Multitask
/// Learners*); the same without MLPs, which small models are trained as to be understood (Elhage et al. 2021, *A
/// Mathematical Framework for Transformer Circuits*), or with softmax linear units and a norm of them (Elhage et al. 2022,
/// *Softmax Linear Units*): TransformerLens's attn-only, gelu and solu models.
enum GPT2: ModelFamily {
    struct Configuration: Codable, Sendable {
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
    }

    static let kind = FamilyKind(
        title: "GPT-2", className: "GPT2LMHeadModel", ggufName: "gpt2", sharesKeys: false, hasFreeHeadWidth: false,
        isGated: false,
        rotation: .none)
    static let names = TensorNames(
        blocks: ("transformer.h", "blk"),
        parts: [
            .tokenEmbedding: ("transformer.wte", "token_embd"),
            .positionEmbedding: ("transformer.wpe", "position_embd"),
            .ln1: ("ln_1", "attn_norm"), .queryKeyValue: ("attn.c_attn", "attn_qkv"),
            .attentionOutput: ("attn.c_proj", "attn_output"), .ln2: ("ln_2", "ffn_norm"),
            .up: ("mlp.c_fc", "ffn_up"), .neuronNorm: ("mlp.ln", "ffn_neuron_norm"), .down: ("mlp.c_proj", "ffn_down"),
            .finalNorm: ("transformer.ln_f", "output_norm"), .unembedding: ("lm_head", "output"),
        ],
        transposed: [.queryKeyValue, .attentionOutput, .up, .down], optionalPrefix: "transformer.")

    /// TransformerLens's name of softmax linear units with a norm of them.
    private static let softmaxUnits = "solu_ln"

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign { TransformerDesign(isTied: true) }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let name = configuration.activation_function ?? "gelu_new"
        let hasUnits = name == softmaxUnits
        guard configuration.scale_attn_weights ?? true, !(configuration.scale_attn_by_inverse_layer_idx ?? false) else {
            throw ModelError("GPT-2 variants that scale attention by layer are not supported")
        }
        let hasMLP = architecture != .attentionOnly
        let shared = configuration.n_embd / max(1, configuration.n_head)
        let (usual, overflows) = configuration.n_embd.multipliedReportingOverflow(by: 4)
        let inner = configuration.n_inner ?? (overflows ? .max : usual)
        let sizes = TransformerConfiguration(
            architecture: architecture, layers: configuration.n_layer, width: configuration.n_embd,
            heads: configuration.n_head, headWidth: hasMLP ? shared : configuration.head_dim ?? shared,
            mlpWidth: hasMLP ? inner : 0, vocabulary: configuration.vocab_size,
            context: configuration.n_positions ?? configuration.n_ctx ?? 1024)
        return TransformerDescription(
            sizes: try sizes.validated(),
            design: TransformerDesign(
                normEpsilon: try Normalization.validated(epsilon: configuration.layer_norm_epsilon ?? 1e-5),
                activation: hasUnits ? .solu : try Activation(hidden: name, key: "activation_function"),
                normalizesNeurons: hasUnits, isTied: configuration.tie_word_embeddings ?? true))
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        let heads = try file.integer("gpt2.attention.head_count")
        let width = try file.integer("gpt2.embedding_length")
        let sizes = TransformerConfiguration(
            architecture: .gpt2, layers: try file.integer("gpt2.block_count"), width: width, heads: heads,
            mlpWidth: try file.integer("gpt2.feed_forward_length"), vocabulary: try weights.rows(.tokenEmbedding),
            context: try file.integer("gpt2.context_length"))
        let epsilon = Float(try file.number("gpt2.attention.layer_norm_epsilon"))
        return TransformerDescription(
            sizes: try sizes.validated(),
            design: TransformerDesign(
                normEpsilon: try Normalization.validated(epsilon: epsilon), isTied: !weights.contains(.unembedding)))
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        let sizes = transformer.configuration
        let hasMLP = sizes.architecture == .gpt2
        return Configuration(
            head_dim: hasMLP ? nil : sizes.headWidth, n_embd: sizes.width, n_layer: sizes.layers, n_head: sizes.heads,
            n_positions: sizes.context, n_inner: hasMLP ? sizes.mlpWidth : nil, vocab_size: sizes.vocabulary,
            layer_norm_epsilon: transformer.design.normEpsilon,
            activation_function: hasMLP ? activationName(transformer.design) : nil,
            tie_word_embeddings: transformer.isTied)
    }

    private static func activationName(_ design: TransformerDesign) -> String? {
        switch design.activation {
        case .solu: softmaxUnits
        case .geluTanh: "gelu_new"
        default: design.activation.hiddenName
        }
    }
}
