import CPlumbKernels
import Foundation
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct TrainingElementTests {
    @Test func functionsAndDerivativesAgreeWithDoublePrecision() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for function in PairFunction.all {
                    let error = function.largestError(samples: 8001)
                    #expect(error <= function.tolerance, "\(function.name), isa \(isa): \(error)")
                }
            }
        }
    }

    @Test func valuesKeepTheirBitsWhereverTheyStand() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for function in PairFunction.all {
                    var random = SeededFloats(seed: 5)
                    let x = random.floats(70_003, scale: Float(function.range.upperBound))
                    let other = random.floats(x.count, scale: 2)
                    let bits = function(x, other, threads: 1).map(\.bitPattern)
                    let shared = function(x, other, threads: 3).map(\.bitPattern) == bits
                    #expect(shared, "\(function.name)")
                    for i in [0, 1, 15, 16, 17, 31, 65_535, 70_002] {
                        let alone = function([x[i]], [other[i]], threads: 1)[0].bitPattern
                        #expect(alone == bits[i], "\(function.name) at \(i)")
                    }
                    #expect(function([], [], threads: 3).isEmpty)
                }
            }
        }
    }

    @Test func extremesStayInBounds() async {
        await #expect(processExitsWith: .success) {
            let infinity = Float.infinity
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for function in PairFunction.all where function.isActivation {
                    let slopes = function([infinity, -infinity, 1e30, -1e30], [1, 1, 1, 1], threads: 1)
                    #expect(slopes == [1, 0, 1, 0], "\(function.name), isa \(isa)")
                }
                for function in PairFunction.all where function.isMap {
                    #expect(function([.nan], [0], threads: 1)[0].isNaN, "\(function.name), isa \(isa)")
                }
                var y: [Float] = [0, 0, 0, 0]
                plumb_maximum(&y, [.nan, 1, 2, 3], [1, .nan, 3, 2], 4)
                #expect(y[0].isNaN && y[1].isNaN && y[2...] == [3, 3])
                plumb_minimum(&y, [.nan, 1, 2, 3], [1, .nan, 3, 2], 4)
                #expect(y[0].isNaN && y[1].isNaN && y[2...] == [2, 2])
                plumb_softplus(&y, [infinity, -infinity, 100, -110], 4)
                #expect(y == [infinity, 0, 100, 0])
                plumb_erf(&y, [infinity, -infinity, 0, -0.0], 4)
                #expect(y == [1, -1, 0, 0] && y[3].sign == .minus)
                plumb_sin(&y, [1e9, -3e7, 0, infinity], 4)
                #expect(abs(Double(y[0]) - sin(1e9)) < 1e-7 && abs(Double(y[1]) - sin(-3e7)) < 1e-7 && y[3].isNaN)
            }
        }
    }

    @Test func infinitiesAndNotNumbersAreFoundAnywhere() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                plumb_threads_set(3)
                var x = [Float](repeating: .greatestFiniteMagnitude, count: 100_003)
                #expect(plumb_all_finite(x, x.count) == 1 && plumb_all_finite(x, 0) == 1)
                for (i, bad) in [(0, Float.nan), (17, .infinity), (70_000, -.infinity), (100_002, .nan)] {
                    x[i] = bad
                    #expect(plumb_all_finite(x, x.count) == 0 && plumb_all_finite(x, i) == 1)
                    x[i] = 0
                }
            }
        }
    }

    @Test func gatedUnitsAgreeWithDoublePrecision() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for (rows, width) in [(3, 1), (5, 37), (40, 1537)] {
                    var random = SeededFloats(seed: UInt64(width))
                    let gate = random.floats(rows * (width + 2), scale: 6), up = random.floats(rows * (width + 1))
                    let dy = random.floats(rows * width)
                    plumb_threads_set(1)
                    let first = gated(gate, up, dy, rows, width)
                    plumb_threads_set(3)
                    #expect(gated(gate, up, dy, rows, width) == first)
                    for row in 0..<rows {
                        for i in 0..<width {
                            let x = Double(gate[row * (width + 2) + i]), u = Double(up[row * (width + 1) + i])
                            let d = Double(dy[row * width + i]), s = 1 / (1 + exp(-x))
                            let dgate = Double(first[row * width + i])
                            let dup = Double(first[(rows + row) * width + i])
                            #expect(abs(dgate - d * u * s * (1 + x * (1 - s))) < 1e-6 && abs(dup - d * x * s) < 2e-6)
                        }
                    }
                }
            }
        }
    }
}

private func gated(_ gate: [Float], _ up: [Float], _ dy: [Float], _ rows: Int, _ width: Int) -> [Float] {
    var dgate = [Float](repeating: 7, count: rows * width), dup = dgate
    plumb_silu_multiply_backward(
        &dgate, width, &dup, width, gate, width + 2, up, width + 1, dy, width, rows, width)
    return dgate + dup
}

/// A function of one or two numbers, its double-precision form and how near it must be, relative to the larger of the
/// value and `floor`.
private struct PairFunction: Sendable {
    typealias Pointers =
        @Sendable (UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Void

    var name: String
    var kernel: Pointers
    var exact: @Sendable (Double, Double) -> Double
    var range: ClosedRange<Double> = -9...9
    var tolerance = 4e-7
    var floor = 1.0
    /// A derivative that goes from 0 to 1, and a function of one number.
    var isActivation = false
    var isMap = false

    func callAsFunction(_ x: [Float], _ other: [Float], threads: Int32) -> [Float] {
        plumb_threads_set(threads)
        var y = [Float](repeating: -7, count: x.count)
        kernel(&y, x, other, x.count)
        return y
    }

    func largestError(samples: Int) -> Double {
        let step = (range.upperBound - range.lowerBound) / Double(samples - 1)
        let x = (0..<samples).map { Float(range.lowerBound + step * Double($0)) }
        let other = (0..<samples).map { Float($0 % 13) / 4 - 1 }
        let y = self(x, other, threads: 2)
        return y.indices.reduce(0) { worst, i in
            let value = exact(Double(x[i]), Double(other[i]))
            return max(worst, gap(Double(y[i]), value) / max(abs(value), floor))
        }
    }

    private static func map(
        _ name: String,
        _ kernel: @escaping @Sendable (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int) -> Void,
        _ range: ClosedRange<Double>, floor: Double = 1e-37, _ exact: @escaping @Sendable (Double) -> Double
    ) -> PairFunction {
        PairFunction(
            name: name, kernel: { y, x, _, count in kernel(y, x, count) }, exact: { x, _ in exact(x) }, range: range,
            floor: floor, isMap: true)
    }

    static let all = [
        PairFunction(
            name: "gelu_tanh'", kernel: { plumb_gelu_tanh_backward($0, $1, $2, $3) },
            exact: { x, dy in
                let c = (2 / Double.pi).squareRoot(), t = tanh(c * (x + 0.044715 * x * x * x))
                return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x))
            }, isActivation: true),
        PairFunction(
            name: "gelu_erf'", kernel: { plumb_gelu_erf_backward($0, $1, $2, $3) },
            exact: { x, dy in
                dy * (0.5 * erfc(-x / 2.0.squareRoot()) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot())
            }, isActivation: true),
        PairFunction(
            name: "silu'", kernel: { plumb_silu_backward($0, $1, $2, $3) },
            exact: { x, dy in
                let s = 1 / (1 + exp(-x))
                return dy * s * (1 + x * (1 - s))
            }, range: -30...30, isActivation: true),
        PairFunction(
            name: "relu'", kernel: { plumb_relu_backward($0, $1, $2, $3) }, exact: { x, dy in x > 0 ? dy : 0 },
            tolerance: 0, isActivation: true),
        PairFunction(
            name: "tanh'", kernel: { plumb_tanh_backward($0, $1, $2, $3) }, exact: { y, dy in dy * (1 - y * y) },
            range: -1...1),
        PairFunction(
            name: "sigmoid'", kernel: { plumb_sigmoid_backward($0, $1, $2, $3) }, exact: { y, dy in dy * y * (1 - y) },
            range: 0...1),
        PairFunction(
            name: "maximum", kernel: { plumb_maximum($0, $1, $2, $3) }, exact: { max($0, $1) }, tolerance: 0),
        PairFunction(
            name: "minimum", kernel: { plumb_minimum($0, $1, $2, $3) }, exact: { min($0, $1) }, tolerance: 0),
        PairFunction(
            name: "axpy",
            kernel: { y, x, other, count in
                y.update(from: other, count: count)
                plumb_axpy(y, -1.5, x, count)
            }, exact: { x, y in y - 1.5 * x }),
        map("sqrt", plumb_sqrt, 0...90) { $0.squareRoot() },
        map("rsqrt", plumb_rsqrt, 1e-3...90) { 1 / $0.squareRoot() },
        map("abs", plumb_abs, -9...9) { abs($0) },
        map("sin", plumb_sin, -700...700) { sin($0) },
        map("cos", plumb_cos, -9...9) { cos($0) },
        map("cos far", plumb_cos, -1e6...1e6) { cos($0) },
        map("erf", plumb_erf, -5...5) { erf($0) },
        map("softplus", plumb_softplus, -80...90) { max($0, 0) + log1p(exp(-abs($0))) },
    ]
}
