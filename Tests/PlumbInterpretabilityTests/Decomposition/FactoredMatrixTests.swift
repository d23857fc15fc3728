import Foundation
import PlumbInterpretability
import PlumbLinearAlgebra
import PlumbNN
import PlumbTensor
import Testing

/// What factors say of their product is what the product itself would say.
@Suite struct FactoredMatrixTests {
    private func random(_ rows: Int, _ columns: Int, _ name: String) -> DoubleMatrix {
        DoubleMatrix(Tensor.uniform([rows, columns], bound: 1, key: RandomKey(11)[name]))
    }

    private func isNear(_ a: DoubleMatrix, _ b: DoubleMatrix, _ tolerance: Double = 1e-10) -> Bool {
        a.rows == b.rows && a.columns == b.columns
            && zip(a.elements, b.elements).allSatisfy { abs($0 - $1) < tolerance }
    }

    @Test(arguments: [(7, 3, 5), (3, 7, 5), (5, 5, 5), (9, 2, 2)])
    func singularValuesOfFactorsAreThoseOfTheProduct(rows: Int, inner: Int, columns: Int) throws {
        let matrix = FactoredMatrix(random(rows, inner, "a"), random(inner, columns, "b"))
        let (found, whole) = (try matrix.singularValues(), try matrix.product().singularValues())
        #expect(found.values.count == min(rows, inner, columns))
        for (a, b) in zip(found.values, whole.values) { #expect(abs(a - b) < 1e-10) }
        // U Σ Vᵀ is the matrix, and U and V are orthonormal.
        var scaled = found.v
        for k in 0..<scaled.rows {
            for column in 0..<scaled.columns { scaled[k, column] *= found.values[k] }
        }
        #expect(isNear(found.u.product(scaled), matrix.product()))
        let unit = found.u.transposedProduct(found.u)
        for i in 0..<unit.rows {
            for j in 0..<unit.rows { #expect(abs(unit[i, j] - (i == j ? 1 : 0)) < 1e-10) }
        }
        for k in found.values.indices { #expect((found.v.row(k).max { abs($0) < abs($1) } ?? 0) > 0) }
        let norm = matrix.product().elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(matrix.norm - norm) < 1e-10)
    }

    @Test func productsKeepTheSmallerInnerSize() {
        let (a, b) = (
            FactoredMatrix(random(6, 2, "a"), random(2, 4, "b")), FactoredMatrix(random(4, 3, "c"), random(3, 5, "d"))
        )
        let both = a.product(b)
        #expect(both.inner == 2)
        #expect(isNear(both.product(), a.product().product(b.product())))
        let other = b.transposed().product(a.transposed())
        #expect(other.inner == 2)
        #expect(isNear(other.product(), both.product().transposed()))
        let left = random(3, 6, "left"), right = random(4, 2, "right")
        #expect(isNear(a.product(right).product(), a.product().product(right)))
        #expect(isNear(a.multiplied(byLeft: left).product(), left.product(a.product())))
    }

    @Test func eigenvaluesWorkedByHand() throws {
        // A rotation by 90° and a stretch by 3: ±i and 3.
        let rotation = DoubleMatrix([0, -1, 0, 1, 0, 0, 0, 0, 3], rows: 3, columns: 3)
        let found = try Eigenvalue.all(of: rotation)
        for (value, expected) in zip(found, [Eigenvalue(3), Eigenvalue(0, 1), Eigenvalue(0, -1)]) {
            #expect(abs(value.real - expected.real) < 1e-12 && abs(value.imaginary - expected.imaginary) < 1e-12)
        }
        // The companion matrix of (x - 1)(x - 2)(x - 3)(x - 4).
        let companion = DoubleMatrix(
            [10, -35, 50, -24, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], rows: 4, columns: 4)
        for (value, expected) in zip(try Eigenvalue.all(of: companion), [4.0, 3, 2, 1]) {
            #expect(abs(value.real - expected) < 1e-9 && abs(value.imaginary) < 1e-9)
        }
        // A matrix that moves its axes round has the roots of 1, on which unshifted steps stand still.
        let cycle = DoubleMatrix([0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], rows: 4, columns: 4)
        for value in try Eigenvalue.all(of: cycle) { #expect(abs(value.magnitude - 1) < 1e-10) }
        let zeros = try Eigenvalue.all(of: DoubleMatrix(rows: 3, columns: 3))
        #expect(zeros.allSatisfy { $0.magnitude == 0 })
        #expect(throws: LinearAlgebraError.self) {
            try Eigenvalue.all(of: DoubleMatrix([.nan], rows: 1, columns: 1))
        }
    }

    @Test(arguments: [4, 12, 40]) func eigenvaluesHaveTheSumsOfTheirMatrix(size: Int) throws {
        let matrix = random(size, size, "square \(size)")
        let values = try Eigenvalue.all(of: matrix)
        #expect(values.count == size)
        let trace = (0..<size).reduce(0) { $0 + matrix[$1, $1] }
        #expect(abs(values.reduce(0) { $0 + $1.real } - trace) < 1e-9)
        #expect(abs(values.reduce(0) { $0 + $1.imaginary }) < 1e-9)
        let square = matrix.product(matrix)
        let squares = values.reduce(0) { $0 + $1.real * $1.real - $1.imaginary * $1.imaginary }
        #expect(abs(squares - (0..<size).reduce(0) { $0 + square[$1, $1] }) < 1e-8)
        // A symmetric matrix has those of the symmetric method.
        let symmetric = matrix.transposedProduct(matrix)
        for (a, b) in zip(try Eigenvalue.all(of: symmetric), try symmetric.symmetricEigen().values) {
            #expect(abs(a.real - b) < 1e-8 && abs(a.imaginary) < 1e-8)
        }
    }

    @Test func eigenvaluesOfFactorsAreThoseOfTheProductThatDifferFromZero() throws {
        let matrix = FactoredMatrix(random(9, 3, "a"), random(3, 9, "b"))
        let (few, all) = (try matrix.eigenvalues(), try Eigenvalue.all(of: matrix.product()))
        for (a, b) in zip(few, all) {
            #expect(abs(a.real - b.real) < 1e-9 && abs(a.imaginary - b.imaginary) < 1e-9)
        }
        #expect(all.dropFirst(3).allSatisfy { $0.magnitude < 1e-9 })
        #expect(abs(matrix.trace - few.reduce(0) { $0 + $1.real }) < 1e-9)
    }

    @Test func factorsThatDoNotFitAreRefused() async {
        await #expect(processExitsWith: .failure) {
            _ = FactoredMatrix(DoubleMatrix(rows: 2, columns: 3), DoubleMatrix(rows: 2, columns: 3))
        }
        await #expect(processExitsWith: .failure) {
            _ = FactoredMatrix(DoubleMatrix(rows: 2, columns: 1), DoubleMatrix(rows: 1, columns: 3)).trace
        }
    }
}
