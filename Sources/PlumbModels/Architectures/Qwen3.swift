internal import PlumbData
internal import PlumbNN

/// Qwen 3: Llama's block with queries and keys normalized head by head, and heads that need not share the width (Qwen Team
/// 2025, arXiv:2505.09388).
enum Qwen3: ModelFamily {
    typealias Configuration = Llama.Configuration

    static let kind = FamilyKind(title: "Qwen 3", className: "Qwen3ForCausalLM", ggufName: "qwen3")
    static let names = Llama.names.adding([
        .queryNorm: ("self_attn.q_norm", "attn_q_norm"), .keyNorm: ("self_attn.k_norm", "attn_k_norm"),
    ])

    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign {
        var design = Llama.design(sizes)
        design.queryKeyNorm = .head
        return design
    }

    static func description(
        _ configuration: Configuration, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var given = configuration
        // The family's heads are of 128 features where the file does not say.
        given.head_dim = configuration.head_dim ?? 128
        var description = try Llama.block(given, architecture)
        description.design.queryKeyNorm = .head
        description.design.masks = try Qwen2.masks(configuration)
        return description
    }

    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        var description = try Llama.description(file, weights, architecture)
        description.design.queryKeyNorm = .head
        return description
    }

    static func configuration(of transformer: Transformer) throws -> Configuration {
        var configuration = try Qwen2.withWindows(of: transformer)
        configuration.mlp_bias = nil
        return configuration
    }
}
