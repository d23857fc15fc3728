import CPlumbKernels
import Foundation
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct TrainingRowTests {
    @Test func rowsAgreeWithDoublePrecisionWhateverTheThreads() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for operation in TrainingRows.all {
                    for (rows, width) in [(1, 1), (5, 3), (70, 33), (3, 2051), (3001, 24)] {
                        var random = SeededFloats(seed: UInt64(rows + width))
                        let x = random.floats(rows * width, scale: 3), dy = random.floats(rows * width)
                        plumb_threads_set(1)
                        let result = operation.run(x, dy, rows, width)
                        plumb_threads_set(3)
                        let same = operation.run(x, dy, rows, width) == result
                        #expect(same, "\(operation.name), \(rows) x \(width), isa \(isa)")
                        let exact = operation.exact(x.map(Double.init), dy.map(Double.init), rows, width)
                        let error = largestError(result, exact)
                        #expect(error < 2e-6, "\(operation.name), \(rows) x \(width), isa \(isa): \(error)")
                    }
                }
            }
        }
    }

    @Test func columnsOfAMillionRowsKeepTheirDigits() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                let rows = 1_000_000, width = 3
                var y = [Float](repeating: 0, count: width)
                let x = (0..<rows * width).map { 0.1 + Float($0 % 7) * 0.3 }
                plumb_sum_columns(&y, x, rows, width)
                for c in 0..<width {
                    let exact = stride(from: c, to: rows * width, by: width).reduce(0.0) { $0 + Double(x[$1]) }
                    #expect(abs(Double(y[c]) / exact - 1) < 2e-7)
                }
            }
        }
    }

    @Test func nothingIsDoneToNothing() {
        var y: [Float] = [5, 5], z: [Float] = [5, 5]
        plumb_sum_columns(&y, [], 0, 2)
        #expect(y == [0, 0])
        plumb_layer_norm_backward(nil, &y, &z, [], [], nil, [], 0, 2)
        #expect(y == [0, 0] && z == [0, 0])
        plumb_sum_rows(&y, [], 2, 0)
        #expect(y == [0, 0])
        plumb_scatter_add_rows(&y, [], [], 0, 2)
        plumb_softmax_backward(&y, [], [], 0, 2)
        plumb_cross_entropy(&y, nil, [], [], 0, 2)
        #expect(y == [0, 0])
    }

    @Test func ignoredTargetsCostNothing() {
        let logits: [Float] = [1, 2, 3, 4, 5, 6]
        var losses: [Float] = [7, 7], lse: [Float] = [7, 7], d = logits
        plumb_cross_entropy(&losses, &lse, logits, [-1, 0], 2, 3)
        #expect(losses[0] == 0 && abs(losses[1] - 2.4076059) < 1e-6 && abs(lse[0] - 3.4076059) < 1e-6)
        d.withUnsafeMutableBufferPointer {
            plumb_cross_entropy_backward($0.baseAddress, $0.baseAddress, lse, [-1, 0], [2, 2], 2, 3)
        }
        #expect(d[0..<3] == [0, 0, 0] && abs(d[3] + 1.8199389) < 1e-6)
    }

    @Test func scatteredRowsAddInTheirOrder() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for (count, width, targets) in [(900, 130, 17), (4, 1, 3), (33, 64, 1)] {
                    var random = SeededFloats(seed: UInt64(count))
                    let x = random.floats(count * width), start = random.floats(targets * width)
                    let indices = (0..<count).map { _ in Int32(random.below(targets + 1)) - 1 }
                    var expected = start
                    for (i, index) in indices.enumerated() where index >= 0 {
                        for c in 0..<width { expected[Int(index) * width + c] += x[i * width + c] }
                    }
                    for threads: Int32 in [1, 3] {
                        plumb_threads_set(threads)
                        var y = start
                        plumb_scatter_add_rows(&y, x, indices, count, width)
                        let same = y == expected
                        #expect(same)
                    }
                }
            }
        }
    }
}

/// The largest difference, relative to the largest value.
private func largestError(_ a: [Float], _ b: [Double]) -> Double {
    let size = b.reduce(1e-3) { max($0, abs($1)) }
    return a.count == b.count ? zip(a, b).reduce(0) { max($0, gap(Double($1.0), $1.1) / size) } : .infinity
}

/// An operation on rows x and dy, its results end to end, and its double-precision form.
private struct TrainingRows: Sendable {
    var name: String
    var run: @Sendable (_ x: [Float], _ dy: [Float], _ rows: Int, _ width: Int) -> [Float]
    var exact: @Sendable (_ x: [Double], _ dy: [Double], _ rows: Int, _ width: Int) -> [Double]

    static func weight(_ width: Int) -> [Float] { (0..<width).map { 0.5 + Float($0 % 5) / 4 } }

    /// One result of rows · width.
    static func whole(_ x: [Float], _ body: (UnsafeMutablePointer<Float>?) -> Void) -> [Float] {
        var y = [Float](repeating: 7, count: x.count)
        body(&y)
        return y
    }

    /// `row(x, dy)` for each row.
    static func eachRow(
        _ x: [Double], _ dy: [Double], _ rows: Int, _ width: Int, _ row: ([Double], [Double], Int) -> [Double]
    ) -> [Double] {
        (0..<rows).flatMap {
            row(Array(x[$0 * width..<($0 + 1) * width]), Array(dy[$0 * width..<($0 + 1) * width]), $0)
        }
    }

    static func target(_ row: Int, _ width: Int) -> Int { row * 7 % width }

    static func softmax(_ row: [Double]) -> [Double] {
        let largest = row.reduce(-.infinity, max), sum = row.reduce(0) { $0 + exp($1 - largest) }
        return row.map { exp($0 - largest) / sum }
    }

    /// dx, dweight, dbias of a norm.
    static func norm(_ x: [Double], _ dy: [Double], _ rows: Int, _ width: Int, centered: Bool) -> [Double] {
        var dweight = [Double](repeating: 0, count: width), dbias = dweight
        let count = Double(width)
        let dx = eachRow(x, dy, rows, width) { row, d, _ in
            let mean = centered ? row.reduce(0, +) / count : 0
            let scale = (row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count + 0.01).squareRoot()
            let hat = row.map { ($0 - mean) / scale }, g = zip(d, weight(width)).map { $0 * Double($1) }
            for c in 0..<width {
                dweight[c] += d[c] * hat[c]
                dbias[c] += d[c]
            }
            let shift = centered ? g.reduce(0, +) / count : 0,
                slope = zip(g, hat).reduce(0) { $0 + $1.0 * $1.1 } / count
            return (0..<width).map { (g[$0] - shift - hat[$0] * slope) / scale }
        }
        return dx + dweight + (centered ? dbias : [])
    }

    static let norms = [
        TrainingRows(
            name: "RMS norm backward",
            run: { x, dy, rows, width in
                var y = x, scale = [Float](repeating: 0, count: rows), dweight = [Float](repeating: 7, count: width)
                plumb_rms_norm(&y, &scale, x, nil, rows, width, 0.01)
                plumb_rms_norm_backward(&y, &dweight, dy, x, weight(width), scale, rows, width)
                let together = y + dweight
                plumb_rms_norm_backward(&y, nil, dy, x, weight(width), scale, rows, width)
                plumb_rms_norm_backward(nil, &dweight, dy, x, weight(width), scale, rows, width)
                return y + dweight == together ? together : []
            },
            exact: { norm($0, $1, $2, $3, centered: false) }),
        TrainingRows(
            name: "layer norm backward",
            run: { x, dy, rows, width in
                var y = x, scale = [Float](repeating: 0, count: rows)
                var dweight = [Float](repeating: 7, count: width), dbias = dweight
                plumb_layer_norm(&y, &scale, x, nil, nil, rows, width, 0.01)
                plumb_layer_norm_backward(&y, &dweight, &dbias, dy, x, weight(width), scale, rows, width)
                let together = y + dweight + dbias
                plumb_layer_norm_backward(&y, nil, &dbias, dy, x, weight(width), scale, rows, width)
                plumb_layer_norm_backward(nil, &dweight, nil, dy, x, weight(width), scale, rows, width)
                return y + dweight + dbias == together ? together : []
            },
            exact: { norm($0, $1, $2, $3, centered: true) }),
    ]

    static let losses = [
        TrainingRows(
            name: "softmax backward",
            run: { x, dy, rows, width in
                let y = whole(x) { plumb_softmax($0, x, rows, width) }
                return whole(x) { plumb_softmax_backward($0, y, dy, rows, width) }
            },
            exact: { x, dy, rows, width in
                eachRow(x, dy, rows, width) { row, d, _ in
                    let y = softmax(row), dot = zip(y, d).reduce(0) { $0 + $1.0 * $1.1 }
                    return zip(y, d).map { $0 * ($1 - dot) }
                }
            }),
        TrainingRows(
            name: "log softmax backward",
            run: { x, dy, rows, width in
                let y = whole(x) { plumb_log_softmax($0, x, rows, width) }
                return whole(x) { plumb_log_softmax_backward($0, y, dy, rows, width) }
            },
            exact: { x, dy, rows, width in
                eachRow(x, dy, rows, width) { row, d, _ in
                    let sum = d.reduce(0, +)
                    return zip(softmax(row), d).map { $1 - $0 * sum }
                }
            }),
        TrainingRows(
            name: "cross-entropy",
            run: { x, dy, rows, width in
                let targets = (0..<rows).map { Int32(target($0, width)) }
                var losses = [Float](repeating: 0, count: rows), lse = losses
                plumb_cross_entropy(&losses, &lse, x, targets, rows, width)
                return losses + whole(x) { plumb_cross_entropy_backward($0, x, lse, targets, dy, rows, width) }
            },
            exact: { x, dy, rows, width in
                let losses = eachRow(x, dy, rows, width) { row, _, r in [-log(softmax(row)[target(r, width)])] }
                return losses
                    + eachRow(x, dy, rows, width) { row, _, r in
                        softmax(row).enumerated().map { dy[r] * ($1 - ($0 == target(r, width) ? 1 : 0)) }
                    }
            }),
    ]

    static let sums = [
        TrainingRows(
            name: "sums and products",
            run: { x, dy, rows, width in
                var columns = [Float](repeating: 7, count: width), sums = [Float](repeating: 7, count: rows)
                plumb_sum_columns(&columns, x, rows, width)
                plumb_sum_rows(&sums, x, rows, width)
                return columns + sums
            },
            exact: { x, dy, rows, width in
                (0..<width).map { c in (0..<rows).reduce(0.0) { $0 + x[$1 * width + c] } }
                    + eachRow(x, dy, rows, width) { row, _, _ in [row.reduce(0, +)] }
            }),
        TrainingRows(
            name: "products",
            run: { x, dy, rows, width in whole(x) { plumb_multiply_rows($0, x, dy, rows, width) } },
            exact: { x, dy, rows, width in x.indices.map { x[$0] * dy[$0 % width] }
            }),
    ]
    static let all = norms + losses + sums
}
