internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbModels
internal import PlumbTensor

extension HeadWeights {
    /// The query-key circuit of a head, `[D, D]`, as a product of its queries and keys; see `queryKeyCircuit(head:)`.
    ///
    /// - Precondition: the block has the head.
    public func queryKeyFactors(head: Int) -> FactoredMatrix {
        FactoredMatrix(queries[checked(head)].transposed(), keys[group(of: head)])
    }

    /// The output-value circuit of a head, `[D, D]`, as a product of its values and outputs: a position's stream, in a row,
    /// times this is what it adds to where the head reads it.
    ///
    /// - Precondition: the block has the head.
    public func outputValueFactors(head: Int) -> FactoredMatrix {
        FactoredMatrix(values[group(of: checked(head))].transposed(), outputs[head])
    }

    /// The key-value head that a head reads.
    func group(of head: Int) -> Int { head / (queries.shape[0] / keys.shape[0]) }

    private func checked(_ head: Int) -> Int {
        require((0..<queries.shape[0]).contains(head), "the block has \(queries.shape[0]) heads, no head \(head)")
        return head
    }
}

/// How much each head copies the tokens that it attends to, from the weights alone: the eigenvalues of its whole
/// output-value circuit `W_U W_OV W_E`, from each token to the logit of each token (Elhage et al. 2021, section *Summarizing
/// OV/QK matrices*).
///
/// A score is `Σ λ / Σ |λ|`, from -1 to 1: 1 where attending to a token raises the logits of tokens like it, -1 where it
/// lowers them. The embedding is read as it is: what the first MLP makes of it is left out.
public struct CopyingScores: Sendable, Equatable {
    /// The score of each head, `[layer][head]`; NaN for a head without any eigenvalue but 0.
    public let scores: [[Double]]

    /// Scores of every head.
    ///
    /// - Throws: `LinearAlgebraError` where weights are not finite.
    /// - Complexity: O(V D² + L H (D² K + K³)).
    public init(_ model: HookedTransformer) throws {
        let embedding = DoubleMatrix(
            model.unembeddingWeights(foldingNorm: true).transposedMatmul(model.embeddingWeights()))
        // Rows read the unembedding, columns the embedding: `W_Uᵀ W_E`, `[D, D]`.
        scores = try (0..<model.configuration.layers).map { layer in
            let weights = model.headWeights(block: layer, foldingNorm: true)
            return try (0..<model.configuration.heads).map { head in
                let circuit = weights.outputValueFactors(head: head)
                let values = try FactoredMatrix(circuit.left, circuit.right.product(embedding)).eigenvalues()
                let size = values.reduce(0) { $0 + $1.magnitude }
                return size > 0 ? values.reduce(0) { $0 + $1.real } / size : .nan
            }
        }
    }
}
