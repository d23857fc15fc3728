internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// How nearly each head attends as a pattern says, on one text: previous-token, duplicate-token and induction heads, or a
/// pattern of one's own. The two measures are those of TransformerLens's `detect_head`.
public struct HeadDetection: Sendable, Equatable {
    /// Where a head of a kind looks.
    public enum Pattern: Sendable, Equatable {
        /// To the token before.
        case previousToken
        /// To earlier occurrences of the present token.
        case duplicateToken
        /// To the tokens after earlier occurrences of the present token (Olsson et al. 2022, arXiv:2209.11895).
        case induction
        /// `weights[query][key]`, nothing above the diagonal.
        case weights([[Double]])

        /// The pattern for a text, `[query][key]`.
        ///
        /// - Throws: `ModelError` for weights of another size than the text's, or that look ahead.
        public func weights(for tokens: [Int]) throws -> [[Double]] {
            let count = tokens.count
            func made(_ isSeen: (Int, Int) -> Bool) -> [[Double]] {
                (0..<count).map { query in (0..<count).map { $0 <= query && isSeen(query, $0) ? 1 : 0 } }
            }
            switch self {
            case .previousToken: return made { $1 == $0 - 1 }
            case .duplicateToken: return made { $1 < $0 && tokens[$0] == tokens[$1] }
            case .induction: return made { $1 > 0 && tokens[$0] == tokens[$1 - 1] }
            case .weights(let weights):
                guard weights.count == count, weights.allSatisfy({ $0.count == count }) else {
                    throw ModelError(
                        "a pattern for a text of \(count) tokens has \(count) rows and columns, got "
                            + "\(weights.count) rows of \(weights.first?.count ?? 0)")
                }
                for (query, row) in weights.enumerated() where row.dropFirst(query + 1).contains(where: { $0 != 0 }) {
                    throw ModelError("row \(query) of the pattern looks ahead: a head attends to earlier tokens only")
                }
                return weights
            }
        }
    }

    /// How a head's attention is compared with the pattern.
    public enum Measure: String, Sendable, CaseIterable, Codable {
        /// The part of the attention that falls where the pattern says, `Σ A·P / Σ A`: from 0 to 1 for patterns of 0 and 1.
        case product = "mul"
        /// `1 - Σ |A - P| / T`: 1 for a head that attends as the pattern says and nowhere else.
        case distance = "abs"
    }

    /// The score of each head, `[layer][head]`.
    public let scores: [[Double]]

    /// Scores of every head on one text.
    ///
    /// - Parameters:
    ///   - pattern: where a head of the kind looks.
    ///   - measure: how attention is compared with it.
    ///   - excludesFirst: whether attention to the first token is left out: heads rest there.
    ///   - excludesCurrent: whether attention to the token itself is left out.
    /// - Throws: `ModelError` for a text that the model cannot read, or a pattern that does not fit it.
    public init(
        _ model: HookedTransformer, _ tokens: [Int], as pattern: Pattern, by measure: Measure = .product,
        excludesFirst: Bool = false, excludesCurrent: Bool = false
    ) throws {
        try model.check(tokens)
        let expected = try pattern.weights(for: tokens).flatMap { $0 }
        let cache = model.run(tokens, recording: .sites(.pattern)).cache
        let (heads, size) = (model.configuration.heads, tokens.count * tokens.count)
        scores = try (0..<model.configuration.layers).map { layer in
            guard let maps = cache[.block(layer, .pattern)] else { unmet("\(model.name) shows its patterns") }
            try model.requireNumbers(maps)
            let values = maps.elements
            return (0..<heads).map { head in
                Self.score(
                    values[head * size..<(head + 1) * size].map(Double.init), expected, count: tokens.count, measure,
                    excludesFirst, excludesCurrent)
            }
        }
    }

    /// - Shapes: both `[T, T]`, row after row.
    static func score(
        _ attention: [Double], _ expected: [Double], count: Int, _ measure: Measure, _ excludesFirst: Bool,
        _ excludesCurrent: Bool
    ) -> Double {
        var (shared, all, distance) = (0.0, 0.0, 0.0)
        for place in attention.indices {
            let (query, key) = (place / count, place % count)
            if excludesFirst && key == 0 || excludesCurrent && key == query { continue }
            shared += attention[place] * expected[place]
            all += attention[place]
            distance += abs(attention[place] - expected[place])
        }
        return measure == .product ? shared / all : 1 - distance / Double(count)
    }
}
