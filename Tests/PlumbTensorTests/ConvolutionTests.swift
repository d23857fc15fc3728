import CPlumbKernels
import Foundation
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct ConvolutionTests {
    @Test func convolutionsAndGradientsAgreeWithDoublePrecisionWhateverTheThreads() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for problem in ConvolutionProblem.all {
                    plumb_threads_set(1)
                    let results = problem.run()
                    plumb_threads_set(3)
                    let same = problem.run() == results
                    #expect(same, "\(problem.name), isa \(isa)")
                    for (result, exact) in zip(results, problem.exact()) {
                        let error = largestError(result, exact)
                        #expect(error < 3e-6, "\(problem.name), isa \(isa): \(error)")
                    }
                }
            }
        }
    }

    @Test func anImageKeepsItsBitsWhateverIsBesideIt() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                let together = ConvolutionProblem(20, 9, 9, 5, 18, 3, 2, 1)
                var alone = together
                alone.shape.batch = 1
                alone.x = Array(together.x[0..<9 * 9 * 5])
                alone.dy = Array(together.dy[0..<together.dy.count / 20])
                let (all, one) = (together.run(), alone.run())
                #expect(
                    Array(all[0].prefix(one[0].count)) == one[0]
                        && Array(all[1].prefix(one[1].count)) == one[1])
            }
        }
    }

    @Test func withoutImagesGradientsAreZero() {
        let problem = ConvolutionProblem(0, 4, 5, 2, 3, 3, 1, 1)
        let results = problem.run()
        #expect(results[0].isEmpty && results[1].isEmpty)
        #expect(results[2] == [Float](repeating: 0, count: 54) && results[3] == [0, 0, 0])
        #expect(plumb_conv2d_size(2, 5, 1, 1) == 0 && plumb_conv2d_size(28, 3, 2, 1) == 14)
    }
}

/// The largest difference, relative to the largest value.
private func largestError(_ a: [Float], _ b: [Double]) -> Double {
    let size = b.reduce(1e-3) { max($0, abs($1)) }
    return a.count == b.count
        ? zip(a, b).reduce(0) { max($0, gap(Double($1.0), $1.1) / size) } : .infinity
}

private struct ConvolutionProblem: Sendable {
    var shape: plumb_conv2d_shape
    var x: [Float], weights: [Float], bias: [Float], dy: [Float]

    init(
        _ batch: Int, _ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, _ kernel: Int,
        _ stride: Int,
        _ padding: Int
    ) {
        shape = plumb_conv2d_shape(
            batch: batch, height: height, width: width, inputs: inputs, outputs: outputs,
            kernel_height: kernel,
            kernel_width: max(1, kernel - height % 2), stride: stride, padding: padding)
        var random = SeededFloats(seed: UInt64(height * 100 + inputs))
        x = random.floats(batch * height * width * inputs)
        weights = random.floats(outputs * inputs * kernel * shape.kernel_width, scale: 0.3)
        bias = random.floats(outputs)
        let rows = plumb_conv2d_size(height, kernel, stride, padding)
        let columns = plumb_conv2d_size(width, shape.kernel_width, stride, padding)
        dy = random.floats(batch * rows * columns * outputs)
    }

    static let all = [
        ConvolutionProblem(3, 14, 14, 16, 32, 3, 1, 1), ConvolutionProblem(2, 28, 28, 1, 16, 3, 1, 1),
        ConvolutionProblem(2, 9, 11, 5, 10, 3, 2, 1), ConvolutionProblem(1, 7, 8, 3, 33, 5, 1, 2),
        ConvolutionProblem(17, 8, 8, 2, 17, 1, 2, 0), ConvolutionProblem(2, 12, 10, 7, 40, 7, 2, 3),
        ConvolutionProblem(1, 6, 31, 3, 70, 4, 3, 2), ConvolutionProblem(2, 4, 5, 4, 4, 1, 1, 3),
        ConvolutionProblem(1, 4, 4, 1, 1, 4, 1, 0), ConvolutionProblem(20, 6, 6, 2, 3, 3, 4, 1),
        ConvolutionProblem(2, 9, 9, 40, 3, 3, 1, 1), ConvolutionProblem(1, 40, 40, 20, 2, 2, 1, 0),
    ]

    var name: String {
        let s = shape
        return
            "\(s.batch)x\(s.height)x\(s.width) \(s.inputs) to \(s.outputs), kernel \(s.kernel_height)"
            + "x\(s.kernel_width), stride \(s.stride), padding \(s.padding)"
    }

    /// y, dx, dw, dbias.
    func run() -> [[Float]] {
        var shape = shape
        var packed = [Float](repeating: .nan, count: plumb_conv2d_packed_floats(&shape))
        var backward = [Float](repeating: .nan, count: plumb_conv2d_packed_backward_floats(&shape))
        plumb_conv2d_pack(&packed, weights, &shape)
        plumb_conv2d_pack_backward(&backward, weights, &shape)
        var y = [Float](repeating: 7, count: dy.count)
        var dx = [Float](repeating: 7, count: x.count)
        var dw = [Float](repeating: 7, count: weights.count)
        var dbias = [Float](repeating: 7, count: bias.count)
        plumb_conv2d(&y, x, packed, bias, &shape)
        plumb_conv2d_backward_input(&dx, dy, backward, &shape)
        plumb_conv2d_backward_weight(&dw, &dbias, x, dy, &shape)
        return [y, dx, dw, dbias]
    }

    /// The same in double, product by product.
    func exact() -> [[Double]] {
        let s = shape
        let rows = plumb_conv2d_size(s.height, s.kernel_height, s.stride, s.padding)
        let columns = plumb_conv2d_size(s.width, s.kernel_width, s.stride, s.padding)
        var y = [Double](repeating: 0, count: dy.count)
        var dx = [Double](repeating: 0, count: x.count)
        var dw = [Double](repeating: 0, count: weights.count)
        var dbias = [Double](repeating: 0, count: bias.count)
        for pixel in 0..<s.batch * rows * columns {
            let image = pixel / (rows * columns)
            let row = pixel / columns % rows
            let column = pixel % columns
            for o in 0..<s.outputs {
                let to = pixel * s.outputs + o
                y[to] += Double(bias[o])
                dbias[o] += Double(dy[to])
                for tap in 0..<s.kernel_height * s.kernel_width {
                    let r = row * s.stride + tap / s.kernel_width - s.padding
                    let c = column * s.stride + tap % s.kernel_width - s.padding
                    guard r >= 0, r < s.height, c >= 0, c < s.width else { continue }
                    for i in 0..<s.inputs {
                        let from = ((image * s.height + r) * s.width + c) * s.inputs + i
                        let weight = (o * s.inputs + i) * s.kernel_height * s.kernel_width + tap
                        y[to] += Double(x[from]) * Double(weights[weight])
                        dx[from] += Double(dy[to]) * Double(weights[weight])
                        dw[weight] += Double(dy[to]) * Double(x[from])
                    }
                }
            }
        }
        return [y, dx, dw, dbias]
    }
}
