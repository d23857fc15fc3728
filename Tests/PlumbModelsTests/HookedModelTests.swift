import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

/// A client's own model: a convolution, a pooling, a linear layer.
private struct TinyClassifier: HookedModel {
    var convolution = Convolution2D(inputs: 1, outputs: 3, kernel: 3, padding: 1, key: RandomKey(1))
    var output = Linear(inputs: 12, outputs: 2, key: RandomKey(2))
    static let channels = HookPoint.outside(Site(rawValue: "hook_channels"))

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("convolution", &convolution)
        visitor("output", &output)
    }

    func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
        let channels = hooks(convolution(x).relu(), at: Self.channels)
        return hooks(output(channels.maxPooled2D(window: 2).reshaped([x.shape[0], 12])), at: .logits)
    }
}

@Suite("Hooks in models of any kind")
struct HookedModelTests {
    private let images = Tensor.normal([3, 4, 4, 1], key: RandomKey(3))
    private let inputs = Tensor.normal([3, 5], key: RandomKey(4))
    private let perceptron = MLP([5, 7, 6, 2], activation: .tanh, key: RandomKey(5))

    @Test("A run records what it is asked for, in the shape that the model gives it, and changes no output")
    func recording() throws {
        let (output, cache) = TinyClassifier().run(images, recording: .all)
        #expect(cache[TinyClassifier.channels]?.shape == [3, 4, 4, 3])
        #expect(cache[.logits] == output)
        #expect(TinyClassifier().run(images).output == output)
        let (logits, layers) = perceptron.run(inputs, recording: .all)
        #expect(logits == perceptron(inputs))
        #expect(layers.points.count == 5 && layers[.block(1, .mlpPost)]?.shape == [3, 6])
    }

    @Test("Patching every row of a layer gives the other run, patching one row changes that row alone")
    func patching() throws {
        let other = Tensor.normal([3, 5], key: RandomKey(6))
        let (clean, cache) = perceptron.run(inputs, recording: .all)
        let corrupted = perceptron.run(other).output
        for point in cache.points {
            #expect(perceptron.run(other, with: [.patch(point, from: cache)]).output == clean, "\(point)")
            let one = perceptron.run(other, with: [.patch(point, from: cache, position: 1)]).output
            #expect(one[1] == clean[1] && one[0] == corrupted[0] && one[2] == corrupted[2], "\(point)")
        }
    }

    @Test("Steering adds a direction at every row")
    func steering() throws {
        let direction = Tensor([1, -2, 0, 0, 3, 0.5])
        let steered = perceptron.run(
            inputs, with: [.steer(.block(1, .mlpPost), by: direction, scale: 2)], recording: .all)
        let plain = perceptron.run(inputs, recording: .all).cache[.block(1, .mlpPost)]
        #expect(steered.cache[.block(1, .mlpPost)] == plain.map { $0 + direction * 2 })
    }

    @Test("Gradients at activations are the slopes of the metric")
    func gradients() throws {
        let points = [HookPoint.block(0, .mlpPre), .block(0, .mlpPost), .block(1, .mlpPre), .block(1, .mlpPost)]
        func metric(_ logits: Tensor) -> Tensor { (logits * logits).summed() }
        let run = try perceptron.gradients(inputs, recording: .points(Set(points)), of: metric)
        for point in points {
            let gradient = try #require(run.gradients[point])
            let direction = Tensor.normal(gradient.shape, key: RandomKey(7))
            func value(_ step: Float) -> Double {
                let move = Intervention("move", at: point) { $0 + direction * step }
                return Double(metric(perceptron.run(inputs, with: [move]).output).item)
            }
            let slope = (value(1e-2) - value(-1e-2)) / 2e-2
            #expect(abs(slope - gradient.dot(direction)) < 1e-2 * max(1, abs(slope)), "\(point)")
        }
    }

    @Test("Names of other models' points are read and written")
    func names() {
        #expect(HookPoint("hook_channels") == TinyClassifier.channels)
        #expect(TinyClassifier.channels.description == "hook_channels")
        #expect(HookPoint("hook_resid_pre") == nil)
    }
}
