import PlumbLearning
import PlumbTensor
import Testing

@Suite("Linear models in closed form")
struct LinearModelTests {
    @Test("Least squares finds a line, and a penalty shrinks its slope but not its height")
    func ridgeHandWorked() throws {
        let x = DoubleMatrix([0, 1, 2], rows: 3, columns: 1)
        let y = DoubleMatrix([1, 3, 5], rows: 3, columns: 1)
        let line = try RidgeRegression(x, targets: y, penalty: 0)
        #expect(abs(line.weights[0, 0] - 2) < 1e-14)
        #expect(abs(line(DoubleMatrix([10], rows: 1, columns: 1))[0, 0] - 21) < 1e-12)
        // Centered: x = ±1, sum of products 4, of squares 2; with λ = 2 the slope is 4 / (2 + 2).
        let shrunken = try RidgeRegression(x, targets: y, penalty: 2)
        #expect(abs(shrunken.weights[0, 0] - 1) < 1e-14)
        #expect(abs(shrunken(DoubleMatrix([1], rows: 1, columns: 1))[0, 0] - 3) < 1e-14)
    }

    @Test("What is left over is orthogonal to the inputs")
    func residualsAreOrthogonal() throws {
        var random = RandomKey(4).generator()
        let x = DoubleMatrix((0..<240).map { _ in random.normal() }, rows: 60, columns: 4)
        let y = DoubleMatrix((0..<120).map { _ in random.normal() }, rows: 60, columns: 2)
        let fit = try RidgeRegression(x, targets: y, penalty: 0)
        let left = DoubleMatrix(zip(y.elements, fit(x).elements).map { $0 - $1 }, rows: 60, columns: 2)
        #expect(x.transposedProduct(left).elements.allSatisfy { abs($0) < 1e-11 })
        #expect(left.columnMeans.allSatisfy { abs($0) < 1e-13 })
    }

    @Test("Examples that do not decide the weights, and numbers that are none, are refused")
    func badInput() throws {
        let x = DoubleMatrix([1, 1, 2, 2, 3, 3], rows: 3, columns: 2)
        let y = DoubleMatrix([1, 2, 3], rows: 3, columns: 1)
        let error = try #require(throws: FitError.self) { try RidgeRegression(x, targets: y, penalty: 0) }
        #expect(error.description.contains("3 examples do not decide the 2 weights"))
        // A penalty shares the weight evenly between equal inputs.
        let shared = try RidgeRegression(x, targets: y, penalty: 0.1)
        #expect(abs(shared.weights[0, 0] - shared.weights[1, 0]) < 1e-12)
        let bad = DoubleMatrix([1, .nan, 3], rows: 3, columns: 1)
        #expect(throws: FitError.self) { try RidgeRegression(x, targets: bad, penalty: 1) }
        #expect(throws: FitError.self) {
            try RidgeRegression(
                DoubleMatrix(rows: 0, columns: 2), targets: DoubleMatrix(rows: 0, columns: 1), penalty: 1)
        }
    }

    @Test("Principal components are the axes of a stretched cloud")
    func principalComponents() throws {
        // Points on the line y = x + 1 but for one pair across it: variances 5 along it and 1 across.
        let points: [Double] = [2, 3, -2, -1, 1, 2, -1, 0, 1, 0, -1, 2]
        let components = try PrincipalComponents(of: DoubleMatrix(points, rows: 6, columns: 2), count: 2)
        let half = 0.5.squareRoot()
        #expect(abs(components.directions[0, 0] - half) < 1e-12 && abs(components.directions[0, 1] - half) < 1e-12)
        #expect(abs(components.directions[1, 0] + components.directions[1, 1]) < 1e-12)
        // Along: (8 + 8 + 2 + 2) / 6; across: (2 + 2) / 6.
        #expect(abs(components.variances[0] - 20.0 / 6) < 1e-12 && abs(components.variances[1] - 4.0 / 6) < 1e-12)
        let places = components(DoubleMatrix([2, 3, 0, 1], rows: 2, columns: 2))
        #expect(abs(places[0, 0] - 8.0.squareRoot()) < 1e-12 && abs(places[0, 1]) < 1e-12)
        #expect(abs(places[1, 0]) < 1e-12)
        #expect(try PrincipalComponents(of: DoubleMatrix(points, rows: 6, columns: 2), count: 1).variances.count == 1)
    }
}
