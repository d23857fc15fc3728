public import PlumbData
public import PlumbModels
internal import PlumbTensor

/// How much each head attends where an induction circuit needs it to, on random tokens repeated
/// (Olsson et al. 2022, arXiv:2209.11895, section *Head activation evaluators*).
///
/// Each score is a mean attention probability, from 0 to 1. Scores are of attention alone: whether a head matters is
/// for ablations to say.
public struct HeadScores: Sendable, Codable {
    /// To the token after the previous occurrence of the present one, where copying can predict: `[layer][head]`.
    public let induction: [[Double]]
    /// To the token before: `[layer][head]`.
    public let previousToken: [[Double]]
    /// To the previous occurrence of the present token: `[layer][head]`.
    public let duplicateToken: [[Double]]

    /// Scores on one batch of repeated tokens.
    public init(_ model: HookedTransformer, on batch: RepeatedTokens.Batch) {
        let tokens = batch.tokens
        let (layers, heads, length) = (model.configuration.layers, model.configuration.heads, tokens.columns)
        let zeros = Array(repeating: Array(repeating: 0.0, count: heads), count: layers)
        var (induction, previous, duplicate) = (zeros, zeros, zeros)
        var repeated = 0
        for row in 0..<tokens.rows { repeated += length - batch.repeatsFrom[row] }
        let cache = model.run(batch: (0..<tokens.rows).map { Array(tokens[$0]) }, recording: .sites(.pattern)).cache
        for layer in 0..<layers {
            guard let pattern = cache[.block(layer, .pattern)] else { continue }
            let width = pattern.shape[3]
            let probabilities = pattern.elements
            for row in 0..<tokens.rows {
                let again = batch.repeatsFrom[row]
                let period = batch.periods[row]
                for head in 0..<heads {
                    let map = ((row * heads) + head) * length * width
                    for query in again..<length {
                        induction[layer][head] += Double(probabilities[map + query * width + query - period + 1])
                        duplicate[layer][head] += Double(probabilities[map + query * width + query - period])
                    }
                    for query in 1..<length {
                        previous[layer][head] += Double(probabilities[map + query * width + query - 1])
                    }
                }
            }
        }
        func divided(_ sums: [[Double]], _ count: Int) -> [[Double]] {
            sums.map { $0.map { $0 / Double(max(1, count)) } }
        }
        self.induction = divided(induction, repeated)
        duplicateToken = divided(duplicate, repeated)
        previousToken = divided(previous, tokens.rows * (length - 1))
    }

    /// The heads whose score is at least `threshold`, the highest first.
    public static func heads(_ scores: [[Double]], atLeast threshold: Double) -> [AttentionHead] {
        ranked(scores).filter { scores[$0.layer][$0.head] >= threshold }
    }

    /// All heads, the highest score first.
    public static func ranked(_ scores: [[Double]]) -> [AttentionHead] {
        scores.indices.flatMap { layer in scores[layer].indices.map { AttentionHead(layer: layer, head: $0) } }
            .sorted { a, b in
                let (x, y) = (scores[a.layer][a.head], scores[b.layer][b.head])
                return x == y ? a < b : x > y
            }
    }
}
