internal import Foundation
internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Rows to learn from: activations, and for transcoders what they should predict.
public struct SparseBatch: Sendable {
    /// `[R, I]`
    public var input: Tensor
    /// `[R, O]`; nil where the input is to be reconstructed.
    public var target: Tensor?

    /// Rows at hand.
    public init(_ input: Tensor, target: Tensor? = nil) { (self.input, self.target) = (input, target) }
}

/// A sparse dictionary in training: a value that takes one batch after another.
///
/// ```swift
/// var trainer = SparseDictionaryTrainer(.init(.topK(32), features: 4096, steps: 1000), key: key)
/// for step in 0..<1000 { try trainer.step(SparseBatch(activations(step))) }
/// let dictionary = try trainer.dictionary(input: .block(5, .residPost))
/// ```
///
/// Results are the same bits at any number of threads.
public struct SparseDictionaryTrainer: Sendable {
    /// How it is trained.
    public let training: SparseTraining
    /// What the last step found.
    public private(set) var last: SparseStep?
    /// Steps made.
    public private(set) var steps = 0
    /// λ.
    public private(set) var coefficient: Double
    private(set) var parameters: SparseParameters?
    private var optimizer: Adam
    private let key: RandomKey
    /// What inputs and targets are multiplied by, so that their mean lengths are √I and √O.
    private var scales: (input: Float, target: Float) = (1, 1)
    private var isAutoencoder = true
    /// Rows since each feature was active.
    private var idleRows: [Int]
    /// The mean of the least active value of a batch, and how many batches are in it.
    private var leastActive = (sum: 0.0, weight: 0.0)

    /// A dictionary that has seen nothing.
    public init(_ training: SparseTraining, key: RandomKey) {
        require(training.features > 0 && training.steps > 0, "a dictionary needs features and steps of training")
        (self.training, self.key) = (training, key)
        coefficient = training.objective.sparsity?.first ?? 0
        optimizer = Adam(learningRate: training.learningRate)
        idleRows = [Int](repeating: 0, count: training.features)
    }

    /// Takes one batch. The first one decides the scales, and the decoder's bias begins at its mean.
    ///
    /// - Throws: `ModelError` for activations that are not finite or a loss that is not a number.
    @discardableResult
    public mutating func step(_ batch: SparseBatch) throws -> SparseStep {
        var parameters = try parameters ?? start(batch)
        self.parameters = nil
        defer { self.parameters = parameters }
        let input = batch.input * scales.input
        let target = batch.target.map { $0 * scales.target } ?? input
        let found = SparseGradient(
            training, parameters, input: input, target: target, subtractsBias: subtractsBias,
            coefficient: effectiveCoefficient, dead: dead)
        guard found.loss.isFinite, input.isFinite else {
            throw ModelError(
                "training of the \(training.objective.title) dictionary failed at step \(steps): the loss is not a number. "
                    + "Look for activations that are not finite, or take a smaller learning rate than "
                    + "\(training.learningRate).")
        }
        var gradient = found.gradient
        gradient.decoder.removeParts(along: parameters.decoder)
        optimizer.learningRate = training.learningRate * training.rate(steps)
        optimizer.update(&parameters, along: gradient)
        parameters.decoder.restrict(training.windows, \.writes)
        parameters.decoder.normalizeRows()
        let step = remember(found, target)
        steps += 1
        if training.objective.resamples, training.resampleSteps.contains(steps) {
            resample(&parameters, input: input, target: target, errors: found.rowErrors)
        }
        last = step
        return step
    }

    /// Features that were not active for so many rows that they count as dead.
    public var dead: [Bool] { idleRows.map { $0 >= training.deadAfterRows } }

    private var subtractsBias: Bool { training.subtractsDecoderBias ?? isAutoencoder }

    private var effectiveCoefficient: Double {
        guard training.sparsityWarmup > 0, case .coefficient = training.objective.sparsity else { return coefficient }
        return coefficient * min(1, Double(steps + 1) / Double(training.sparsityWarmup))
    }

    private mutating func start(_ batch: SparseBatch) throws -> SparseParameters {
        guard batch.target == nil || training.subtractsDecoderBias != true else {
            throw ModelError("a transcoder does not subtract its decoder's bias from inputs")
        }
        let target = batch.target ?? batch.input
        guard batch.input.isFinite, target.isFinite, batch.input.count > 0 else {
            throw ModelError("the first activations to train on are none, or not finite")
        }
        func scale(_ rows: Tensor) -> Float {
            let lengths = rows.squared().summed(axis: 1).squareRoot().elements
            let mean = lengths.reduce(0) { $0 + Double($1) } / Double(lengths.count)
            return mean > 0 ? Float(Double(rows.shape[1]).squareRoot() / mean) : 1
        }
        isAutoencoder = batch.target == nil
        scales = (scale(batch.input), scale(target))
        var parameters = SparseParameters(
            training, width: batch.input.shape[1], outputWidth: target.shape[1], isAutoencoder: isAutoencoder,
            key: key["parameters"])
        parameters.decoderBias = target.mean(axis: 0) * scales.target
        return parameters
    }

    /// Counts activity and moves λ and the inference threshold.
    private mutating func remember(_ found: SparseGradient, _ target: Tensor) -> SparseStep {
        let rows = target.shape[0]
        for feature in idleRows.indices { idleRows[feature] += rows }
        var (active, least) = (0, Float.infinity)
        for (index, value) in zip(found.active.indices, found.active.values) where value > 0 {
            idleRows[Int(index)] = 0
            active += 1
            least = min(least, value)
        }
        if least.isFinite { leastActive = (0.99 * leastActive.sum + Double(least), 0.99 * leastActive.weight + 1) }
        let mean = Double(active) / Double(max(1, rows))
        if case .target(let requested, _)? = training.objective.sparsity {
            coefficient *= exp(0.02 * min(0.5, max(-0.5, log(max(mean, 1e-3) / requested))))
        }
        let centered = target - target.mean(axis: 0)
        let variance = centered.dot(centered) / Double(max(1, rows))
        return SparseStep(
            loss: found.loss, explainedVariance: variance > 0 ? 1 - found.error / variance : .nan, active: mean,
            dead: Double(dead.count { $0 }) / Double(training.features))
    }

    /// Gives dead features the directions of inputs that are reconstructed badly (Bricken et al. 2023, "Neuron
    /// Resampling"): drawn with probability proportional to the squared loss, encoder rows a fifth as long as those of
    /// living features, their optimizer's memory erased.
    private mutating func resample(
        _ parameters: inout SparseParameters, input: Tensor, target: Tensor, errors: [Float]
    ) {
        let features = idleRows.indices.filter { idleRows[$0] >= training.deadAfterRows }
        guard !features.isEmpty, features.count < training.features else { return }
        var generator = key["resample"][steps].generator()
        let weights = errors.map { Double($0) * Double($0) }
        let total = weights.reduce(0, +)
        let lengths = parameters.encoder.squared().summed(axis: 1).squareRoot().elements
        let alive = lengths.indices.filter { idleRows[$0] < training.deadAfterRows }.map { Double(lengths[$0]) }
        let length = Float(0.2 * alive.reduce(0, +) / Double(alive.count))
        let rows = features.map { _ in
            var left = generator.uniform() * total
            return weights.firstIndex { weight in
                left -= weight
                return left < 0
            } ?? errors.count - 1
        }
        var outputs = (target - parameters.decoderBias).gathered(rows)
        outputs.normalizeRows()
        var inputs = isAutoencoder ? outputs : input.gathered(rows)
        inputs.normalizeRows()
        parameters.decoder = parameters.decoder.replacingRows(features, with: outputs)
        parameters.encoder = parameters.encoder.replacingRows(features, with: inputs * length)
        let zeros = Tensor.zeros([features.count])
        parameters.encoderBias = parameters.encoderBias.replacingRows(features, with: zeros)
        if let gate = parameters.gateBias { parameters.gateBias = gate.replacingRows(features, with: zeros) }
        if let scale = parameters.logMagnitudeScale {
            parameters.logMagnitudeScale = scale.replacingRows(features, with: zeros)
        }
        if let thresholds = parameters.logThreshold, case .jumpReLU(_, _, let first) = training.objective {
            let begun = Tensor(repeating: first, shape: [features.count]).log()
            parameters.logThreshold = thresholds.replacingRows(features, with: begun)
        }
        for feature in features { idleRows[feature] = 0 }
        // The fourth parameter is the decoder's bias, the fifth the linear path: neither has a row for each feature.
        let shared = training.hasSkip ? ["3", "4"] : ["3"]
        optimizer.state = OptimizerState(
            steps: optimizer.state.steps,
            tensors: optimizer.state.tensors.map { name, tensor in
                guard !shared.contains(where: { name.hasSuffix("." + $0) }) else { return (name, tensor) }
                return (
                    name, tensor.replacingRows(features, with: .zeros([features.count] + tensor.shape.dropFirst()))
                )
            })
    }
}

/// What one step of training found, before it moved anything.
public struct SparseStep: Sendable, Equatable {
    /// What is minimized.
    public let loss: Double
    /// 1 less the squared error as a share of the output's variance in the batch.
    public let explainedVariance: Double
    /// The mean number of active features, L0.
    public let active: Double
    /// The share of features that count as dead.
    public let dead: Double
}

extension SparseDictionaryTrainer {
    /// The dictionary as it is now, for activations as they come: the scales of training are folded into the weights.
    ///
    /// - Throws: `ModelError` before the first step, or for parameters that are not finite.
    public func dictionary(input: HookPoint, output: HookPoint? = nil) throws -> SparseDictionary {
        guard let parameters else { throw ModelError("a dictionary that has seen no activations cannot be taken") }
        let activation: SparseDictionary.Activation
        switch training.objective {
        case .l1: activation = .relu
        case .topK(let k): activation = .topK(k)
        case .batchTopK(let k), .matryoshka(let k, _):
            let threshold = leastActive.weight > 0 ? leastActive.sum / leastActive.weight : 0
            activation = .batchTopK(threshold: Float(threshold), k: k)
        case .jumpReLU: activation = .jumpReLU(thresholds: parameters.logThreshold?.exp() ?? .zeros([]))
        case .gated:
            activation = .gated(
                gateBias: parameters.gateBias ?? .zeros([]),
                logMagnitudeScale: parameters.logMagnitudeScale ?? .zeros([]))
        }
        return try SparseDictionary(
            encoder: parameters.encoder.transposed() * scales.input, encoderBias: parameters.encoderBias,
            decoder: parameters.decoder / scales.target, decoderBias: parameters.decoderBias / scales.target,
            skip: parameters.skip.map { $0 * (scales.input / scales.target) }, activation: activation,
            subtractsDecoderBias: subtractsBias, input: input, output: output ?? input)
    }

    /// Trains several dictionaries on one stream of batches.
    ///
    /// - Parameters:
    ///   - steps: the number of batches.
    ///   - batch: the batch of a step, counted from 0.
    ///   - watch: called after each step; may throw to stop.
    /// - Throws: what ``step(_:)``, `batch` and `watch` throw.
    public static func train(
        _ trainers: [SparseDictionaryTrainer], steps: Int, batch: (Int) throws -> SparseBatch,
        watch: (Int, [SparseStep]) throws -> Void = { _, _ in }
    ) throws -> [SparseDictionaryTrainer] {
        var trainers = trainers
        for step in 0..<steps {
            let rows = try batch(step)
            let found = try trainers.indices.map { try trainers[$0].step(rows) }
            try watch(step, found)
        }
        return trainers
    }
}
