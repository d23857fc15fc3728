internal import Foundation
internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbTensor

/// Virtual-logit matching: how much of a sample's features lies outside the principal subspace of the training data,
/// against the energy of its logits (Wang, Li, Feng, Zhang 2022, *ViM: Out-Of-Distribution with Virtual-logit
/// Matching*,
/// arXiv:2203.10807).
///
/// `s = α |x⊥| - log Σ exp z`: x⊥ is the part of `f - o` along the eigenvectors beyond the first d, the origin is
/// `o = -W⁺ b`, and α makes the mean of `α |x⊥|` in training that of the largest logit.
public struct VirtualLogit: Sendable {
    private let origin: [Double]
    private let residual: DoubleMatrix
    /// α.
    public let scale: Double

    /// Fits the subspace.
    ///
    /// - Parameters:
    ///   - outputs: of training samples.
    ///   - weight: W of the last layer, `[K, D]`.
    ///   - bias: its b, `[K]`; nil for none.
    ///   - dimensions: d, from 1 to D - 1.
    /// - Throws: `LinearAlgebraError` where a number is not finite.
    /// - Complexity: O(N D² + D³).
    public init(_ outputs: RecordedOutputs, weight: Tensor, bias: Tensor?, dimensions: Int) throws {
        let width = outputs.features.shape[1]
        require(
            weight.shape == [outputs.logits.shape[1], width] && dimensions > 0 && dimensions < width,
            "virtual logits need a layer [K, D] and fewer than D = \(width) dimensions, got \(weight.shape) and "
                + "\(dimensions)"
        )
        let b = bias?.elements.map(Double.init) ?? [Double](repeating: 0, count: weight.shape[0])
        let solution = try DoubleMatrix(weight).leastSquares(DoubleMatrix(b, rows: b.count, columns: 1)).solution
        let origin = solution.elements.map { -$0 }
        let centered = DoubleMatrix(outputs.features).addingToRows(origin, scale: -1)
        let vectors = try centered.squares.symmetricEigen().vectors
        residual = vectors.gathered(Array(dimensions..<width)).transposed()
        self.origin = origin
        let most = LogitScores.rows(outputs.logits).reduce(0) { $0 + ($1.max() ?? .nan) }
        scale = most / Self.norms(centered.product(residual)).reduce(0, +)
    }

    /// The scores of samples; they rise with how far from the training distribution a sample seems to be.
    public func scores(_ outputs: RecordedOutputs) -> [Double] {
        let centered = DoubleMatrix(outputs.features).addingToRows(origin, scale: -1)
        return zip(Self.norms(centered.product(residual)), LogitScores.energy(outputs.logits)).map { scale * $0 + $1 }
    }

    private static func norms(_ matrix: DoubleMatrix) -> [Double] {
        (0..<matrix.rows).map { matrix.row($0).reduce(0) { $0 + $1 * $1 }.squareRoot() }
    }
}
