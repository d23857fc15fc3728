internal import Foundation
internal import PlumbData
public import PlumbNN
public import PlumbTensor

/// Labeled inputs that a network is trained on.
public struct TrainingData: Sendable {
    /// The inputs.
    ///
    /// - Shapes: `[N, D]`.
    public let inputs: Tensor
    /// The class of each.
    public let labels: [Int]

    /// SHA-256 of inputs and classes, as lower-case hexadecimal.
    public let hash: String

    /// Inputs `[N, D]` and their N classes.
    public init(inputs: Tensor, labels: [Int]) {
        (self.inputs, self.labels) = (inputs, labels)
        var bytes = inputs.elements.withUnsafeBytes { Data($0) }
        bytes.append(Data(labels.map(String.init).joined(separator: ",").utf8))
        hash = FileHash.sha256(of: bytes)
    }

    /// The mean loss of rows, in nats.
    public func loss(_ model: MLP, _ rows: [Int]) -> Tensor {
        model(inputs.gathered(rows)).crossEntropy(rows.map { labels[$0] })
    }

    /// The loss of each row, in nats.
    public func losses(_ model: MLP, _ rows: [Int]) -> [Double] {
        model(inputs.gathered(rows)).crossEntropies(rows.map { labels[$0] }).elements.map(Double.init)
    }

    /// The model after one step of gradient descent for each batch.
    public func trained(_ model: MLP, on batches: some Sequence<[Int]>, learningRate: Double) -> MLP {
        var (model, optimizer) = (model, SGD(learningRate: learningRate))
        for rows in batches {
            let (_, gradient) = valueWithGradient(at: model) { loss($0, rows) }
            optimizer.update(&model, along: gradient)
        }
        return model
    }
}

/// What a prover hands in about a training run: the order it committed to, and weights after every segment.
public struct TrainingTranscript: Sendable {
    /// Which rows each step used, by the prover's word.
    public var order: DataOrder
    /// The weights at the start and after each segment.
    public var checkpoints: [MLP]
    /// Steps in a segment.
    public let every: Int

    /// A transcript from its parts.
    public init(order: DataOrder, checkpoints: [MLP], every: Int) {
        (self.order, self.checkpoints, self.every) = (order, checkpoints, every)
    }

    /// The transcript of a run that keeps to its order.
    public static func honest(
        _ order: DataOrder, from start: MLP, _ data: TrainingData, every: Int, learningRate: Double
    ) -> TrainingTranscript {
        var checkpoints = [start]
        for segment in 0..<order.batches.count / every {
            let batches = order.batches[segment * every..<(segment + 1) * every]
            checkpoints.append(data.trained(checkpoints[segment], on: batches, learningRate: learningRate))
        }
        return TrainingTranscript(order: order, checkpoints: checkpoints, every: every)
    }

    /// Segments between two checkpoints.
    public var segments: Int { checkpoints.count - 1 }

    /// The rows of each step of a segment.
    public func batches(_ segment: Int) -> ArraySlice<[Int]> { order.batches[segment * every..<(segment + 1) * every] }

    /// The distance between the weights claimed at a segment's end and those that training from its start gives: 0 where
    /// the segment is true, to the bit.
    public func error(_ segment: Int, _ data: TrainingData, learningRate: Double) -> Double {
        let replayed = data.trained(checkpoints[segment], on: batches(segment), learningRate: learningRate)
        return replayed.distance(to: checkpoints[segment + 1])
    }

    /// The distances of all segments.
    public func errors(_ data: TrainingData, learningRate: Double) -> [Double] {
        (0..<segments).map { error($0, data, learningRate: learningRate) }
    }
}

extension MLP {
    /// The Euclidean distance between all weights.
    func distance(to other: MLP) -> Double {
        zip(parameters, other.parameters).reduce(0) { sum, pair in
            let (mine, theirs) = (pair.0.tensor.elements, pair.1.tensor.elements)
            return zip(mine, theirs).reduce(sum) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        }.squareRoot()
    }

    /// The weights on the straight line to another model's.
    func interpolated(to other: MLP, _ fraction: Float) -> MLP {
        let theirs = other.parameters.map(\.tensor)
        var index = -1
        return mapParameters { _, mine in
            index += 1
            return mine * (1 - fraction) + theirs[index] * fraction
        }
    }
}
