internal import PlumbData
internal import PlumbNN

/// Phi-3 and Phi-4-mini: Llama's block with fused products, of whose heads a part may turn, and contexts stretched by
/// LongRoPE (Abdin et al. 2024, arXiv:2404.14219).
enum Phi3: ModelFamily {
    typealias Configuration = Llama.Configuration

    static let kind = FamilyKind(
        title: "Phi-3, Phi-4-mini", className: "Phi3ForCausalLM", ggufName: "phi3", hasFreeHeadWidth: false)
    static let names = Llama.names.adding(
        [
            .queryKeyValue: ("self_attn.qkv_proj", "attn_qkv"), .gateUp: ("mlp.gate_up_proj", "ffn_up"),
        ], without: [.query, .key, .value, .gate, .up])

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        design.biases = .none
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var given = configuration
        // Heads share the width, and the original context is 4096 where the file does not say.
        if given.rope_scaling != nil || given.rope_parameters?.full.original_max_position_embeddings == nil {
            given.original_max_position_embeddings = configuration.original_max_position_embeddings ?? 4096
        }
        var description = try Llama.block(given, architecture, part: 1)
        description.design.biases = .none
        if let window = configuration.sliding_window { description.design.masks = [try .validated(window: window)] }
        return description
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.description(file, weights, architecture)
        description.design.biases = .none
        let window = try file.integer("phi3.attention.sliding_window", default: 0)
        if window > 0 { description.design.masks = [.window(window)] }
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        var configuration = try Llama.configuration(of: transformer, allowsPart: true)
        (configuration.attention_bias, configuration.mlp_bias, configuration.head_dim) = (nil, nil, nil)
        configuration.sliding_window = transformer.design.masks.first?.windowWidth
        configuration.partial_rotary_factor = configuration.rope_parameters?.full.partial_rotary_factor
        configuration.original_max_position_embeddings =
            configuration.rope_parameters?.full.original_max_position_embeddings
        // Releases before 5 know the longer context by this key alone, and have no factor of a part in it.
        configuration.rope_scaling = nil
        return configuration
    }
}
