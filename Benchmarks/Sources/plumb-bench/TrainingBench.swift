import Foundation
import PlumbData
import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbTensor

/// Times training steps: forward, backward and the optimizer's update. The models and settings are those of
/// peers/train_torch.py.
struct TrainingBench {
    /// The tasks it knows.
    static let tasks = ["train-gpt2", "train-grokking", "train-transformer", "train-mlp", "train-convnet"]

    /// Seconds of each step; the first are left out.
    func measure(_ request: Request) throws -> [Double] {
        switch request.task {
        case "train-gpt2": return try languageModel(request, vocabulary: 50257, width: 768, layers: 12, 8, 128)
        case "train-transformer": return try languageModel(request, vocabulary: 65, width: 128, layers: 2, 32, 64)
        case "train-grokking": return try grokking(request)
        case "train-mlp":
            let (x, y) = images(64, 64)
            return try steps(request, Perceptron(), Adam()) { model in model(x).crossEntropy(y) }
        case "train-convnet":
            let (x, y) = images(128, 28 * 28)
            let pictures = x.reshaped([128, 28, 28, 1])
            return try steps(request, ConvolutionalNetwork(), Adam()) { model in model(pictures).crossEntropy(y) }
        default: throw BenchError("no training task \(request.task): have \(Self.tasks.joined(separator: ", "))")
        }
    }

    private func languageModel(
        _ request: Request, vocabulary: Int, width: Int, layers: Int, _ rows: Int, _ length: Int
    ) throws -> [Double] {
        let sizes = TransformerConfiguration(
            architecture: .gpt2, layers: layers, width: width, heads: width == 768 ? 12 : 4,
            vocabulary: vocabulary, context: length)
        var model = try HookedTransformer(sizes, key: RandomKey(1))
        model.arithmetic = Arithmetic(rawValue: request.arithmetic) ?? .float32
        var random = RandomKey(5).generator()
        let tokens = (0..<rows * (length + 1)).map { _ in random.index(below: vocabulary) }
        let windows = TokenBatch(tokens, rows: rows, columns: length + 1)
        return try steps(request, model, Adam.decoupled(learningRate: 1e-4)) { $0.loss(windows) }
    }

    private func grokking(_ request: Request) throws -> [Double] {
        let p = 113
        let places = Array((0..<p * p).map { ($0 * 7919) % (p * p) }.prefix(3830))
        let pairs = AdditionTransformer.Pairs(places, modulus: p)
        let rule = Adam.decoupled(learningRate: 1e-3, beta2: 0.98, weightDecay: 1)
        return try steps(request, AdditionTransformer(modulus: p, key: RandomKey(1)), rule) { $0.loss(pairs) }
    }

    private func steps<Model: ParameterTree>(
        _ request: Request, _ model: Model, _ optimizer: Adam, _ loss: (Model) throws -> Tensor
    ) throws -> [Double] {
        var (model, optimizer) = (model, optimizer)
        func step() throws {
            let (_, gradient) = try valueWithGradient(at: model, of: loss)
            optimizer.update(&model, along: gradient)
        }
        let clock = ContinuousClock()
        let first = try clock.measure { try step() } / .seconds(1)
        // As many steps at a time as last ten milliseconds, after some that find their memory.
        let warm = first > 0.1 ? 1 : 20
        let second = try clock.measure { for _ in 0..<warm { try step() } } / .seconds(warm)
        let count = max(1, Int((0.01 / max(second, 1e-6)).rounded(.up)))
        return try (0..<request.repeats).map { _ in
            try clock.measure { for _ in 0..<count { try step() } } / .seconds(count)
        }
    }

    private func images(_ rows: Int, _ width: Int) -> (x: Tensor, y: [Int]) {
        var random = RandomKey(7).generator()
        let x = Tensor(shape: [rows, width]) { x in
            for i in x.indices { x[i] = Float(random.normal()) }
        }
        return (x, (0..<rows).map { $0 % 10 })
    }
}

/// 64-128-64-10 with ReLU.
private struct Perceptron: ParameterTree {
    var first = Linear(inputs: 64, outputs: 128, key: RandomKey(1))
    var second = Linear(inputs: 128, outputs: 64, key: RandomKey(2))
    var third = Linear(inputs: 64, outputs: 10, key: RandomKey(3))

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("fc1", &first)
        visitor("fc2", &second)
        visitor("fc3", &third)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { third(second(first(x).relu()).relu()) }
}

/// Two convolutions with pooling, and a linear layer.
private struct ConvolutionalNetwork: ParameterTree {
    var first = Convolution2D(inputs: 1, outputs: 16, kernel: 3, padding: 1, key: RandomKey(1))
    var second = Convolution2D(inputs: 16, outputs: 32, kernel: 3, padding: 1, key: RandomKey(2))
    var last = Linear(inputs: 7 * 7 * 32, outputs: 10, key: RandomKey(3))

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("conv1", &first)
        visitor("conv2", &second)
        visitor("fc", &last)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let small = first(x).relu().maxPooled2D(window: 2, stride: 2)
        let smaller = second(small).relu().maxPooled2D(window: 2, stride: 2)
        return last(smaller.reshaped([x.shape[0], 7 * 7 * 32]))
    }
}
