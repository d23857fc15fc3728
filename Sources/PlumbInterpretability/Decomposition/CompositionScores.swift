internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbModels
internal import PlumbTensor

/// How strongly each head reads what each earlier head writes, from the weights alone, over all layers (Elhage et al. 2021,
/// *A Mathematical Framework for Transformer Circuits*, section *Composition*).
///
/// `‖W_QKᵀ W_OV‖ / (‖W_QK‖ ‖W_OV‖)` for queries, `‖W_QK W_OV‖ / (‖W_QK‖ ‖W_OV‖)` for keys and
/// `‖W_OV' W_OV‖ / (‖W_OV'‖ ‖W_OV‖)` for values, with Frobenius norms; the norm before attention is part of what a head
/// reads. Where heads share keys and values, each query head counts with the key-value head of its group.
public struct CompositionScores: Sendable, Codable {
    /// What of the later head reads.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Its queries.
        case query = "Q"
        /// Its keys.
        case key = "K"
        /// Its values.
        case value = "V"
    }

    /// All heads, layer by layer: the rows and columns of ``scores``.
    public let heads: [AttentionHead]
    /// `[kind][earlier head][later head]`, from 0 to 1; NaN where the second is not of a later layer.
    public let scores: [Kind: [[Double]]]

    /// Scores of every pair of heads.
    ///
    /// - Throws: `LinearAlgebraError` where weights are not finite.
    /// - Complexity: O(L² H² K² D).
    public init(_ model: HookedTransformer) throws {
        let (layers, count) = (model.configuration.layers, model.configuration.heads)
        heads = (0..<layers).flatMap { layer in (0..<count).map { AttentionHead(layer: layer, head: $0) } }
        let readers = try (0..<layers).map { layer in
            try LayerCircuits(model.headWeights(block: layer, foldingNorm: true))
        }
        let width = model.configuration.headWidth
        var scores: [Kind: [[Double]]] = [:]
        for kind in Kind.allCases {
            var table = [[Double]](
                repeating: [Double](repeating: .nan, count: heads.count), count: heads.count)
            for earlier in 0..<layers {
                for later in earlier + 1..<max(earlier + 1, layers) {
                    guard let reader = readers[later].readers[kind] else { continue }
                    let writer = readers[earlier].writers
                    let products = writer.matmul(transposed: reader)
                    let norms = Self.blockNorms(products, width: width)
                    let (own, other) = (readers[earlier].norms(writer), readers[later].norms(reader))
                    for one in 0..<count {
                        for two in 0..<count {
                            let alone = own[one] * other[two]
                            table[earlier * count + one][later * count + two] =
                                alone > 0 ? norms[one][two] / alone : 0
                        }
                    }
                }
            }
            scores[kind] = table
        }
        self.scores = scores
    }

    /// The score of one pair; NaN where `reader` is not of a later layer.
    ///
    /// - Precondition: the model has both heads.
    public func score(_ kind: Kind, from writer: AttentionHead, to reader: AttentionHead) -> Double {
        guard let row = heads.firstIndex(of: writer), let column = heads.firstIndex(of: reader) else {
            unmet("the model has no pair of heads \(writer) and \(reader)")
        }
        return scores[kind]?[row][column] ?? .nan
    }

    /// The Frobenius norms of the blocks of a matrix.
    ///
    /// - Shapes: `[H · K, H · K]`.
    private static func blockNorms(_ products: Tensor, width: Int) -> [[Double]] {
        let (values, columns) = (products.elements, products.shape[1])
        let count = columns / width
        var sums = [[Double]](repeating: [Double](repeating: 0, count: count), count: products.shape[0] / width)
        for row in 0..<products.shape[0] {
            for column in 0..<columns {
                let value = Double(values[row * columns + column])
                sums[row / width][column / width] += value * value
            }
        }
        return sums.map { $0.map { $0.squareRoot() } }
    }
}

/// The circuits of a layer's heads, each as one factor whose products have the norms of the whole: `‖Aᵀ B‖` is `‖S B‖` with
/// `S = (A Aᵀ)^½`.
private struct LayerCircuits {
    private let width: Int
    /// What heads write, `(V Vᵀ)^½ O` of each, `[H · K, D]`.
    let writers: Tensor
    /// What heads read by, `[H · K, D]`.
    let readers: [CompositionScores.Kind: Tensor]

    init(_ weights: HeadWeights) throws {
        width = weights.queries.shape[1]
        let heads = 0..<weights.queries.shape[0]
        func stacked(_ part: (Int) throws -> (other: Tensor, own: Tensor)) throws -> Tensor {
            Tensor.concatenated(
                try heads.map { head in
                    let (other, own) = try part(head)
                    return try Self.squareRoot(other.matmul(transposed: other)).matmul(own)
                })
        }
        writers = try stacked { (weights.values[weights.group(of: $0)], weights.outputs[$0]) }
        readers = [
            .query: try stacked { (weights.keys[weights.group(of: $0)], weights.queries[$0]) },
            .key: try stacked { (weights.queries[$0], weights.keys[weights.group(of: $0)]) },
            .value: try stacked { (weights.outputs[$0], weights.values[weights.group(of: $0)]) },
        ]
    }

    /// The Frobenius norm of each head's factor.
    func norms(_ stacked: Tensor) -> [Double] {
        (0..<stacked.shape[0] / width).map { stacked[$0 * width..<($0 + 1) * width].norm() }
    }

    /// The square root of a symmetric matrix without eigenvalues below 0.
    ///
    /// - Shapes: `[K, K]`.
    private static func squareRoot(_ gram: Tensor) throws -> Tensor {
        let (values, vectors) = try DoubleMatrix(gram).symmetricEigen()
        var scaled = vectors
        for row in 0..<scaled.rows {
            for column in 0..<scaled.columns { scaled[row, column] *= max(0, values[row]).squareRoot() }
        }
        return Tensor(vectors.transposedProduct(scaled).elements.map(Float.init), shape: gram.shape)
    }
}
