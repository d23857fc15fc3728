internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// How strongly the heads of a layer read what those of an earlier one write, from the weights alone (Elhage et al. 2021,
/// *A Mathematical Framework for Transformer Circuits*, section *Composition*).
///
/// `‖W_QKᵀ W_OV‖ / (‖W_QK‖ ‖W_OV‖)` for queries, `‖W_QK W_OV‖ / (‖W_QK‖ ‖W_OV‖)` for keys and
/// `‖W_OV' W_OV‖ / (‖W_OV'‖ ‖W_OV‖)` for values, with Frobenius norms, where `W_QK = W_Qᵀ W_K` and `W_OV = W_O W_V`; the
/// norm before attention is part of what a head reads. Where heads share keys and values, each query head counts with the
/// key-value head of its group.
public struct HeadComposition: Sendable, Codable {
    /// What of the later head reads.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Its queries.
        case query = "Q"
        /// Its keys.
        case key = "K"
        /// Its values.
        case value = "V"
    }

    /// The heads of the earlier layer against those of the later: `[kind][earlier head][later head]`.
    public let scores: [Kind: [[Double]]]

    /// Scores of every pair of heads of two layers.
    public init(_ model: HookedTransformer, from earlier: Int, to later: Int) {
        require(earlier < later, "composition is with an earlier layer, got \(earlier) and \(later)")
        self.init(from: LayerCircuits(model, block: earlier), to: LayerCircuits(model, block: later))
    }

    init(from writers: LayerCircuits, to readers: LayerCircuits) {
        var scores: [Kind: [[Double]]] = [:]
        for (kind, parts) in readers.readers {
            scores[kind] = writers.writers.map { writer in
                parts.map { reader in
                    let alone = reader.norm * writer.norm
                    return alone > 0 ? reader.composed(with: writer) / alone : 0
                }
            }
        }
        self.scores = scores
    }
}

/// The circuits of a layer's heads, each as two factors of K rows and the Gram matrix of the one that does not compose.
struct LayerCircuits {
    /// One circuit `AᵀB`: it composes by one of the two.
    struct Circuit {
        /// The factor that composes, `[K, D]`.
        let factor: Tensor
        /// The Gram matrix of the other, `[K, K]`.
        let gram: Tensor
        /// The Frobenius norm of the circuit.
        let norm: Double

        init(_ factor: Tensor, beside other: Tensor) {
            let gram = other.matmul(transposed: other)
            (self.factor, self.gram) = (factor, gram)
            norm = gram.dot(factor.matmul(transposed: factor).transposed()).squareRoot()
        }

        /// The Frobenius norm of what reading this circuit from what `writer` writes gives.
        func composed(with writer: Circuit) -> Double {
            // ‖Aᵀ M B‖² = Σ (A Aᵀ M) ∘ (M B Bᵀ): the matrices of width D are never made.
            let middle = factor.matmul(transposed: writer.factor)
            return max(0, gram.matmul(middle).dot(middle.matmul(writer.gram))).squareRoot()
        }
    }

    /// What heads write, by their outputs.
    let writers: [Circuit]
    /// What heads read by.
    let readers: [HeadComposition.Kind: [Circuit]]

    init(_ model: HookedTransformer, block: Int) {
        let weights = model.headWeights(block: block, foldingNorm: true)
        let heads = 0..<model.configuration.heads
        let (queries, keys) = (heads.map { weights.queries[$0] }, heads.map { weights.keys[weights.group(of: $0)] })
        let (outputs, values) = (heads.map { weights.outputs[$0] }, heads.map { weights.values[weights.group(of: $0)] })
        writers = zip(outputs, values).map { Circuit($0, beside: $1) }
        readers = [
            .query: zip(queries, keys).map { Circuit($0, beside: $1) },
            .key: zip(keys, queries).map { Circuit($0, beside: $1) },
            .value: zip(values, outputs).map { Circuit($0, beside: $1) },
        ]
    }
}
