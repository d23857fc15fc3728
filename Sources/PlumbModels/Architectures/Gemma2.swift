internal import Foundation
internal import PlumbData
internal import PlumbNN

/// Gemma 2: norms of what attention and MLP read and of what they write, gains stored less 1, scaled embeddings, caps of
/// scores and logits, a window in every other layer (Gemma Team 2024, arXiv:2408.00118).
enum Gemma2: ModelFamily {
    /// Of Gemma 3 too.
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

    static let kind = FamilyKind(title: "Gemma 2", className: "Gemma2ForCausalLM", ggufName: "gemma2")
    static let names: TensorNames = {
        var names = Llama.names.adding([
            .ln1Post: ("post_attention_layernorm", "post_attention_norm"),
            .ln2: ("pre_feedforward_layernorm", "ffn_norm"),
            .ln2Post: ("post_feedforward_layernorm", "post_ffw_norm"),
        ])
        names.storesGainsLessOne = true
        return names
    }()

    /// Every other layer has a window, the first among them.
    private static func types(_ layers: Int) -> [String] {
        (0..<layers).map { $0 % 2 == 0 ? "sliding_attention" : "full_attention" }
    }

    /// What scores are multiplied by.
    static func scale(_ scalar: Int) -> Float { 1 / Float(scalar).squareRoot() }

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        (design.biases, design.activation, design.normEpsilon) = (.none, .geluTanh, 1e-6)
        design.normPlacement = .around
        design.embeddingScale = Float(sizes.width).squareRoot()
        design.masks = types(sizes.layers).map { $0 == "full_attention" ? .causal : .window(4096) }
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try block(configuration, architecture, types: types, usualWindow: 4096, usualTheta: 10_000)
        // A null means no cap.
        description.design.scoreSoftCap = try Float.positive(
            configuration.attn_logit_softcapping.given(or: 50), "attn_logit_softcapping")
        description.design.logitSoftCap = try Float.positive(
            configuration.final_logit_softcapping.given(or: 30), "final_logit_softcapping")
        return description
    }

    /// What Gemma 2 and 3 share.
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

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try block(file, weights, architecture, types: types, usualTheta: 10_000)
        // The file has no scale: only the 27B has another one.
        let sizes = description.sizes
        if sizes.layers == 46 { description.design.scoreScale = scale(sizes.width / sizes.heads) }
        description.design.scoreSoftCap = try Float.positive(
            file.number("gemma2.attn_logit_softcapping", default: 50), "attn_logit_softcapping")
        description.design.logitSoftCap = try Float.positive(
            file.number("gemma2.final_logit_softcapping", default: 30), "final_logit_softcapping")
        return description
    }

    /// What the GGUF files of Gemma 2 and 3 share.
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
