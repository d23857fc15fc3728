import CPlumbKernels
import Testing

/// The instruction set and the threads are the process's own, so what changes them runs in a process of its own.
@Suite struct PoolingTests {
    @Test func poolingAgreesWithItsDefinitionWhateverTheThreads() async {
        await #expect(processExitsWith: .success) {
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for problem in PoolingProblem.all {
                    for threads: Int32 in [1, 3] {
                        plumb_threads_set(threads)
                        let same = problem.run() == problem.exact()
                        #expect(same, "\(problem.shape), isa \(isa), \(threads) threads")
                    }
                }
            }
        }
    }

    @Test func theFirstOfEqualsIsChosenAndNotANumberWins() {
        var shape = plumb_pool2d_shape(batch: 1, height: 2, width: 4, channels: 1, window: 2, stride: 2)
        var y: [Float] = [0, 0]
        var argmax: [Int32] = [9, 9]
        plumb_max_pool2d(&y, &argmax, [3, 5, -1, 4, 5, 5, .nan, .nan], &shape)
        #expect(y[0] == 5 && argmax == [1, 6] && y[1].isNaN)
        plumb_max_pool2d(&y, nil, [3, 5, 1, 4, 5, 5, 2, 2], &shape)
        #expect(y == [5, 4])
    }

    @Test func aWindowLargerThanTheImageGivesNothing() {
        var shape = plumb_pool2d_shape(batch: 2, height: 2, width: 2, channels: 1, window: 3, stride: 1)
        var y: [Float] = [5]
        var dx = [Float](repeating: 5, count: 8)
        plumb_average_pool2d(&y, [Float](repeating: 1, count: 8), &shape)
        plumb_average_pool2d_backward(&dx, y, &shape)
        #expect(y == [5] && dx == [Float](repeating: 0, count: 8))
    }
}

/// Small integers, so that every sum is exact.
private struct PoolingProblem: Sendable {
    var shape: plumb_pool2d_shape
    var x: [Float], dy: [Float]

    init(_ batch: Int, _ height: Int, _ width: Int, _ channels: Int, _ window: Int, _ stride: Int) {
        shape = plumb_pool2d_shape(
            batch: batch, height: height, width: width, channels: channels, window: window, stride: stride
        )
        var random = SeededFloats(seed: UInt64(height + channels))
        x = (0..<batch * height * width * channels).map { _ in Float(random.below(64)) }
        let outputs = plumb_pool2d_size(height, &shape) * plumb_pool2d_size(width, &shape)
        dy = (0..<batch * outputs * channels).map { _ in Float(random.below(64)) - 32 }
    }

    static let all = [
        PoolingProblem(3, 28, 28, 16, 2, 2), PoolingProblem(2, 9, 11, 5, 2, 2),
        PoolingProblem(2, 9, 11, 19, 4, 2),
        PoolingProblem(1, 7, 7, 3, 2, 3), PoolingProblem(1, 4, 4, 33, 4, 4),
        PoolingProblem(40, 14, 14, 32, 2, 1),
        PoolingProblem(0, 4, 4, 3, 2, 2),
    ]

    /// y, dx of the largest, its pixels, y, dx of the mean.
    func run() -> [[Float]] {
        var shape = shape
        var y = [Float](repeating: 7, count: dy.count)
        var mean = y
        var argmax = [Int32](repeating: 7, count: dy.count)
        var dx = [Float](repeating: 7, count: x.count)
        var dmean = dx
        plumb_max_pool2d(&y, &argmax, x, &shape)
        plumb_max_pool2d_backward(&dx, dy, argmax, &shape)
        plumb_average_pool2d(&mean, x, &shape)
        plumb_average_pool2d_backward(&dmean, dy, &shape)
        return [y, dx, argmax.map(Float.init), mean, dmean]
    }

    func exact() -> [[Float]] {
        var s = shape
        let rows = plumb_pool2d_size(s.height, &s)
        let columns = plumb_pool2d_size(s.width, &s)
        var y = [Float](repeating: -1, count: dy.count)
        var mean = [Float](repeating: 0, count: dy.count)
        var chosen = mean
        var dx = [Float](repeating: 0, count: x.count)
        var dmean = dx
        let share = 1 / Float(s.window * s.window)
        for to in dy.indices {
            let channel = to % s.channels
            let pixel = to / s.channels
            let image = pixel / (rows * columns)
            var best = 0
            for k in 0..<s.window * s.window {
                let row = pixel / columns % rows * s.stride + k / s.window
                let place = row * s.width + pixel % columns * s.stride + k % s.window
                let from = (image * s.height * s.width + place) * s.channels + channel
                if x[from] > y[to] {
                    y[to] = x[from]
                    chosen[to] = Float(place)
                    best = from
                }
                mean[to] += x[from]
                dmean[from] += dy[to] * share
            }
            mean[to] *= share
            dx[best] += dy[to]
        }
        return [y, dx, chosen, mean, dmean]
    }
}
