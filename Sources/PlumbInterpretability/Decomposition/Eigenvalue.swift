internal import Foundation
internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbTensor

/// An eigenvalue of a real matrix that need not be symmetric.
public struct Eigenvalue: Sendable, Equatable {
    /// The real part.
    public var real: Double
    /// The imaginary part; 0 for a real eigenvalue, up to rounding.
    public var imaginary: Double

    /// A number by its parts.
    public init(_ real: Double, _ imaginary: Double = 0) { (self.real, self.imaginary) = (real, imaginary) }

    /// The distance from 0.
    public var magnitude: Double { hypot(real, imaginary) }

    /// The eigenvalues of a square matrix, the largest in magnitude first, and of two conjugates the one above the real axis.
    ///
    /// The matrix is brought into Hessenberg form by reflections and then made triangular by QR steps with complex shifts
    /// (Golub, Van Loan, *Matrix Computations*, chapter 7).
    ///
    /// - Shapes: `matrix` `[D, D]`.
    /// - Throws: `LinearAlgebraError` where the matrix holds a number that is not finite, or the iteration does not end.
    /// - Complexity: O(D³).
    public static func all(of matrix: DoubleMatrix) throws -> [Eigenvalue] {
        require(
            matrix.rows == matrix.columns, "eigenvalues need a square matrix, got \(matrix.rows) × \(matrix.columns)")
        guard matrix.elements.allSatisfy(\.isFinite) else {
            throw LinearAlgebraError("a matrix holds numbers that are not finite: it has no eigenvalues")
        }
        var form = HessenbergForm(matrix)
        return try form.eigenvalues().sorted {
            let (a, b) = ($0.magnitude, $1.magnitude)
            if abs(a - b) > 1e-12 * max(a, b) { return a > b }
            return $0.imaginary == $1.imaginary ? $0.real > $1.real : $0.imaginary > $1.imaginary
        }
    }
}

// Arithmetic of complex numbers, for the iteration alone.
extension Eigenvalue {
    fileprivate static let zero = Eigenvalue(0)
    fileprivate var conjugate: Eigenvalue { Eigenvalue(real, -imaginary) }
    fileprivate static func + (a: Eigenvalue, b: Eigenvalue) -> Eigenvalue {
        Eigenvalue(a.real + b.real, a.imaginary + b.imaginary)
    }
    fileprivate static func - (a: Eigenvalue, b: Eigenvalue) -> Eigenvalue {
        Eigenvalue(a.real - b.real, a.imaginary - b.imaginary)
    }
    fileprivate static func * (a: Eigenvalue, b: Eigenvalue) -> Eigenvalue {
        Eigenvalue(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)
    }
    fileprivate static func * (scale: Double, a: Eigenvalue) -> Eigenvalue {
        Eigenvalue(scale * a.real, scale * a.imaginary)
    }
    /// The square root in the right half plane.
    fileprivate var squareRoot: Eigenvalue {
        let size = magnitude
        let real = ((size + self.real) / 2).squareRoot()
        let imaginary = max(0, (size - self.real) / 2).squareRoot()
        return Eigenvalue(real.isNaN ? 0 : real, self.imaginary < 0 ? -imaginary : imaginary)
    }
}

/// A matrix without elements below its first subdiagonal, with the eigenvalues of the one that it was made from.
private struct HessenbergForm {
    private let size: Int
    /// Row after row.
    private var elements: [Eigenvalue]

    init(_ matrix: DoubleMatrix) {
        size = matrix.rows
        var a = matrix
        for column in 0..<max(0, size - 2) {
            // The reflection that leaves of this column one element below the diagonal.
            let norm = (column + 1..<size).reduce(0) { $0 + a[$1, column] * a[$1, column] }.squareRoot()
            guard norm > 0 else { continue }
            var v = (column + 1..<size).map { a[$0, column] }
            v[0] += v[0] < 0 ? -norm : norm
            let square = v.reduce(0) { $0 + $1 * $1 }
            for k in 0..<size {
                let dot = v.indices.reduce(0) { $0 + v[$1] * a[column + 1 + $1, k] } * 2 / square
                for i in v.indices { a[column + 1 + i, k] -= dot * v[i] }
            }
            for k in 0..<size {
                let dot = v.indices.reduce(0) { $0 + v[$1] * a[k, column + 1 + $1] } * 2 / square
                for i in v.indices { a[k, column + 1 + i] -= dot * v[i] }
            }
        }
        elements = a.elements.map { Eigenvalue($0) }
    }

    private subscript(row: Int, column: Int) -> Eigenvalue {
        get { elements[row * size + column] }
        set { elements[row * size + column] = newValue }
    }

    mutating func eigenvalues() throws -> [Eigenvalue] {
        var found: [Eigenvalue] = []
        let largest = elements.reduce(0) { max($0, $1.magnitude) }
        var (high, steps) = (size - 1, 0)
        while high >= 0 {
            var low = high
            while low > 0 {
                let around = self[low - 1, low - 1].magnitude + self[low, low].magnitude
                if self[low, low - 1].magnitude <= Double.ulpOfOne * max(around, largest * Double.ulpOfOne) { break }
                low -= 1
            }
            if low == high {
                found.append(self[high, high])
                (high, steps) = (high - 1, 0)
                continue
            }
            steps += 1
            guard steps <= 300 else {
                throw LinearAlgebraError(
                    "the eigenvalues of a matrix of \(size) × \(size) were not found: the iteration did not converge")
            }
            // Now and then another shift, should the usual one go in circles.
            step(low, high, shift: steps % 20 == 0 ? Eigenvalue(self[high, high - 1].magnitude) : shift(high))
        }
        return found
    }

    /// The eigenvalue of the last two rows and columns that is nearer to the last element (Wilkinson's shift).
    private func shift(_ high: Int) -> Eigenvalue {
        let (a, b) = (self[high - 1, high - 1], self[high - 1, high])
        let (c, d) = (self[high, high - 1], self[high, high])
        let half = 0.5 * (a - d)
        let root = (half * half + b * c).squareRoot
        let (one, other) = (d + half + root, d + half - root)
        return (one - d).magnitude < (other - d).magnitude ? one : other
    }

    /// One QR step of the rows and columns `low...high` by rotations.
    private mutating func step(_ low: Int, _ high: Int, shift: Eigenvalue) {
        for k in low...high { self[k, k] = self[k, k] - shift }
        var rotations: [(cosine: Double, sine: Eigenvalue)] = []
        for k in low..<high {
            let (x, y) = (self[k, k], self[k + 1, k])
            let norm = hypot(x.magnitude, y.magnitude)
            var (cosine, sine) = (1.0, Eigenvalue.zero)
            if norm > 0, x.magnitude > 0 {
                cosine = x.magnitude / norm
                sine = (1 / (norm * x.magnitude)) * (x * y.conjugate)
            } else if norm > 0 {
                (cosine, sine) = (0, (1 / norm) * y.conjugate)
            }
            rotations.append((cosine, sine))
            for column in k...high {
                let (above, below) = (self[k, column], self[k + 1, column])
                self[k, column] = cosine * above + sine * below
                self[k + 1, column] = cosine * below - sine.conjugate * above
            }
        }
        for (index, rotation) in rotations.enumerated() {
            let k = low + index
            for row in low...min(high, k + 1) {
                let (before, after) = (self[row, k], self[row, k + 1])
                self[row, k] = rotation.cosine * before + rotation.sine.conjugate * after
                self[row, k + 1] = rotation.cosine * after - rotation.sine * before
            }
        }
        for k in low...high { self[k, k] = self[k, k] + shift }
    }
}
