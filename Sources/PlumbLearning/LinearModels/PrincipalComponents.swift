internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbTensor

/// The orthogonal directions along which examples vary most (Pearson 1901, *On Lines and Planes of Closest Fit to Systems of
/// Points in Space*; Hotelling 1933).
public struct PrincipalComponents: Sendable, Equatable {
    /// The directions, the one of largest variance first, `[K, D]`; each has length 1.
    public let directions: DoubleMatrix
    /// The variance of the examples along each, `[K]`.
    public let variances: [Double]
    private let means: [Double]

    /// Finds the first `count` components.
    ///
    /// - Shapes: `examples` `[N, D]`.
    /// - Precondition: there are examples, and `count` of their features or more.
    /// - Throws: `LinearAlgebraError` where a number is not finite.
    /// - Complexity: O(N D² + D³).
    public init(of examples: DoubleMatrix, count: Int) throws {
        require(
            examples.rows > 0 && count >= 0 && count <= examples.columns,
            "\(examples.rows) examples of \(examples.columns) features have no \(count) principal components")
        means = examples.columnMeans
        let x = examples.addingToRows(means, scale: -1)
        let (values, vectors) = try x.transposedProduct(x).symmetricEigen()
        directions = vectors.gathered(Array(0..<count))
        variances = values.prefix(count).map { $0 / Double(examples.rows) }
    }

    /// Where examples lie along the components.
    ///
    /// - Shapes: `examples` `[N, D]`; result `[N, K]`.
    public func callAsFunction(_ examples: DoubleMatrix) -> DoubleMatrix {
        examples.addingToRows(means, scale: -1).product(directions.transposed())
    }
}
