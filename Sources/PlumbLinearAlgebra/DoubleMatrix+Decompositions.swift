public import PlumbTensor

/// A matrix that cannot be decomposed or solved: what was found and what would be accepted.
public struct LinearAlgebraError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}

extension DoubleMatrix {
    /// The eigenvalues of a symmetric matrix, the largest first, and a unit eigenvector of each.
    ///
    /// Of an eigenvector and its opposite, the one whose largest component is positive is given, so that results can be
    /// compared.
    ///
    /// - Shapes: self `[D, D]`; `values` `[D]`; `vectors` `[D, D]`, one a row.
    /// - Throws: ``LinearAlgebraError`` where the matrix is not square or holds a number that is not finite. Only its mean
    ///   with its transpose is read.
    /// - Complexity: O(D³).
    public func symmetricEigen() throws -> (values: [Double], vectors: DoubleMatrix) {
        try checkSquare("eigenvalues")
        guard rows > 0 else { return ([], self) }
        var a = elements
        for i in 0..<rows {
            for j in 0..<i {
                let mean = (elements[i * rows + j] + elements[j * rows + i]) / 2
                (a[i * rows + j], a[j * rows + i]) = (mean, mean)
            }
        }
        var values = [Double](repeating: 0, count: rows)
        guard LAPACK.symmetricEigen(&a, &values, size: rows) == 0 else {
            throw LinearAlgebraError("the eigenvalues of \(size) were not found: the iteration did not converge")
        }
        var vectors: [Double] = []
        vectors.reserveCapacity(a.count)
        for index in (0..<rows).reversed() {
            let vector = a[index * rows..<(index + 1) * rows]
            vectors += Self.isTurned(vector) ? vector.map { -$0 } : Array(vector)
        }
        return (values.reversed(), DoubleMatrix(vectors, rows: rows, columns: rows))
    }

    /// `A = U Σ Vᵀ`, the singular value decomposition.
    ///
    /// The largest component of each row of Vᵀ is positive, so that results can be compared.
    ///
    /// - Shapes: self `[M, N]`, K the smaller of M and N; `u` `[M, K]`; `values` `[K]`, the largest first; `v` `[K, N]`,
    ///   the rows of Vᵀ.
    /// - Throws: ``LinearAlgebraError`` where the matrix holds a number that is not finite.
    /// - Complexity: O(M N K).
    public func singularValues() throws -> (u: DoubleMatrix, values: [Double], v: DoubleMatrix) {
        try checkFinite()
        let least = min(rows, columns)
        var values = [Double](repeating: 0, count: least)
        var u = [Double](repeating: 0, count: rows * least)
        var v = [Double](repeating: 0, count: least * columns)
        guard least > 0 else {
            return (DoubleMatrix(rows: rows, columns: 0), [], DoubleMatrix(rows: 0, columns: columns))
        }
        // Row after row, A is Aᵀ = V Σ Uᵀ column after column; V's columns are then the rows of Vᵀ, and so on.
        var a = elements
        guard LAPACK.singularValues(&a, rows: columns, columns: rows, &v, &values, &u) == 0 else {
            throw LinearAlgebraError("the singular values of \(size) were not found: the iteration did not converge")
        }
        for k in 0..<least where Self.isTurned(v[k * columns..<(k + 1) * columns]) {
            for column in 0..<columns { v[k * columns + column].negate() }
            for row in 0..<rows { u[row * least + k].negate() }
        }
        return (
            DoubleMatrix(u, rows: rows, columns: least), values, DoubleMatrix(v, rows: least, columns: columns)
        )
    }

    /// The lower triangle L of `A = L Lᵀ`, for a symmetric, positive definite matrix; only its lower triangle is read.
    ///
    /// - Shapes: self and result `[D, D]`.
    /// - Throws: ``LinearAlgebraError`` where the matrix is not square, holds a number that is not finite, is not positive
    ///   definite, or is so nearly singular that a pivot is lost in rounding.
    /// - Complexity: O(D³).
    public func choleskyFactor() throws -> DoubleMatrix {
        let factor = try columnMajorFactor()
        var result = DoubleMatrix(rows: rows, columns: rows)
        for i in 0..<rows {
            for j in 0...i { result[i, j] = factor[j * rows + i] }
        }
        return result
    }

    /// X with `A · X = B`, for a symmetric, positive definite A, of which only the lower triangle is read.
    ///
    /// - Shapes: self `[D, D]`, `b` `[D, N]`; result `[D, N]`.
    /// - Throws: ``LinearAlgebraError`` as ``choleskyFactor()`` does, and where `b` does not fit or is not finite.
    /// - Complexity: O(D³ + D² N).
    public func solvedPositiveDefinite(_ b: DoubleMatrix) throws -> DoubleMatrix {
        var factor = try columnMajorFactor()
        return try solved(b) { LAPACK.solve(factor: &factor, &$0, size: rows, sides: b.columns) }
    }

    /// X with `A · X = B`, for a square A.
    ///
    /// - Shapes: self `[D, D]`, `b` `[D, N]`; result `[D, N]`.
    /// - Throws: ``LinearAlgebraError`` where A is not square or is singular, `b` does not fit, or a number is not finite.
    /// - Complexity: O(D³ + D² N).
    public func solved(_ b: DoubleMatrix) throws -> DoubleMatrix {
        try checkSquare("a linear system")
        var a = transposed().elements
        return try solved(b) { LAPACK.solve(&a, &$0, size: rows, sides: b.columns) }
    }

    /// The X that makes `|A · X - B|²` least, of several the shortest, and the rank of A.
    ///
    /// It is `V Σ⁺ Uᵀ B`, where singular values below `max(M, N) · ε` of the largest count as 0 (Golub, Van Loan,
    /// *Matrix Computations*, section 5.5).
    ///
    /// - Shapes: self `[M, N]`, `b` `[M, C]`; `solution` `[N, C]`.
    /// - Throws: ``LinearAlgebraError`` where `b` does not fit or a number is not finite.
    /// - Complexity: O(M N K), K the smaller of M and N.
    public func leastSquares(_ b: DoubleMatrix) throws -> (solution: DoubleMatrix, rank: Int) {
        try checkFits(b)
        let (u, values, v) = try singularValues()
        let limit = (values.first ?? 0) * Double(max(rows, columns)) * Double.ulpOfOne
        let rank = values.count { $0 > limit }
        var projected = u.transposedProduct(b)
        for row in 0..<projected.rows {
            for column in 0..<projected.columns {
                projected[row, column] = row < rank ? projected[row, column] / values[row] : 0
            }
        }
        return (v.transposedProduct(projected), rank)
    }

    // MARK: Checks

    private var size: String { "a matrix of \(rows) × \(columns)" }

    private func columnMajorFactor() throws -> [Double] {
        try checkSquare("a Cholesky factor")
        guard rows > 0 else { return [] }
        var a = transposed().elements
        let largest = (0..<rows).map { elements[$0 * rows + $0] }.max() ?? 0
        let info = LAPACK.cholesky(&a, size: rows)
        guard info == 0, (0..<rows).allSatisfy({ a[$0 * rows + $0] * a[$0 * rows + $0] > largest * 1e-14 }) else {
            throw LinearAlgebraError(
                "\(size) is not positive definite, or too nearly singular to be solved: its rows depend on each other, or "
                    + "it has an eigenvalue that is not above 0")
        }
        return a
    }

    private func solved(_ b: DoubleMatrix, _ solve: (inout [Double]) -> Int) throws -> DoubleMatrix {
        try checkFits(b)
        guard rows > 0, b.columns > 0 else { return b }
        var x = b.transposed().elements
        guard solve(&x) == 0 else {
            throw LinearAlgebraError("\(size) is singular: the system has no single solution")
        }
        return DoubleMatrix(x, rows: b.columns, columns: rows).transposed()
    }

    private func checkSquare(_ name: String) throws {
        guard rows == columns else {
            throw LinearAlgebraError("\(name) needs a square matrix, got \(rows) × \(columns)")
        }
        try checkFinite()
    }

    private func checkFits(_ b: DoubleMatrix) throws {
        guard b.rows == rows else {
            throw LinearAlgebraError("\(size) cannot be solved for \(b.rows) × \(b.columns): both need as many rows")
        }
        try b.checkFinite()
    }

    private func checkFinite() throws {
        guard elements.allSatisfy(\.isFinite) else {
            throw LinearAlgebraError("\(size) holds numbers that are not finite: it cannot be decomposed")
        }
        guard rows < 1 << 24, columns < 1 << 24 else {
            throw LinearAlgebraError("\(size) is too large: at most \(1 << 24) rows and columns can be decomposed")
        }
    }

    private static func isTurned(_ vector: ArraySlice<Double>) -> Bool {
        (vector.max { abs($0) < abs($1) } ?? 0) < 0
    }
}
