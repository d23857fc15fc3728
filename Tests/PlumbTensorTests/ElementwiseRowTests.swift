import CPlumbKernels
import Foundation
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct ElementwiseRowTests {
    @Test func rowsAgreeWithDoublePrecision() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for operation in RowOperation.all {
                    for width in [1, 3, 16, 33, 576, 2051] {
                        let error = operation.largestError(rows: 5, width: width)
                        #expect(error <= 1e-6, "\(operation.name), width \(width), isa \(isa): \(error)")
                    }
                }
            }
        }
    }

    @Test func rowsKeepTheirBitsWhateverIsBesideThem() async {
        await #expect(processExitsWith: .success) {
            var random = SeededFloats(seed: 11)
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for operation in RowOperation.all {
                    for width in [7, 64, 577] {
                        let rows = 150_000 / width, x = random.floats(rows * width, scale: 4)
                        plumb_threads_set(1)
                        let together = operation.run(x, rows, width)
                        plumb_threads_set(3)
                        #expect(operation.run(x, rows, width) == together, "\(operation.name)")
                        for row in [0, 1, rows / 2, rows - 1] {
                            let range = row * width..<(row + 1) * width
                            #expect(operation.run(Array(x[range]), 1, width) == Array(together[range]))
                        }
                    }
                }
            }
        }
    }

    @Test func softmaxGivesNothingToMinusInfinity() {
        let none = -Float.infinity
        let y = RowOperation.softmax.run([none, 1, none, 1, none, none, none, none, .nan, 1, 1, 1], 3, 4)
        #expect(Array(y[0..<8]) == [0, 0.5, 0, 0.5, 0, 0, 0, 0])
        #expect(y[8...].allSatisfy { $0.isNaN })
    }

    @Test func normsReportTheirScale() {
        let x: [Float] = [3, -4, 0, 0]
        var y = [Float](repeating: 0, count: 4)
        var scale: Float = 0
        plumb_rms_norm(&y, &scale, x, nil, 1, 4, 0)
        #expect(scale == 2.5 && y == [3 / 2.5, -4 / 2.5, 0, 0])
        plumb_layer_norm(&y, &scale, [1, 1, 3, 3], nil, nil, 1, 4, 0)
        #expect(scale == 1 && y == [-1, -1, 1, 1])
    }

    @Test func rotaryEmbeddingTurnsPairsAndCopiesTheRest() {
        let heads = 3, width = 20, rotated = 12, rows = 130, half = rotated / 2
        var random = SeededFloats(seed: 4)
        let x = random.floats(rows * (heads * width + 2))
        let positions = (0..<rows).map { Int32($0 * 7 % 50) }
        let angles = (0..<50 * half).map { Double($0 / half) * pow(10, -Double($0 % half) / 3) }
        let cosines = angles.map { Float(cos($0)) }, sines = angles.map { Float(sin($0)) }
        var y = [Float](repeating: 9, count: rows * heads * width)
        plumb_rope(
            &y, heads * width, x, heads * width + 2, cosines, sines, positions, rows, heads, width, rotated)
        var worst = 0.0
        for row in 0..<rows {
            for head in 0..<heads {
                let from = row * (heads * width + 2) + head * width, to = (row * heads + head) * width
                for i in 0..<half {
                    let angle = angles[Int(positions[row]) * half + i]
                    let a = Double(x[from + i]), b = Double(x[from + half + i])
                    worst = max(worst, gap(Double(y[to + i]), a * cos(angle) - b * sin(angle)))
                    worst = max(worst, gap(Double(y[to + half + i]), b * cos(angle) + a * sin(angle)))
                }
                #expect(y[to + rotated..<to + width] == x[from + rotated..<from + width])
            }
        }
        #expect(worst < 3e-7)
    }

    @Test func gatedRowsReadTheirStrides() {
        var random = SeededFloats(seed: 8)
        let rows = 40, width = 501
        let both = random.floats(rows * width * 2)
        var y = [Float](repeating: 0, count: rows * width)
        both.withUnsafeBufferPointer { source in
            plumb_silu_multiply(
                &y, width, source.baseAddress, 2 * width, source.baseAddress?.advanced(by: width), 2 * width, rows,
                width)
        }
        var worst = 0.0
        for (i, value) in y.enumerated() {
            let at = i / width * 2 * width + i % width
            let gate = Double(both[at]), exact = gate / (1 + exp(-gate)) * Double(both[at + width])
            worst = max(worst, gap(Double(value), exact))
        }
        #expect(worst < 3e-7)
    }
}

/// An operation on rows and its double-precision form.
private struct RowOperation: Sendable {
    var name: String
    var run: @Sendable (_ x: [Float], _ rows: Int, _ width: Int) -> [Float]
    var exact: @Sendable (_ row: [Double]) -> [Double]

    /// The largest difference, relative to the largest value of its row.
    func largestError(rows: Int, width: Int) -> Double {
        var random = SeededFloats(seed: UInt64(width))
        let x = random.floats(rows * width, scale: 5)
        let y = run(x, rows, width)
        return (0..<rows).reduce(0) { worst, row in
            let range = row * width..<(row + 1) * width
            let reference = exact(x[range].map(Double.init))
            let size = reference.reduce(1e-6) { max($0, abs($1)) }
            return zip(y[range], reference).reduce(worst) { max($0, gap(Double($1.0), $1.1) / size) }
        }
    }

    static func weight(_ width: Int) -> [Float] { (0..<width).map { 0.5 + Float($0 % 5) / 4 } }
    static func bias(_ width: Int) -> [Float] { (0..<width).map { Float($0 % 3) - 1 } }

    static let softmax = RowOperation(
        name: "softmax",
        run: { x, rows, width in
            var y = [Float](repeating: 0, count: x.count)
            plumb_softmax(&y, x, rows, width)
            return y
        },
        exact: { row in
            let largest = row.reduce(-.infinity, max), sum = row.reduce(0) { $0 + exp($1 - largest) }
            return row.map { exp($0 - largest) / sum }
        })
    static let logSoftmax = RowOperation(
        name: "log softmax",
        run: { x, rows, width in
            var y = [Float](repeating: 0, count: x.count)
            plumb_log_softmax(&y, x, rows, width)
            return y
        },
        exact: { row in
            let largest = row.reduce(-.infinity, max), sum = row.reduce(0) { $0 + exp($1 - largest) }
            return row.map { $0 - largest - log(sum) }
        })
    static let rmsNorm = RowOperation(
        name: "RMS norm",
        run: { x, rows, width in
            var y = [Float](repeating: 0, count: x.count)
            plumb_rms_norm(&y, nil, x, weight(width), rows, width, 1e-5)
            return y
        },
        exact: { row in
            let scale = (row.reduce(0) { $0 + $1 * $1 } / Double(row.count) + 1e-5).squareRoot()
            return zip(row, weight(row.count)).map { $0 / scale * Double($1) }
        })
    static let layerNorm = RowOperation(
        name: "layer norm",
        run: { x, rows, width in
            var y = [Float](repeating: 0, count: x.count)
            plumb_layer_norm(&y, nil, x, weight(width), bias(width), rows, width, 1e-3)
            return y
        },
        exact: { row in
            let mean = row.reduce(0, +) / Double(row.count)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
            let scale = (variance + 1e-3).squareRoot()
            return row.indices.map {
                (row[$0] - mean) / scale * Double(weight(row.count)[$0]) + Double(bias(row.count)[$0])
            }
        })
    static let all = [softmax, logSoftmax, rmsNorm, layerNorm]
}
