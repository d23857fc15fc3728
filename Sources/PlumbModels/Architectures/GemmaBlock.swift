internal import Foundation
internal import PlumbData
internal import PlumbNN

/// What Gemma 2 and 3 share: keys of the configuration, and the block but for what is capped or normalized further.
enum GemmaBlock {
    struct Configuration: Codable, Sendable {
        var hidden_size: Int
        var intermediate_size: Int
        var num_hidden_layers: Int
        var num_attention_heads: Int?
        var num_key_value_heads: Int?
        var head_dim: Int?
        var vocab_size: Int?
        var max_position_embeddings: Int?
        var rms_norm_eps: Float?
        var hidden_activation: String?
        var hidden_act: String?
        var tie_word_embeddings: Bool?
        var attention_bias: Bool?
        var query_pre_attn_scalar: Double?
        var attn_logit_softcapping: Nullable<Double>
        var final_logit_softcapping: Nullable<Double>
        var sliding_window: Int?
        var sliding_window_pattern: Int?
        var _sliding_window_pattern: Int?
        var layer_types: [String]?
        var use_bidirectional_attention: Bool?
        var rope_theta: Double?
        var rope_local_base_freq: Double?
        var rope_scaling: RopeParameters?
        var rope_parameters: LayerRopeParameters?
    }

    /// What scores are multiplied by.
    static func scale(_ scalar: Int) -> Float { 1 / Float(scalar).squareRoot() }

    /// The block of a `config.json`.
    static func block(
        _ configuration: Configuration, _ architecture: Architecture, types: (Int) -> [String], usualWindow: Int,
        usualTheta: Double
    ) throws -> TransformerDescription {
        guard !(configuration.use_bidirectional_attention ?? false) else {
            throw ModelError("use_bidirectional_attention is not supported: text is read from left to right")
        }
        guard !(configuration.attention_bias ?? false) else { throw ModelError("attention_bias is not supported here") }
        let sizes = try TransformerConfiguration(
            architecture: architecture, layers: configuration.num_hidden_layers, width: configuration.hidden_size,
            heads: configuration.num_attention_heads ?? 8, keyValueHeads: configuration.num_key_value_heads ?? 4,
            headWidth: configuration.head_dim ?? 256, mlpWidth: configuration.intermediate_size,
            vocabulary: configuration.vocab_size ?? (architecture == .gemma2 ? 256_000 : 262_208),
            context: configuration.max_position_embeddings ?? (architecture == .gemma2 ? 8192 : 131_072)
        ).validated()
        var design = architecture.family.design(sizes)
        design.activation = try Activation(
            hidden: configuration.hidden_activation ?? configuration.hidden_act ?? "gelu_pytorch_tanh")
        design.normEpsilon = try Normalization.validated(epsilon: configuration.rms_norm_eps ?? 1e-6)
        let scalar = try Float.positive(configuration.query_pre_attn_scalar, "query_pre_attn_scalar") ?? 256
        design.scoreScale = 1 / scalar.squareRoot()
        design.masks = try ScaledDotProductAttention.Mask.layers(
            configuration.layer_types ?? types(sizes.layers), sizes.layers,
            window: configuration.sliding_window ?? usualWindow)
        design.rotary = try RopeParameters.rotary(
            theta: configuration.rope_theta, scaling: configuration.rope_scaling,
            parameters: configuration.rope_parameters?.full, headWidth: sizes.headWidth, context: sizes.context,
            usualTheta: usualTheta)
        design.isTied = configuration.tie_word_embeddings ?? true
        return TransformerDescription(sizes: sizes, design: design)
    }

    /// The block of a GGUF file.
    static func block(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture, types: (Int) -> [String],
        usualTheta: Double
    ) throws -> TransformerDescription {
        var description = try Llama.description(file, weights, architecture)
        let (sizes, kind) = (description.sizes, try file.architecture)
        let design = description.design
        description.design = architecture.family.design(sizes)
        (description.design.normEpsilon, description.design.isTied) = (design.normEpsilon, design.isTied)
        description.design.rotary = try RopeParameters.rotary(of: file, weights, sizes, usualBase: usualTheta)
        description.design.masks = try ScaledDotProductAttention.Mask.layers(
            types(sizes.layers), sizes.layers,
            window: file.integer("\(kind).attention.sliding_window", default: kind == "gemma2" ? 4096 : 1024))
        return description
    }

    /// What `config.json` says of a transformer with this block.
    static func configuration(of transformer: Transformer) throws -> Configuration {
        let (sizes, design) = (transformer.configuration, transformer.design)
        let rope = try RopeParameters(design.rotary, headWidth: sizes.headWidth)
        let scale = design.scoreScale ?? scale(sizes.headWidth)
        let types = (0..<sizes.layers).map { design.masks[min($0, design.masks.count - 1)].typeName }
        return Configuration(
            hidden_size: sizes.width, intermediate_size: sizes.mlpWidth, num_hidden_layers: sizes.layers,
            num_attention_heads: sizes.heads, num_key_value_heads: sizes.keyValueHeads, head_dim: sizes.headWidth,
            vocab_size: sizes.vocabulary, max_position_embeddings: sizes.context, rms_norm_eps: design.normEpsilon,
            hidden_activation: design.activation.hiddenName, tie_word_embeddings: transformer.isTied,
            query_pre_attn_scalar: exactScalar(scale),
            attn_logit_softcapping: Nullable(value: design.scoreSoftCap.map(Double.init)),
            final_logit_softcapping: Nullable(value: design.logitSoftCap.map(Double.init)),
            sliding_window: design.masks.lazy.compactMap(\.windowWidth).first, layer_types: types,
            rope_parameters: LayerRopeParameters(full: rope))
    }

    /// The number whose inverse root is `scale`; a whole one where one is.
    private static func exactScalar(_ scale: Float) -> Double {
        let scalar = 1 / (Double(scale) * Double(scale))
        return Self.scale(Int(scalar.rounded())) == scale ? scalar.rounded() : scalar
    }
}
