internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbNN
public import PlumbTensor

/// Trains a network to add modulo p from a part of the table, and keeps its weights along the way.
public struct GrokkingStudy: Sendable {
    /// p, odd.
    public var modulus = 113
    /// The part of all pairs that is learned from.
    public var fraction = 0.3
    /// D.
    public var width = 128
    /// H.
    public var heads = 4
    /// F.
    public var hidden = 512
    /// The learning rate of AdamW, after a warm-up of ten steps.
    public var learningRate = 1e-3
    /// Decoupled: each step shrinks every weight by this part of the learning rate.
    public var weightDecay = 1.0
    /// Training steps; each uses all training pairs.
    public var steps: Int
    /// Steps between measurements of loss and accuracy.
    public var evaluateEvery: Int
    /// Steps between the weights that are kept, 1 or more. They are kept when they are measured, so it should be a
    /// multiple of ``evaluateEvery``; the last are always kept.
    public var snapshotEvery: Int

    /// A study with the paper's settings but for its length.
    public init(steps: Int, evaluateEvery: Int, snapshotEvery: Int) {
        require(
            evaluateEvery > 0 && snapshotEvery > 0 && snapshotEvery % evaluateEvery == 0,
            "weights are kept at measured steps: every \(snapshotEvery) is no multiple of every \(evaluateEvery)")
        (self.steps, self.evaluateEvery, self.snapshotEvery) = (steps, evaluateEvery, snapshotEvery)
    }

    /// What is measured along training.
    public enum Measure: String, FitMeasure {
        /// The mean loss on the pairs that are not learned from, in nats.
        case testLoss = "loss/test"
        /// The part of the pairs that are not learned from that the network adds right.
        case testAccuracy = "accuracy/test"
        /// The part of the pairs that are learned from that the network adds right.
        case trainAccuracy = "accuracy/train"
    }

    /// A trained network, and how it came to be.
    public struct Outcome: Sendable {
        /// The network after the last step.
        public let model: AdditionTransformer
        /// Places in the table of addition that are learned from.
        public let train: [Int]
        /// Places in the table of addition that are not learned from.
        public let test: [Int]
        /// The loss on the training pairs before each step.
        public let losses: [Float]
        /// Every ``Measure`` along training.
        public let evaluations: [FitEvaluation]
        /// Weights along the way, in the order of their steps.
        public let snapshots: [(step: Int, model: AdditionTransformer)]

        /// The first measured step at which an evaluated number is at least `level`.
        public func firstStep(_ measure: Measure, reaching level: Double) -> Int? {
            evaluations.first { $0[measure] >= level }?.step
        }

        /// The first measured step after which the test loss stays below half of its highest value.
        public var testLossFalls: Int? {
            let values = evaluations.map { $0[Measure.testLoss] }
            guard let highest = values.max(), let last = values.lastIndex(where: { !($0 < highest / 2) }),
                last + 1 < values.count
            else { return nil }
            return evaluations[last + 1].step
        }

        /// What the progress measures are computed with.
        public var analysis: GrokkingAnalysis {
            GrokkingAnalysis(modulus: model.modulus, train: train, test: test)
        }
    }

    /// Trains with the whole training set at each step; the same key gives the same network, bit for bit.
    ///
    /// A session with a folder for checkpoints goes on where an earlier call was stopped.
    ///
    /// - Parameters:
    ///   - key: of the split into training and test pairs, and of the first weights.
    ///   - label: names the run in curves, and its checkpoints.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` when training diverges or a checkpoint is of another network; `RunInterrupted` when the session
    ///   is asked to stop.
    public func train(key: RandomKey, label: String, in session: FitSession = .silent) throws -> Outcome {
        let split = ModularAddition(modulus: modulus).split(train: fraction, key: key["split"])
        let pairs = AdditionTransformer.Pairs(split.train, modulus: modulus)
        let analysis = GrokkingAnalysis(modulus: modulus, train: split.train, test: split.test)
        let start = AdditionTransformer(modulus: modulus, width: width, heads: heads, hidden: hidden, key: key["model"])
        var snapshots = try Snapshots(folder: session.checkpoints, label: label, model: start)
        var fit = Fit(steps: steps)
        fit.evaluateEvery = evaluateEvery
        fit.schedule = .warmup(10)
        let rule = Adam.decoupled(learningRate: learningRate, beta2: 0.98, weightDecay: weightDecay)
        let result = try fit.run(
            start, optimizer: rule, label: label, in: session,
            evaluate: { model, step in
                if step % snapshotEvery == 0 || step == steps { try snapshots.keep(model, step: step) }
                let scores = analysis.scores(model)
                return Measured(of: Measure.self) { measure in
                    switch measure {
                    case .testLoss: scores.testLoss
                    case .testAccuracy: scores.testAccuracy
                    case .trainAccuracy: scores.trainAccuracy
                    }
                }
            }, loss: { model, _ in model.loss(pairs) })
        return Outcome(
            model: result.model, train: split.train, test: split.test, losses: result.losses,
            evaluations: result.evaluations, snapshots: snapshots.models.sorted { $0.key < $1.key }.map { ($0, $1) })
    }
}

/// Weights along the way, in memory and, where there is a folder, on disk for a run that is stopped and goes on.
private struct Snapshots {
    private(set) var models: [Int: AdditionTransformer] = [:]
    private let folder: URL?

    /// Takes up what an earlier, stopped run left.
    init(folder: URL?, label: String, model: AdditionTransformer) throws {
        let name = "snapshots-" + label.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
        self.folder = folder?.appendingPathComponent(name)
        guard let folder = self.folder else { return }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            guard file.hasSuffix(".safetensors"), let step = Int(file.dropLast(".safetensors".count)) else { continue }
            models[step] = try Self.read(folder.appendingPathComponent(file), like: model)
        }
    }

    mutating func keep(_ model: AdditionTransformer, step: Int) throws {
        models[step] = model
        guard let folder else { return }
        var writer = SafetensorsWriter(metadata: ["step": "\(step)"])
        for (name, tensor) in model.parameters { writer.add(name, tensor) }
        try writer.write(to: folder.appendingPathComponent("\(step).safetensors"))
    }

    private static func read(_ url: URL, like model: AdditionTransformer) throws -> AdditionTransformer {
        let file = try SafetensorsFile(contentsOf: url)
        var (model, failure) = (model, (any Error)?.none)
        model.forEachParameter { path, tensor in
            guard failure == nil else { return }
            do {
                let saved = try file.tensor(path.description)
                guard saved.shape == tensor.shape else {
                    throw FitError(
                        "\(url.path) holds \(path) of shape \(saved.shape), and the model has \(tensor.shape). Remove "
                            + "the folder to train anew.")
                }
                tensor = saved.dequantized()
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return model
    }
}
