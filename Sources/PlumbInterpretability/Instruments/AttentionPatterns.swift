internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// Where heads look: the attention patterns of one text.
public struct AttentionPatterns: Sendable, Equatable {
    /// One head's pattern.
    public struct Pattern: Sendable, Equatable {
        /// The head's layer and number, from 0.
        public let layer: Int, head: Int
        /// `weights[query][key]`: what the query's position takes from the key's, from 0 to 1.
        public let weights: [[Double]]

        /// The mean over queries from the second on of what they take from the position before.
        public var previous: Double { mean { $0 > 0 ? weights[$0][$0 - 1] : nil } }
        /// The mean over queries from the second on of what they take from the first position.
        public var first: Double { mean { $0 > 0 ? weights[$0][0] : nil } }
        /// The mean over queries from the second on of what they take from their own position.
        public var own: Double { mean { $0 > 0 ? weights[$0][$0] : nil } }

        private func mean(_ value: (Int) -> Double?) -> Double {
            let values = weights.indices.compactMap(value)
            return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
        }
    }

    /// The prompt.
    public let tokens: [Int]
    /// The patterns, layer by layer.
    public let patterns: [Pattern]

    /// The patterns of a text.
    ///
    /// - Parameters:
    ///   - layers: whose heads to read.
    ///   - heads: which heads; nil for all.
    /// - Throws: `ModelError` for a prompt, a layer or a head that the model does not have, and weights that are not
    ///   numbers.
    public init(_ model: HookedTransformer, _ tokens: [Int], layers: [Int], heads: [Int]? = nil) throws {
        try model.check(tokens)
        if let bad = layers.first(where: { !(0..<model.configuration.layers).contains($0) }) {
            throw ModelError("\(model.name) has \(model.configuration.layers) layers, no layer \(bad)")
        }
        if let bad = heads?.first(where: { !(0..<model.configuration.heads).contains($0) }) {
            throw ModelError("\(model.name) has \(model.configuration.heads) heads in a layer, no head \(bad)")
        }
        self.tokens = tokens
        let points = Set(layers.map { HookPoint.block($0, .pattern) })
        let cache = model.run(tokens, recording: .points(points)).cache
        let chosen = heads ?? Array(0..<model.configuration.heads)
        patterns = try layers.flatMap { layer in
            guard let maps = cache[.block(layer, .pattern)] else { unmet("\(model.name) shows its patterns") }
            try model.requireNumbers(maps)
            return chosen.map { head in
                let (values, count) = (maps[head].elements, tokens.count)
                let weights = (0..<count).map { row in values[row * count..<(row + 1) * count].map(Double.init) }
                return Pattern(layer: layer, head: head, weights: weights)
            }
        }
    }
}
