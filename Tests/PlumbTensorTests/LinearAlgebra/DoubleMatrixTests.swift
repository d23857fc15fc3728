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
    func eigenHandWorked() {
        // Eigenvalues 3 and 1, along (1, 1) and (1, -1).
        let (values, vectors) = DoubleMatrix([2, 1, 1, 2], rows: 2, columns: 2).symmetricEigen()
        #expect(abs(values[0] - 3) < 1e-14 && abs(values[1] - 1) < 1e-14)
        let half = 0.5.squareRoot()
        #expect(abs(vectors[0, 0] - half) < 1e-14 && abs(vectors[0, 1] - half) < 1e-14)
        #expect(abs(abs(vectors[1, 0]) - half) < 1e-14 && abs(vectors[1, 0] + vectors[1, 1]) < 1e-14)
        let diagonal = DoubleMatrix([1, 0, 0, 0, 5, 0, 0, 0, -2], rows: 3, columns: 3).symmetricEigen()
        #expect(diagonal.values == [5, 1, -2])
        #expect(diagonal.vectors == DoubleMatrix([0, 1, 0, 1, 0, 0, 0, 0, 1], rows: 3, columns: 3))
        #expect(DoubleMatrix(rows: 0, columns: 0).symmetricEigen().values.isEmpty)
        #expect(DoubleMatrix(rows: 3, columns: 3).symmetricEigen().values == [0, 0, 0])
    }

    @Test("Eigenvectors are orthonormal and give the matrix back", arguments: [1, 2, 7, 40])
    func eigenProperties(size: Int) {
        let x = random(size, size, UInt64(size))
        let a = x.transposedProduct(x)
        let (values, vectors) = a.symmetricEigen()
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
        let x = try #require(a.solvedPositiveDefinite(DoubleMatrix([2, 5], rows: 2, columns: 1)))
        #expect(abs(x[0, 0] + 0.5) < 1e-14 && abs(x[1, 0] - 2) < 1e-14)
        let square = random(30, 12, 3)
        let gram = square.transposedProduct(square)
        let right = random(12, 4, 4)
        let solved = try #require(gram.solvedPositiveDefinite(right))
        #expect(zip(gram.product(solved).elements, right.elements).allSatisfy { abs($0 - $1) < 1e-10 })
        let b = DoubleMatrix([1, 1], rows: 2, columns: 1)
        #expect(DoubleMatrix([1, 2, 2, 1], rows: 2, columns: 2).solvedPositiveDefinite(b) == nil)
        #expect(DoubleMatrix([1, 1, 1, 1], rows: 2, columns: 2).solvedPositiveDefinite(b) == nil)
        #expect(DoubleMatrix([.nan, 0, 0, 1], rows: 2, columns: 2).solvedPositiveDefinite(b) == nil)
    }
}
