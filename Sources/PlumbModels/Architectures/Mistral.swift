internal import PlumbData
internal import PlumbNN

/// Mistral: Llama's block, with a window in every layer unless the configuration says there is none (Jiang et al. 2023,
/// arXiv:2310.06825). Its GGUF files are of the architecture "llama", and do not say how wide the window is.
enum Mistral: ModelFamily {
    /// Llama's, in which a window that is not named is another than none.
    struct Configuration: Codable, Sendable {
        var llama: Llama.Configuration
        var window: Int?

        private enum Key: String, CodingKey { case sliding_window }

        init(llama: Llama.Configuration, window: Int?) { (self.llama, self.window) = (llama, window) }

        init(from decoder: any Decoder) throws {
            llama = try Llama.Configuration(from: decoder)
            let container = try decoder.container(keyedBy: Key.self)
            window = container.contains(.sliding_window) ? llama.sliding_window : 4096
        }

        func encode(to encoder: any Encoder) throws {
            try llama.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            if let window {
                try container.encode(window, forKey: .sliding_window)
            } else {
                try container.encodeNil(forKey: .sliding_window)
            }
        }
    }

    static let kind = FamilyKind(title: "Mistral", className: "MistralForCausalLM")
    static let names = Llama.names

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        design.biases = .none
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.block(configuration.llama, architecture)
        description.design.biases = .none
        if let window = configuration.window { description.design.masks = [try .validated(window: window)] }
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        var llama = try Llama.configuration(of: transformer)
        (llama.attention_bias, llama.mlp_bias) = (nil, nil)
        return Configuration(llama: llama, window: transformer.design.masks.first?.windowWidth)
    }
}
