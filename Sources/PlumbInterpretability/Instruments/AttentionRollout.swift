internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// How much of each position's stream comes from each token of the prompt, if attention alone moved it: the products of the
/// layers' attention patterns, each averaged over its heads and mixed with the residual path (Abnar, Zuidema 2020,
/// arXiv:2005.00928).
///
/// `R_l = (½ A_l + ½ I) R_{l-1}`, with `R` the identity before the first layer. Rows are distributions over tokens. Values
/// and MLPs are left out, so that a rollout shows where something may come from, not that it does.
public struct AttentionRollout: Sendable, Equatable {
    /// How the heads of a layer become one pattern.
    public enum Heads: String, Sendable, CaseIterable, Codable {
        /// Their mean, as published.
        case mean
        /// The greatest of them at each place, divided by the row's sum.
        case greatest
    }

    /// The prompt.
    public let tokens: [Int]
    /// `weights[layer][position][token]` after each layer.
    public let weights: [[[Double]]]

    /// The rollout of one prompt.
    ///
    /// - Parameters:
    ///   - heads: how heads are combined.
    ///   - residual: the part of each layer's stream that stays where it is, from 0 to 1.
    /// - Throws: `ModelError` for a prompt that the model cannot read, and weights that are not numbers.
    public init(
        _ model: HookedTransformer, _ tokens: [Int], heads: Heads = .mean, residual: Double = 0.5
    ) throws {
        try model.check(tokens)
        let cache = model.run(tokens, recording: .sites(.pattern)).cache
        let patterns = try (0..<model.configuration.layers).map { layer in
            guard let maps = cache[.block(layer, .pattern)] else { unmet("\(model.name) shows its patterns") }
            try model.requireNumbers(maps)
            return Self.combined(maps, heads)
        }
        self.init(tokens: tokens, patterns: patterns, residual: residual)
    }

    /// The rollout of patterns that are combined over heads already.
    ///
    /// - Parameter patterns: `patterns[layer][query][key]`, T by T, rows adding up to 1.
    /// - Precondition: patterns are square and of the prompt's length; `residual` lies from 0 to 1.
    public init(tokens: [Int], patterns: [[[Double]]], residual: Double = 0.5) {
        require((0...1).contains(residual), "the residual part lies from 0 to 1, got \(residual)")
        let count = tokens.count
        require(
            patterns.allSatisfy { $0.count == count && $0.allSatisfy { $0.count == count } },
            "patterns of a prompt of \(count) tokens have \(count) rows and columns")
        var current = (0..<count).map { row in (0..<count).map { $0 == row ? 1.0 : 0 } }
        var weights: [[[Double]]] = []
        for pattern in patterns {
            current = (0..<count).map { query in
                var row = current[query].map { $0 * residual }
                for key in 0..<count where pattern[query][key] != 0 {
                    let part = (1 - residual) * pattern[query][key]
                    for token in 0..<count { row[token] += part * current[key][token] }
                }
                return row
            }
            weights.append(current)
        }
        (self.tokens, self.weights) = (tokens, weights)
    }

    /// - Shapes: `maps` `[H, T, T]`.
    private static func combined(_ maps: Tensor, _ heads: Heads) -> [[Double]] {
        let (count, length, values) = (maps.shape[0], maps.shape[1], maps.elements)
        return (0..<length).map { query in
            let row = (0..<length).map { key in
                let each = (0..<count).map { Double(values[($0 * length + query) * length + key]) }
                return heads == .mean ? each.reduce(0, +) / Double(count) : each.max() ?? 0
            }
            let sum = row.reduce(0, +)
            return heads == .mean ? row : row.map { $0 / sum }
        }
    }
}
