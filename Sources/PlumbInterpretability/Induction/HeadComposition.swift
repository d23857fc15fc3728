public import PlumbModels
internal import PlumbTensor

/// How strongly a head reads what an earlier head writes, from the weights alone (Elhage et al. 2021, *A Mathematical
/// Framework for Transformer Circuits*, section *Composition*).
///
/// `‖W_QK W_OV‖ / (‖W_QK‖ ‖W_OV‖)` with Frobenius norms, where `W_QK = W_Qᵀ W_K` and `W_OV = W_O W_V`.
public struct HeadComposition: Sendable {
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
        precondition(earlier < later, "composition is with an earlier layer, got \(earlier) and \(later)")
        let heads = 0..<model.configuration.heads
        let writers = heads.map { model.foldedHeadWeights(layer: earlier, head: $0) }
        let readers = heads.map { model.foldedHeadWeights(layer: later, head: $0) }
        var scores: [Kind: [[Double]]] = [:]
        for kind in Kind.allCases {
            scores[kind] = writers.map { writer in readers.map { Self.score(kind, writer, $0) } }
        }
        self.scores = scores
    }

    static func score(_ kind: Kind, _ writer: FoldedHeadWeights, _ reader: FoldedHeadWeights) -> Double {
        let (read, other) = kind == .key ? (reader.key, reader.query) : (reader.query, reader.key)
        // ‖Aᵀ M B‖² = Σ (A Aᵀ M) ∘ (M B Bᵀ): the matrices of width D are never made.
        func norm(_ a: Tensor, _ middle: Tensor?, _ b: Tensor) -> Double {
            let (left, right) = (a.matmul(transposed: a), b.matmul(transposed: b))
            guard let middle else { return left.dot(right.transposed()).squareRoot() }
            return max(0, left.matmul(middle).dot(middle.matmul(right))).squareRoot()
        }
        let together = norm(other, read.matmul(writer.output), writer.value)
        let alone = norm(other, nil, read) * norm(writer.output.transposed(), nil, writer.value)
        return alone > 0 ? together / alone : 0
    }
}
