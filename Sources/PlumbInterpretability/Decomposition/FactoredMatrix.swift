internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbTensor

/// A matrix of low rank, kept as the product of two factors `A · B`, which is never made where the factors suffice: the
/// circuits of attention heads are such matrices (Elhage et al. 2021, *A Mathematical Framework for Transformer Circuits*).
///
/// Singular values, eigenvalues, norm and trace come from the factors alone and take a time that grows with the square of
/// the inner size and not with that of the matrix.
///
/// - Shapes: `A` `[M, R]`, `B` `[R, N]`; the matrix is `[M, N]`.
public struct FactoredMatrix: Sendable, Equatable {
    /// The first factor, `[M, R]`.
    public let left: DoubleMatrix
    /// The second factor, `[R, N]`.
    public let right: DoubleMatrix

    /// The product of two factors.
    ///
    /// - Precondition: the first has as many columns as the second has rows.
    public init(_ left: DoubleMatrix, _ right: DoubleMatrix) {
        require(
            left.columns == right.rows,
            "factors of \(left.rows) × \(left.columns) and \(right.rows) × \(right.columns) have no product")
        (self.left, self.right) = (left, right)
    }

    /// The product of two tensors.
    ///
    /// - Shapes: `left` `[M, R]`, `right` `[R, N]`.
    public init(_ left: Tensor, _ right: Tensor) { self.init(DoubleMatrix(left), DoubleMatrix(right)) }

    /// The rows of the matrix, M.
    public var rows: Int { left.rows }
    /// The columns of the matrix, N.
    public var columns: Int { right.columns }
    /// The inner size, R: the rank is at most this.
    public var inner: Int { left.columns }

    /// The matrix itself, `[M, N]`.
    ///
    /// - Complexity: O(M N R).
    public func product() -> DoubleMatrix { left.product(right) }

    /// The matrix with rows and columns exchanged: `Bᵀ · Aᵀ`.
    public func transposed() -> FactoredMatrix { FactoredMatrix(right.transposed(), left.transposed()) }

    /// `(A · B) · (C · D)` with the smaller of the two inner sizes.
    ///
    /// - Precondition: the columns of this matrix are as many as the other's rows.
    public func product(_ other: FactoredMatrix) -> FactoredMatrix {
        require(
            columns == other.rows,
            "\(rows) × \(columns) cannot be multiplied by \(other.rows) × \(other.columns)")
        let middle = right.product(other.left)
        return inner <= other.inner
            ? FactoredMatrix(left, middle.product(other.right)) : FactoredMatrix(left.product(middle), other.right)
    }

    /// `(A · B) · C`.
    public func product(_ other: DoubleMatrix) -> FactoredMatrix { FactoredMatrix(left, right.product(other)) }

    /// `C · (A · B)`.
    public func multiplied(byLeft other: DoubleMatrix) -> FactoredMatrix { FactoredMatrix(other.product(left), right) }

    /// The sum of the diagonal of a square matrix, which is that of `B · A`.
    ///
    /// - Precondition: the matrix is square.
    public var trace: Double {
        requireSquare("a trace")
        var sum = 0.0
        for row in 0..<rows {
            for k in 0..<inner { sum += left[row, k] * right[k, row] }
        }
        return sum
    }

    /// The Frobenius norm, `√ tr(AᵀA BBᵀ)`.
    public var norm: Double {
        let (a, b) = (left.transposedProduct(left), right.product(right.transposed()))
        var sum = 0.0
        for (x, y) in zip(a.elements, b.elements) { sum += x * y }
        return max(0, sum).squareRoot()
    }

    /// `A · B = U Σ Vᵀ`, the singular value decomposition, from those of the factors.
    ///
    /// The largest component of each row of Vᵀ is positive, so that results can be compared.
    ///
    /// - Shapes: K the smallest of M, R and N; `u` `[M, K]`; `values` `[K]`, the largest first; `v` `[K, N]`, the rows of Vᵀ.
    /// - Throws: `LinearAlgebraError` where a factor holds a number that is not finite.
    /// - Complexity: O((M + N) R²).
    public func singularValues() throws -> (u: DoubleMatrix, values: [Double], v: DoubleMatrix) {
        let (a, b) = (try left.singularValues(), try right.singularValues())
        var middle = a.v.product(b.u)
        for row in 0..<middle.rows {
            for column in 0..<middle.columns { middle[row, column] *= a.values[row] * b.values[column] }
        }
        let inside = try middle.singularValues()
        var (u, v) = (a.u.product(inside.u), inside.v.product(b.v))
        for k in 0..<v.rows where (v.row(k).max { abs($0) < abs($1) } ?? 0) < 0 {
            for column in 0..<v.columns { v[k, column].negate() }
            for row in 0..<u.rows { u[row, k].negate() }
        }
        return (u, inside.values, v)
    }

    /// The R eigenvalues of a square matrix that may differ from 0, those of `B · A`; the largest in magnitude first, and of
    /// two conjugates the one above the real axis.
    ///
    /// - Precondition: the matrix is square.
    /// - Throws: `LinearAlgebraError` where a factor holds a number that is not finite.
    /// - Complexity: O(M R² + R³).
    public func eigenvalues() throws -> [Eigenvalue] {
        requireSquare("eigenvalues")
        return try Eigenvalue.all(of: right.product(left))
    }

    private func requireSquare(_ name: String) {
        require(rows == columns, "\(name) needs a square matrix, got \(rows) × \(columns)")
    }
}
