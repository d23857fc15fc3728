internal import PlumbData
internal import PlumbNN

/// Qwen 2 and 2.5: Llama's block with biases of queries, keys and values, and windows that later layers may have (Yang et
/// al. 2024, arXiv:2407.10671).
enum Qwen2: ModelFamily {
    typealias Configuration = Llama.Configuration

    static let kind = FamilyKind(title: "Qwen 2, 2.5", className: "Qwen2ForCausalLM", ggufName: "qwen2")
    static let names = Llama.names

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        design.biases = .queryKeyValue
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.block(configuration, architecture)
        description.design.masks = try masks(configuration)
        description.design.biases = .queryKeyValue
        return description
    }

    /// Layers from `max_window_layers` on see the last `sliding_window` tokens, where windows are used at all.
    static func masks(_ configuration: Configuration) throws -> [ScaledDotProductAttention.Mask] {
        guard configuration.use_sliding_window ?? false, let window = configuration.sliding_window else {
            return [.causal]
        }
        let layers = configuration.num_hidden_layers
        let types =
            configuration.layer_types
            ?? (0..<layers).map { $0 < configuration.max_window_layers ?? 28 ? "full_attention" : "sliding_attention" }
        return try ScaledDotProductAttention.Mask.layers(types, layers, window: window)
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.description(file, weights, architecture)
        description.design.biases = .queryKeyValue
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        var configuration = try withWindows(of: transformer)
        (configuration.attention_bias, configuration.mlp_bias) = (nil, nil)
        return configuration
    }

    /// The Llama family's configuration, and the windows beside it.
    static func withWindows(of transformer: Transformer) throws -> Configuration {
        var configuration = try Llama.configuration(of: transformer)
        let masks = transformer.design.masks
        configuration.use_sliding_window = masks.contains { $0 != .causal }
        guard let window = masks.lazy.compactMap(\.windowWidth).first else { return configuration }
        configuration.sliding_window = window
        configuration.layer_types = masks.map(\.typeName)
        configuration.max_window_layers = masks.firstIndex { $0 != .causal }
        return configuration
    }
}
