internal import PlumbData
internal import PlumbNN

/// Qwen 2 and 2.5: Llama's block with biases of queries, keys and values, and windows that later layers may have (Yang et
/// al. 2024, arXiv:2407.10671).
enum Qwen2: ModelFamily {
    typealias Configuration = Llama.Configuration

    static let names = Llama.names

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        design.biases = .queryKeyValue
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.description(configuration, architecture)
        description.design.masks = try masks(configuration)
        description.design.biases = .queryKeyValue
        return description
    }

    /// Layers from `max_window_layers` on see the last `sliding_window` tokens, where windows are used at all.
    private static func masks(_ configuration: Configuration) throws -> [ScaledDotProductAttention.Mask] {
        guard configuration.use_sliding_window ?? false, let window = configuration.sliding_window else {
            return [.causal]
        }
        guard window > 0 else { throw ModelError("sliding_window is \(window); a window must see at least one token") }
        let layers = configuration.num_hidden_layers
        let types =
            configuration.layer_types
            ?? (0..<layers).map { $0 < configuration.max_window_layers ?? 28 ? "full_attention" : "sliding_attention" }
        guard types.count == layers, types.allSatisfy({ ["full_attention", "sliding_attention"].contains($0) }) else {
            throw ModelError(
                "layer_types must name full_attention or sliding_attention for each of \(layers) layers, got \(types)")
        }
        return types.map { $0 == "sliding_attention" ? .window(window) : .causal }
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.description(file, weights, architecture)
        description.design.biases = .queryKeyValue
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        var configuration = try Llama.configuration(of: transformer)
        (configuration.attention_bias, configuration.mlp_bias) = (nil, nil)
        let windows = transformer.design.masks.compactMap { mask in
            if case .window(let width) = mask { width } else { nil }
        }
        configuration.use_sliding_window = !windows.isEmpty
        guard let window = windows.first else { return configuration }
        configuration.sliding_window = window
        configuration.layer_types = transformer.design.masks.map {
            $0 == .causal ? "full_attention" : "sliding_attention"
        }
        configuration.max_window_layers = transformer.design.masks.firstIndex { $0 != .causal }
        return configuration
    }
}
