import PlumbNN
import PlumbTensor
import Testing

/// What each recorded operation is here: a function of its inputs and options.
private typealias Options = GoldenGradients.Options
private typealias Implementation = @Sendable ([Tensor], Options) throws -> Tensor

@Suite struct GoldenGradientTests {
    @Test func everyRecordedOperationAgreesWithPyTorch() throws {
        let index = try GoldenGradients.load()
        #expect(index.operations.count >= 70 && Set(index.operations.map(\.operation)).count >= 53)
        for entry in index.operations {
            let implementation = try #require(
                implementations[entry.operation], "no implementation of \(entry.operation), recorded as \(entry.name)")
            let golden = try GoldenGradients.tensors(entry.file)
            let inputs = try (0..<entry.inputs).map { try golden("in.\($0)") }
            let seed = try golden("dy")
            let (value, gradient) = try valueWithPullback(at: inputs, seed: { _ in seed }) {
                try implementation($0, entry.options)
            }
            #expect(relativeError(value, try golden("out")) <= 1e-4, "the value of \(entry.name)")
            for (number, found) in gradient.enumerated() {
                let error = relativeError(found, try golden("d.\(number)"))
                #expect(error <= 1e-4, "the gradient of \(entry.name) at input \(number): off by \(error)")
            }
        }
    }

    @Test func aSmallPerceptronAgreesWithPyTorch() throws {
        try expectAgreement("mlp", of: Perceptron(), readingAll: 6) { model, x in model(x) }
    }

    @Test func aSmallConvolutionalNetworkAgreesWithPyTorch() throws {
        try expectAgreement("conv_net", of: SmallConvolutionalNetwork(), readingAll: 6) { model, x in model(x) }
    }

    private func expectAgreement<Model: ParameterTree>(
        _ name: String, of fresh: Model, readingAll count: Int, _ logits: (Model, Tensor) -> Tensor
    ) throws {
        let entry = try #require(try GoldenGradients.load().models.first { $0.name == name })
        let golden = try GoldenGradients.tensors(entry.file)
        let targets = try #require(entry.inputs.targets)
        let names = fresh.parameters.map(\.name)
        #expect(names == entry.parameters && names.count == count)
        let weights = try names.map { try golden("weight.\($0)") }
        var next = 0
        let model = fresh.mapParameters { _, _ in
            defer { next += 1 }
            return weights[next]
        }
        let x = try golden("in.0")
        let (loss, gradient) = valueWithGradient(at: model) { logits($0, x).crossEntropy(targets) }
        #expect(abs(loss.item - entry.loss) <= 1e-4 * entry.loss)
        for (name, found) in gradient.parameters {
            #expect(relativeError(found, try golden("gradient.\(name)")) <= 1e-4, "the gradient of \(name)")
        }
    }
}

private let implementations: [String: Implementation] =
    arithmetic.merging(rowsAndLayout, uniquingKeysWith: { $1 }).merging(layers, uniquingKeysWith: { $1 })

private let arithmetic: [String: Implementation] = [
    "add": { x, _ in x[0] + x[1] },
    "subtract": { x, _ in x[0] - x[1] },
    "multiply": { x, _ in x[0] * x[1] },
    "divide": { x, _ in x[0] / x[1] },
    "maximum": { x, _ in Tensor.maximum(x[0], x[1]) },
    "minimum": { x, _ in Tensor.minimum(x[0], x[1]) },
    "scale": { x, o in x[0] * (try #require(o.factor)) },
    "offset": { x, o in x[0] + (try #require(o.offset)) },
    "exp": { x, _ in x[0].exp() },
    "tanh": { x, _ in x[0].tanh() },
    "sigmoid": { x, _ in x[0].sigmoid() },
    "relu": { x, _ in x[0].relu() },
    "silu": { x, _ in x[0].silu() },
    "softplus": { x, _ in x[0].softplus() },
    "abs": { x, _ in x[0].absolute() },
    "sin": { x, _ in x[0].sin() },
    "cos": { x, _ in x[0].cos() },
    "square": { x, _ in x[0].squared() },
    "erf": { x, _ in x[0].erf() },
    "log": { x, _ in x[0].log() },
    "sqrt": { x, _ in x[0].squareRoot() },
    "rsqrt": { x, _ in x[0].reciprocalSquareRoot() },
    "gelu_tanh": { x, _ in x[0].geluTanh() },
    "gelu_erf": { x, _ in x[0].gelu() },
    "clamp": { x, o in x[0].clamped(to: (try #require(o.lower))...(try #require(o.upper))) },
]

private let rowsAndLayout: [String: Implementation] = [
    "matmul": { x, _ in x[0].matmul(x[1]) },
    "linear": { x, _ in Linear(weight: Weight(x[1]), bias: x.count > 2 ? x[2] : nil)(x[0]) },
    "softmax": { x, _ in x[0].softmax() },
    "log_softmax": { x, _ in x[0].logSoftmax() },
    "sum": { x, o in o.axis.map { x[0].summed(axis: $0) } ?? x[0].summed() },
    "mean": { x, o in o.axis.map { x[0].mean(axis: $0) } ?? x[0].mean() },
    "max": { x, o in
        #expect(o.axis == x[0].shape.count - 1)
        return x[0].maximumOfRows()
    },
    "layer_norm": { x, o in
        var layer = Normalization(.layer, width: x[0].shape[1], epsilon: try #require(o.epsilon))
        (layer.weight, layer.bias) = (x[1], x[2])
        return layer(x[0])
    },
    "rms_norm": { x, o in
        var layer = Normalization(.rms, width: x[0].shape[1], epsilon: try #require(o.epsilon))
        layer.weight = x[1]
        return layer(x[0])
    },
    "embedding": { x, o in Embedding(weight: Weight(x[0]))(try #require(o.indices)) },
    "gather_rows": { x, o in x[0].gathered(try #require(o.indices)) },
    "transpose": { x, _ in x[0].transposed() },
    "reshape": { x, o in x[0].reshaped(try #require(o.shape)) },
    "concatenation": { x, o in Tensor.concatenated(x, axis: try #require(o.axis)) },
    "slice_columns": { x, o in x[0].columns((try #require(o.start))..<(try #require(o.end))) },
    "gated_silu": { x, _ in x[0].gatedSilu() },
]

private let layers: [String: Implementation] = [
    "attention": { x, o in
        let attention = ScaledDotProductAttention(
            heads: x[0].shape[1], keyValueHeads: x[1].shape[1], headWidth: x[0].shape[2],
            mask: try #require(o.causal as Bool?) ? .causal : .bidirectional)
        let batch = RaggedBatch(lengths: try #require(o.lengths))
        return attention(.separate(q: x[0], k: x[1], v: x[2]), in: batch).reshaped(x[0].shape)
    },
    "rope": { x, o in
        let (rows, width, first) = (x[0].shape[0], x[0].shape[2], try #require(o.first))
        let rotary = RotaryEmbedding(width: width, positions: first + rows, base: try #require(o.base))
        let positions = (first..<first + rows).map(Int32.init)
        return rotary.rotated(x[0], heads: x[0].shape[1], headWidth: width, positions: positions)
    },
    "cross_entropy": { x, o in x[0].crossEntropy(try #require(o.targets)) },
    "kl_divergence": { x, _ in x[0].klDivergence(to: x[1]) },
    "mse": { x, _ in x[0].meanSquaredError(x[1]) },
    "huber": { x, o in x[0].huberLoss(x[1], delta: try #require(o.delta)) },
    "bradley_terry": { x, _ in Tensor.bradleyTerry(chosen: x[0], rejected: x[1]) },
    "conv2d": { x, o in
        let layer = Convolution2D(
            weight: x[1], bias: x.count > 2 ? x[2] : nil, stride: try #require(o.stride),
            padding: try #require(o.padding))
        return layer(x[0])
    },
    "max_pool2d": { x, o in MaxPool2D(window: try #require(o.size))(x[0]) },
    "avg_pool2d": { x, o in AveragePool2D(window: try #require(o.size))(x[0]) },
    "batch_norm": { x, o in
        var layer = BatchNorm(channels: x[1].count, epsilon: try #require(o.epsilon))
        (layer.weight, layer.bias) = (x[1], x[2])
        return layer(x[0], isTraining: true)
    },
    "dropout": { x, o in
        Dropout(rate: try #require(o.rate))(x[0], keeping: try #require(o.mask).map { $0 != 0 })
    },
]

/// 64-128-64-10 with ReLU.
private struct Perceptron: ParameterTree {
    var layers = [(64, 128), (128, 64), (64, 10)].enumerated().map { number, size in
        Linear(inputs: size.0, outputs: size.1, key: RandomKey(1)[number])
    }

    mutating func visit(_ visitor: inout ParameterVisitor) {
        for i in layers.indices { visitor("fc\(i + 1)", &layers[i]) }
    }

    func callAsFunction(_ x: Tensor) -> Tensor { layers[2](layers[1](layers[0](x).relu()).relu()) }
}

/// Two convolutions of 3 × 3, each with ReLU and pooling, and a linear layer.
private struct SmallConvolutionalNetwork: ParameterTree {
    var conv1 = Convolution2D(inputs: 1, outputs: 8, kernel: 3, padding: 1, key: RandomKey(1))
    var conv2 = Convolution2D(inputs: 8, outputs: 16, kernel: 3, padding: 1, key: RandomKey(2))
    var output = Linear(inputs: 3 * 3 * 16, outputs: 10, key: RandomKey(3))
    let pool = MaxPool2D(window: 2)

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("conv1", &conv1)
        visitor("conv2", &conv2)
        visitor("fc", &output)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let features = pool(conv2(pool(conv1(x).relu())).relu())
        return output(features.reshaped([x.shape[0], -1]))
    }
}
