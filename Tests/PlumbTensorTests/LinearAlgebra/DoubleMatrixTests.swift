import PlumbLinearAlgebra
import PlumbTensor
import Testing

@Suite("Small matrices in double precision")
struct DoubleMatrixTests {
    private func random(_ rows: Int, _ columns: Int, _ seed: UInt64) -> DoubleMatrix {
        var generator = RandomKey(seed).generator()
        return DoubleMatrix((0..<rows * columns).map { _ in generator.normal() }, rows: rows, columns: columns)
    }

    @Test("Products, transposes and means are those worked by hand")
    func handWorked() {
        let a = DoubleMatrix([1, 2, 3, 4, 5, 6], rows: 2, columns: 3)
        let b = DoubleMatrix([1, 0, 0, 1, 1, 1], rows: 3, columns: 2)
        #expect(a.product(b) == DoubleMatrix([4, 5, 10, 11], rows: 2, columns: 2))
        #expect(a.transposed() == DoubleMatrix([1, 4, 2, 5, 3, 6], rows: 3, columns: 2))
        #expect(a.transposedProduct(a) == a.transposed().product(a))
        #expect(a.columnMeans == [2.5, 3.5, 4.5])
        #expect(a.addingToRows([1, 0, -1], scale: 2) == DoubleMatrix([3, 2, 1, 6, 5, 4], rows: 2, columns: 3))
        #expect(a.gathered([1, 1, 0]).row(2) == [1, 2, 3])
        #expect(DoubleMatrix([1, 3, 3, 0, -1, -2], rows: 2, columns: 3).argmaxOfRows() == [1, 0])
        // Rows differ by (1, 0) and (0, 2): (1 + 4) / 2.
        let c = DoubleMatrix([0, 0, 1, 1], rows: 2, columns: 2)
        #expect(c.meanSquaredDistance(to: DoubleMatrix([1, 0, 1, 3], rows: 2, columns: 2)) == 2.5)
        #expect(DoubleMatrix(Tensor([1, 2, 3, 4], shape: [2, 2])) == DoubleMatrix([1, 2, 3, 4], rows: 2, columns: 2))
    }

    @Test("The eigenvalues of a matrix worked by hand")
    func eigenHandWorked() throws {
        // Eigenvalues 3 and 1, along (1, 1) and (1, -1).
        let (values, vectors) = try DoubleMatrix([2, 1, 1, 2], rows: 2, columns: 2).symmetricEigen()
        #expect(abs(values[0] - 3) < 1e-14 && abs(values[1] - 1) < 1e-14)
        let half = 0.5.squareRoot()
        #expect(abs(vectors[0, 0] - half) < 1e-14 && abs(vectors[0, 1] - half) < 1e-14)
        #expect(abs(abs(vectors[1, 0]) - half) < 1e-14 && abs(vectors[1, 0] + vectors[1, 1]) < 1e-14)
        let diagonal = try DoubleMatrix([1, 0, 0, 0, 5, 0, 0, 0, -2], rows: 3, columns: 3).symmetricEigen()
        #expect(diagonal.values == [5, 1, -2])
        #expect(diagonal.vectors == DoubleMatrix([0, 1, 0, 1, 0, 0, 0, 0, 1], rows: 3, columns: 3))
        #expect(try DoubleMatrix(rows: 0, columns: 0).symmetricEigen().values.isEmpty)
        #expect(try DoubleMatrix(rows: 3, columns: 3).symmetricEigen().values == [0, 0, 0])
    }

    @Test("Eigenvectors are orthonormal and give the matrix back", arguments: [1, 2, 7, 40])
    func eigenProperties(size: Int) throws {
        let x = random(size, size, UInt64(size))
        let a = x.transposedProduct(x)
        let (values, vectors) = try a.symmetricEigen()
        #expect(values == values.sorted(by: >))
        var scaled = vectors
        for row in 0..<size {
            for column in 0..<size { scaled[row, column] *= values[row] }
        }
        let rebuilt = vectors.transposedProduct(scaled)
        #expect(zip(rebuilt.elements, a.elements).allSatisfy { abs($0 - $1) < 1e-11 * (1 + values[0]) })
        let unit = vectors.product(vectors.transposed())
        for i in 0..<size {
            for j in 0..<size { #expect(abs(unit[i, j] - (i == j ? 1 : 0)) < 1e-12) }
        }
    }

    @Test("A positive definite system is solved; a singular or indefinite one is refused")
    func solving() throws {
        // 4 x + 2 y = 2 and 2 x + 3 y = 5: x = -1/2, y = 2.
        let a = DoubleMatrix([4, 2, 2, 3], rows: 2, columns: 2)
        let x = try a.solvedPositiveDefinite(DoubleMatrix([2, 5], rows: 2, columns: 1))
        #expect(abs(x[0, 0] + 0.5) < 1e-14 && abs(x[1, 0] - 2) < 1e-14)
        let square = random(30, 12, 3)
        let gram = square.transposedProduct(square)
        let right = random(12, 4, 4)
        let solved = try gram.solvedPositiveDefinite(right)
        #expect(zip(gram.product(solved).elements, right.elements).allSatisfy { abs($0 - $1) < 1e-10 })
        let b = DoubleMatrix([1, 1], rows: 2, columns: 1)
        for bad in [[1, 2, 2, 1], [1, 1, 1, 1], [.nan, 0, 0, 1]] {
            #expect(throws: LinearAlgebraError.self) {
                try DoubleMatrix(bad, rows: 2, columns: 2).solvedPositiveDefinite(b)
            }
        }
    }

    @Test("A dead input is refused with a sentence that names the matrix")
    func deadInputs() {
        func sentence(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        let hole = DoubleMatrix([1, 2, .infinity, 4], rows: 2, columns: 2)
        let wide = DoubleMatrix([1, 2, 3, 4, 5, 6], rows: 2, columns: 3)
        #expect(sentence { _ = try hole.symmetricEigen() }.contains("2 × 2 holds numbers that are not finite"))
        #expect(sentence { _ = try hole.singularValues() }.contains("not finite"))
        #expect(sentence { _ = try wide.symmetricEigen() }.contains("needs a square matrix, got 2 × 3"))
        #expect(sentence { _ = try wide.choleskyFactor() }.contains("needs a square matrix"))
        #expect(sentence { _ = try wide.solved(wide) }.contains("needs a square matrix"))
        #expect(sentence { _ = try wide.leastSquares(DoubleMatrix(rows: 3, columns: 1)) }.contains("as many rows"))
        let singular = DoubleMatrix([1, 2, 2, 4], rows: 2, columns: 2)
        #expect(sentence { _ = try singular.solved(DoubleMatrix(rows: 2, columns: 1)) }.contains("is singular"))
        #expect(sentence { _ = try singular.choleskyFactor() }.contains("not positive definite"))
    }

    @Test("A Cholesky factor worked by hand")
    func choleskyHandWorked() throws {
        let factor = try DoubleMatrix([4, 2, 2, 10], rows: 2, columns: 2).choleskyFactor()
        #expect(factor == DoubleMatrix([2, 0, 1, 3], rows: 2, columns: 2))
    }

    @Test("Singular vectors are orthonormal and give the matrix back", arguments: [(3, 5), (5, 3), (1, 4), (20, 20)])
    func singularProperties(rows: Int, columns: Int) throws {
        let a = random(rows, columns, 9)
        let (u, values, v) = try a.singularValues()
        let least = min(rows, columns)
        #expect(values.count == least && values == values.sorted(by: >) && values.allSatisfy { $0 >= 0 })
        var scaled = v
        for row in 0..<least {
            for column in 0..<columns { scaled[row, column] *= values[row] }
        }
        #expect(zip(u.product(scaled).elements, a.elements).allSatisfy { abs($0 - $1) < 1e-12 })
        for unit in [u.transposedProduct(u), v.product(v.transposed())] {
            for i in 0..<least {
                for j in 0..<least { #expect(abs(unit[i, j] - (i == j ? 1 : 0)) < 1e-12) }
            }
        }
        #expect(try a.singularValues().values == values, "the same bits again")
    }

    @Test("Systems and least squares are solved, and of several solutions the shortest is given")
    func leastSquares() throws {
        let a = random(6, 6, 11)
        let b = random(6, 2, 12)
        #expect(zip(a.product(try a.solved(b)).elements, b.elements).allSatisfy { abs($0 - $1) < 1e-11 })
        // The line 1 + 2x through three points on it, and the point of x + y = 2 nearest to the origin.
        let line = DoubleMatrix([1, 0, 1, 1, 1, 2], rows: 3, columns: 2)
        let fit = try line.leastSquares(DoubleMatrix([1, 3, 5], rows: 3, columns: 1))
        #expect(fit.rank == 2 && abs(fit.solution[0, 0] - 1) < 1e-13 && abs(fit.solution[1, 0] - 2) < 1e-13)
        let twice = DoubleMatrix([1, 1, 2, 2], rows: 2, columns: 2)
        let short = try twice.leastSquares(DoubleMatrix([2, 4], rows: 2, columns: 1))
        #expect(short.rank == 1 && short.solution.elements.allSatisfy { abs($0 - 1) < 1e-13 })
    }
}
