internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// How strongly a head reads what an earlier head writes, from the weights alone (Elhage et al. 2021, *A Mathematical
/// Framework for Transformer Circuits*, section *Composition*).
///
/// `‖W_QK W_OV‖ / (‖W_QK‖ ‖W_OV‖)` with Frobenius norms, where `W_QK = W_Qᵀ W_K` and `W_OV = W_O W_V`.
public struct HeadComposition: Sendable, Codable {
    /// What of the later head reads.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Its queries: `‖W_QKᵀ W_OV‖`.
        case query = "Q"
        /// Its keys: `‖W_QK W_OV‖`.
        case key = "K"
    }

    /// The heads of the earlier layer against those of the later: `[kind][earlier head][later head]`.
    public let scores: [Kind: [[Double]]]

    /// Scores of every pair of heads of two layers.
    public init(_ model: HookedTransformer, from earlier: Int, to later: Int) {
        require(earlier < later, "composition is with an earlier layer, got \(earlier) and \(later)")
        let heads = 0..<model.configuration.heads
        let group = heads.count / model.configuration.keyValueHeads
        // The norm before attention is part of what a head reads.
        let writers = model.headWeights(block: earlier, foldingNorm: true)
        let readers = model.headWeights(block: later, foldingNorm: true)
        var scores: [Kind: [[Double]]] = [:]
        for kind in Kind.allCases {
            scores[kind] = heads.map { writer in
                heads.map { reader in
                    let (query, key) = (readers.queries[reader], readers.keys[reader / group])
                    let (read, other) = kind == .key ? (key, query) : (query, key)
                    return Self.score(
                        read: read, other: other, output: writers.outputs[writer],
                        value: writers.values[writer / group])
                }
            }
        }
        self.scores = scores
    }

    /// - Shapes: all `[K, D]`.
    private static func score(read: Tensor, other: Tensor, output: Tensor, value: Tensor) -> Double {
        // ‖Aᵀ M B‖² = Σ (A Aᵀ M) ∘ (M B Bᵀ): the matrices of width D are never made.
        func norm(_ a: Tensor, _ middle: Tensor?, _ b: Tensor) -> Double {
            let (left, right) = (a.matmul(transposed: a), b.matmul(transposed: b))
            guard let middle else { return left.dot(right.transposed()).squareRoot() }
            return max(0, left.matmul(middle).dot(middle.matmul(right))).squareRoot()
        }
        let together = norm(other, read.matmul(transposed: output), value)
        let alone = norm(other, nil, read) * norm(output, nil, value)
        return alone > 0 ? together / alone : 0
    }
}
