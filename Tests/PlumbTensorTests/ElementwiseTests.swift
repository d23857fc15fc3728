import CPlumbKernels
import Foundation
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct ElementwiseTests {
    @Test func functionsAgreeWithDoublePrecision() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for function in ElementFunction.all {
                    let error = function.largestError(samples: 8001)
                    #expect(error <= function.tolerance, "\(function.name), isa \(isa): \(error)")
                }
            }
        }
    }

    @Test func valuesKeepTheirBitsWhereverTheyStand() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for function in ElementFunction.all {
                    var random = SeededFloats(seed: 5)
                    let x = random.floats(70_003, scale: Float(function.range.upperBound))
                    let bits = function(x, threads: 1).map(\.bitPattern)
                    let shared = function(x, threads: 3).map(\.bitPattern)
                    #expect(shared == bits, "\(function.name)")
                    for i in [0, 1, 15, 16, 17, 31, 65_535, 70_002] {
                        #expect(function([x[i]], threads: 1)[0].bitPattern == bits[i], "\(function.name) at \(i)")
                    }
                }
            }
        }
    }

    @Test func notANumberStaysNotANumber() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for function in ElementFunction.all {
                    let y = function([1, .nan, 2], threads: 1)
                    #expect(y[1].isNaN && !y[0].isNaN && !y[2].isNaN, "\(function.name)")
                }
                let edges = ElementFunction.exponential([.infinity, -.infinity, 89, -110], threads: 1)
                #expect(edges == [.infinity, 0, .infinity, 0])
                let logarithms = ElementFunction.logarithm([0, .infinity, -1, 0x1p-140, 1], threads: 1)
                #expect(logarithms[0] == -.infinity && logarithms[1] == .infinity && logarithms[2].isNaN)
                #expect(abs(logarithms[3] + 97.0406) < 0.0001 && logarithms[4] == 0)
            }
        }
    }

    @Test func arithmeticIsExact() {
        var random = SeededFloats(seed: 9)
        let a = random.floats(70_004), b = random.floats(70_004)
        var y = [Float](repeating: 0, count: a.count)
        plumb_add(&y, a, b, a.count)
        #expect(equal(y, zip(a, b).map { $0 + $1 }))
        plumb_subtract(&y, a, b, a.count)
        #expect(equal(y, zip(a, b).map { $0 - $1 }))
        plumb_multiply(&y, a, b, a.count)
        #expect(equal(y, zip(a, b).map { $0 * $1 }))
        plumb_divide(&y, a, b, a.count)
        #expect(equal(y, zip(a, b).map { $0 / $1 }))
        plumb_relu(&y, a, a.count)
        #expect(equal(y, a.map { max($0, 0) }))
        plumb_affine(&y, a, 4, 0.5, a.count)
        #expect(equal(y, a.map { $0 * 4 + 0.5 }))
        plumb_add_rows(&y, a, b, 70_004 / 11, 11)
        #expect(equal(y, a.indices.map { a[$0] + b[$0 % 11] }))
    }

    @Test func sumsAgreeWithDoublePrecisionWhateverTheThreads() async {
        await #expect(processExitsWith: .success) {
            var random = SeededFloats(seed: 2)
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for count in [0, 1, 17, 1000, 300_001] {
                    let x = random.floats(count), y = random.floats(count)
                    plumb_threads_set(1)
                    let sum = plumb_sum(x, count), dot = plumb_dot(x, y, count)
                    plumb_threads_set(3)
                    #expect(plumb_sum(x, count) == sum && plumb_dot(x, y, count) == dot)
                    #expect(abs(sum - x.reduce(0) { $0 + Double($1) }) < 1e-9)
                    #expect(abs(dot - zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }) < 1e-9)
                }
            }
        }
    }
}

/// One function of a number, its double-precision form and how near it must be: relative to the value, or to the larger
/// of the value and 1 where not `relative`.
private struct ElementFunction: Sendable {
    var name: String
    var kernel: @Sendable (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int) -> Void
    var exact: @Sendable (Double) -> Double
    var range: ClosedRange<Double>
    var tolerance: Double
    var relative = true

    func callAsFunction(_ x: [Float], threads: Int32) -> [Float] {
        plumb_threads_set(threads)
        var y = [Float](repeating: -7, count: x.count)
        kernel(&y, x, x.count)
        return y
    }

    func largestError(samples: Int) -> Double {
        let step = (range.upperBound - range.lowerBound) / Double(samples - 1)
        let x = (0..<samples).map { Float(range.lowerBound + step * Double($0)) }
        return zip(x, self(x, threads: 2)).reduce(0) { worst, pair in
            let value = exact(Double(pair.0))
            let error = gap(Double(pair.1), value)
            return max(worst, error / max(abs(value), relative ? 1e-37 : 1))
        }
    }

    static let exponential = ElementFunction(
        name: "exp", kernel: plumb_exp, exact: { exp($0) }, range: -85...88, tolerance: 2e-7)
    static let logarithm = ElementFunction(
        name: "log", kernel: plumb_log, exact: { log($0) }, range: 1e-3...90, tolerance: 2e-7)
    static let all = [
        exponential, logarithm,
        ElementFunction(name: "tanh", kernel: plumb_tanh, exact: { tanh($0) }, range: -9...9, tolerance: 2e-7),
        ElementFunction(
            name: "sigmoid", kernel: plumb_sigmoid, exact: { 1 / (1 + exp(-$0)) }, range: -30...30, tolerance: 2.5e-7),
        ElementFunction(
            name: "silu", kernel: plumb_silu, exact: { $0 / (1 + exp(-$0)) }, range: -30...30, tolerance: 3e-7),
        ElementFunction(
            name: "gelu_tanh", kernel: plumb_gelu_tanh,
            exact: { $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) },
            range: -6...6, tolerance: 2.5e-7, relative: false),
        ElementFunction(
            name: "gelu_erf", kernel: plumb_gelu_erf, exact: { $0 / 2 * erfc(-$0 / 2.0.squareRoot()) }, range: -6...6,
            tolerance: 2.5e-7, relative: false),
    ]
}

/// Whether the values are equal, without printing tens of thousands of them where they are not.
private func equal(_ a: [Float], _ b: [Float]) -> Bool { a == b }
