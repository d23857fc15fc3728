internal import PlumbBasics

extension DoubleMatrix {
    /// The eigenvalues of a symmetric matrix, the largest first, and a unit eigenvector of each.
    ///
    /// Jacobi's method (1846), in the cyclic form of Golub and Van Loan (*Matrix Computations*, section 8.5): rotations of
    /// two axes, each of which makes one pair of elements zero, until all are as small as rounding. Exact to rounding for
    /// matrices of a few hundred rows. Of an eigenvector and its opposite, the one whose largest component is positive is
    /// given, so that results can be compared.
    ///
    /// - Shapes: self `[D, D]`; `values` `[D]`; `vectors` `[D, D]`, one a row.
    /// - Precondition: the matrix is square; only its mean with its transpose is read.
    /// - Complexity: O(D³) a sweep, of which about eight are needed.
    public func symmetricEigen() -> (values: [Double], vectors: DoubleMatrix) {
        require(rows == columns, "eigenvalues need a square matrix, got \(rows) × \(columns)")
        let size = rows
        var a = elements
        for i in 0..<size {
            for j in 0..<i {
                let mean = (elements[i * size + j] + elements[j * size + i]) / 2
                (a[i * size + j], a[j * size + i]) = (mean, mean)
            }
        }
        var v = [Double](repeating: 0, count: size * size)
        for i in 0..<size { v[i * size + i] = 1 }
        for _ in 0..<Self.mostSweeps where !Self.isDiagonal(a, size) {
            for p in 0..<size {
                for q in p + 1..<max(p + 1, size) { Self.rotate(&a, &v, p, q, size) }
            }
        }
        let order = (0..<size).sorted { a[$0 * size + $0] > a[$1 * size + $1] }
        var vectors = DoubleMatrix(rows: size, columns: size)
        for (place, index) in order.enumerated() {
            let vector = Self.oriented(Array(v[index * size..<(index + 1) * size]))
            for (column, value) in vector.enumerated() { vectors[place, column] = value }
        }
        return (order.map { a[$0 * size + $0] }, vectors)
    }

    /// Convergence is quadratic: no matrix is known that needs half as many.
    private static let mostSweeps = 60

    /// Whether what is beside the diagonal is lost in the rounding of the whole.
    private static func isDiagonal(_ a: [Double], _ size: Int) -> Bool {
        var (all, beside) = (0.0, 0.0)
        for i in 0..<size {
            for j in 0..<size {
                let square = a[i * size + j] * a[i * size + j]
                all += square
                if i != j { beside += square }
            }
        }
        // Not a number compares false: the sweeps then end by their limit.
        return beside <= all * 1e-32
    }

    /// Turns axes `p` and `q` so that the element between them becomes 0; `v` holds the axes as rows.
    private static func rotate(_ a: inout [Double], _ v: inout [Double], _ p: Int, _ q: Int, _ size: Int) {
        let between = a[p * size + q]
        guard between != 0 else { return }
        // The smaller of the two angles: t = tan θ solves t² + 2 τ t - 1 = 0.
        let tau = (a[q * size + q] - a[p * size + p]) / (2 * between)
        let t = (tau < 0 ? -1 : 1) / (abs(tau) + (1 + tau * tau).squareRoot())
        let c = 1 / (1 + t * t).squareRoot()
        let s = t * c
        for k in 0..<size {
            let (x, y) = (a[k * size + p], a[k * size + q])
            (a[k * size + p], a[k * size + q]) = (c * x - s * y, s * x + c * y)
        }
        for k in 0..<size {
            let (x, y) = (a[p * size + k], a[q * size + k])
            (a[p * size + k], a[q * size + k]) = (c * x - s * y, s * x + c * y)
            let (e, f) = (v[p * size + k], v[q * size + k])
            (v[p * size + k], v[q * size + k]) = (c * e - s * f, s * e + c * f)
        }
        (a[p * size + q], a[q * size + p]) = (0, 0)
    }

    private static func oriented(_ vector: [Double]) -> [Double] {
        let largest = vector.max { abs($0) < abs($1) } ?? 0
        return largest < 0 ? vector.map { -$0 } : vector
    }

    /// X with `A · X = B`, for a symmetric, positive definite A, by its Cholesky factor.
    ///
    /// - Shapes: self `[D, D]`, `b` `[D, N]`; result `[D, N]`.
    /// - Returns: nil where A is not positive definite, or so nearly singular that a pivot is lost in rounding.
    /// - Complexity: O(D³ + D² N).
    public func solvedPositiveDefinite(_ b: DoubleMatrix) -> DoubleMatrix? {
        require(
            rows == columns && b.rows == rows, "\(rows) × \(columns) cannot be solved for \(b.rows) × \(b.columns)")
        let size = rows
        let largest = (0..<size).map { elements[$0 * size + $0] }.max() ?? 0
        var l = DoubleMatrix(rows: size, columns: size)
        for i in 0..<size {
            for j in 0...i {
                var sum = self[i, j]
                for k in 0..<j { sum -= l[i, k] * l[j, k] }
                guard i == j else {
                    l[i, j] = sum / l[j, j]
                    continue
                }
                guard sum > largest * 1e-14 else { return nil }
                l[i, i] = sum.squareRoot()
            }
        }
        var x = b
        for column in 0..<b.columns {
            for i in 0..<size {
                for k in 0..<i { x[i, column] -= l[i, k] * x[k, column] }
                x[i, column] /= l[i, i]
            }
            for i in (0..<size).reversed() {
                for k in i + 1..<max(i + 1, size) { x[i, column] -= l[k, i] * x[k, column] }
                x[i, column] /= l[i, i]
            }
        }
        return x
    }
}
