internal import PlumbBasics

/// What contributes to a model's next token on one prompt: features, what no feature explains, and embeddings, with the
/// linear contribution of each to each (Ameisen et al., "Circuit Tracing", 2025).
///
/// Nodes are numbered: the features, the errors block by block and position by position, the embeddings of positions,
/// the logits.
public struct AttributionGraph: Sendable, Equatable {
    /// An active feature.
    public struct Feature: Sendable, Hashable, Codable {
        /// The block whose MLP it is part of.
        public let layer: Int
        /// Where it is active.
        public let position: Int
        /// Which of the block's features.
        public let feature: Int
        /// How active it is.
        public let activation: Float
    }

    /// A token whose logit is explained.
    public struct Logit: Sendable, Hashable, Codable {
        /// The token.
        public let token: Int
        /// Its probability after the prompt.
        public let probability: Float
        /// Its logit less the mean over all tokens, without biases of logits and before any cap.
        public let value: Float
    }

    /// Contributions to one node.
    public struct Row: Sendable, Equatable {
        /// The nodes that contribute, rising.
        public var sources: [Int32]
        /// What each contributes, in the target's unit: an activation or a logit.
        public var weights: [Float]
        /// What biases and unexplained positions contribute.
        public var bias: Float
        /// The absolute contributions of everything, edges that were not kept included.
        public var total: Float
    }

    /// What a node is.
    public enum Node: Sendable, Hashable {
        /// A feature at a position.
        case feature(Feature)
        /// What the features of an MLP leave out at a position.
        case error(layer: Int, position: Int)
        /// The embedding of a token.
        case embedding(position: Int)
        /// A logit at the last position.
        case logit(Logit)
    }

    /// The prompt.
    public let tokens: [Int]
    /// The text of each of its tokens.
    public let texts: [String]
    /// The number of blocks.
    public let layers: Int
    /// Features with rows of their own, block by block and position by position.
    public let features: [Feature]
    /// The logits, most probable first.
    public let logits: [Logit]
    /// The text of each logit's token.
    public let logitTexts: [String]
    /// Contributions to each feature, then to each logit.
    public let rows: [Row]
    /// How many features were active, those without a row included.
    public let activeFeatures: Int

    /// A graph from its parts.
    ///
    /// - Precondition: a row for each feature and logit, whose sources are nodes.
    public init(
        tokens: [Int], texts: [String], layers: Int, features: [Feature], logits: [Logit], logitTexts: [String],
        rows: [Row], activeFeatures: Int
    ) {
        (self.tokens, self.texts, self.layers, self.features) = (tokens, texts, layers, features)
        (self.logits, self.logitTexts, self.rows, self.activeFeatures) = (logits, logitTexts, rows, activeFeatures)
        require(
            rows.count == features.count + logits.count && texts.count == tokens.count
                && logitTexts.count == logits.count,
            "\(rows.count) rows and \(texts.count) texts do not fit \(features.count) features, \(logits.count) "
                + "logits and "
                + "\(tokens.count) tokens")
        let count = firstLogit
        require(
            rows.allSatisfy { row in
                row.sources.count == row.weights.count && row.sources.allSatisfy { $0 >= 0 && Int($0) < count }
            }, "a row's sources are features, errors and embeddings, with a weight each")
    }

    /// The number of the first error.
    public var firstError: Int { features.count }
    /// The number of the first embedding.
    public var firstEmbedding: Int { features.count + layers * tokens.count }
    /// The number of the first logit.
    public var firstLogit: Int { firstEmbedding + tokens.count }
    /// How many nodes there are.
    public var nodeCount: Int { firstLogit + logits.count }

    /// What node `index` is.
    ///
    /// - Precondition: `index` is below ``nodeCount``.
    public func node(_ index: Int) -> Node {
        require((0..<nodeCount).contains(index), "a graph of \(nodeCount) nodes has no node \(index)")
        if index < firstError { return .feature(features[index]) }
        if index < firstEmbedding {
            let place = index - firstError
            return .error(layer: place / tokens.count, position: place % tokens.count)
        }
        if index < firstLogit { return .embedding(position: index - firstEmbedding) }
        return .logit(logits[index - firstLogit])
    }

    /// The node that row `row` is about.
    public func target(ofRow row: Int) -> Int { row < features.count ? row : firstLogit + row - features.count }

    /// The part of all absolute contributions to features and logits that the graph's edges carry; the rest belongs to
    /// features without a row and to edges that were too small to be kept.
    public var keptShare: Double {
        var (kept, all) = (0.0, 0.0)
        for row in rows {
            kept += row.weights.reduce(0) { $0 + Double(abs($1)) }
            all += Double(row.total)
        }
        return all > 0 ? kept / all : 1
    }
}
