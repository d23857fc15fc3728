internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains a network to add modulo p on a part of all pairs, and keeps its weights along the way
/// (Nanda et al. 2023, arXiv:2301.05217).
///
/// With weight decay the network generalizes long after it has memorized its training pairs; how long depends on the
/// part of the pairs, the learning rate and the weight decay, and small parts may never generalize.
public struct GrokkingStudy: SettingGroup {
    @Setting("p: the network adds two numbers modulo p, which is odd.", 11...999) public var modulus = 53
    @Setting("The part of all p² sums that it is trained on.", 0.01...0.99) public var fraction = 0.45
    @Setting("The width of the residual stream; the heads divide it into multiples of 8.", 8...4096)
    public var width = 64
    @Setting("Attention heads.", 1...512) public var heads = 4
    @Setting("Neurons of the MLP.", 1...16_384) public var hidden = 256
    @Setting("Training steps; each uses the whole training set.", 1...10_000_000) public var steps = 3000
    @Setting("AdamW's learning rate, after a warm-up of ten steps.", 1e-9...10) public var learningRate = 0.003
    @Setting("Decoupled weight decay: each step shrinks every weight by this times the learning rate.", 1e-9...1000)
    public var weightDecay = 1.0
    @Setting("Steps between measurements of loss and accuracy.", 1...10_000_000) public var evaluateEvery = 10
    @Setting(
        "Steps between the weights that are kept; the progress measures are computed from them after training.",
        1...10_000_000)
    public var snapshotEvery = 20

    /// The settings of the quick run: p = 53, 45 % of the pairs, and half of the paper's width.
    public init() {}

    /// Refuses settings that do not fit together, or need more memory than the machine can give.
    ///
    /// - Parameter controlSteps: the training steps of a second network of the same sizes, 0 where there is none.
    /// - Throws: `SettingsError` naming the option and what it may be, or what needs the memory.
    public func check(controlSteps: Int = 0) throws {
        guard modulus % 2 == 1 else {
            throw SettingsError(
                "--modulus \(modulus): it must be odd, so that every frequency has a cosine and a sine")
        }
        guard width.isMultiple(of: 8), (width / 8).isMultiple(of: heads) else {
            throw SettingsError(
                "--width \(width): it must divide into \(heads) heads of a multiple of 8 numbers; change --width or --heads"
            )
        }
        guard snapshotEvery.isMultiple(of: evaluateEvery) else {
            throw SettingsError(
                "--snapshot-every \(snapshotEvery): it must be a multiple of --evaluate-every \(evaluateEvery)")
        }
        try memory(controlSteps: controlSteps).check()
    }

    /// What is measured along training.
    public enum Measure: String, FitMeasure {
        /// The mean loss on the test pairs, in nats.
        case testLoss = "loss/test"
        /// The share of the test pairs that the network adds correctly, 0...1.
        case testAccuracy = "accuracy/test"
        /// The share of the training pairs that the network adds correctly, 0...1.
        case trainAccuracy = "accuracy/train"
    }

    /// A trained network, and what was measured along its training.
    public struct Outcome: Sendable {
        /// The network after the last step.
        public let model: AdditionTransformer
        /// The pairs, and what was measured along training.
        public let history: GrokkingHistory
        /// The weights kept along training, in the order of the steps; the last are the final ones.
        public let snapshots: [(step: Int, model: AdditionTransformer)]

        /// What the progress measures are computed with.
        public var analysis: GrokkingAnalysis {
            GrokkingAnalysis(modulus: model.modulus, train: history.train, test: history.test)
        }
    }

    /// Trains with the whole training set at each step; the same key gives the same network, bit for bit.
    ///
    /// A session with a folder for checkpoints continues where an earlier call was stopped.
    ///
    /// - Precondition: ``snapshotEvery`` is a multiple of ``evaluateEvery``, both 1 or more.
    /// - Parameters:
    ///   - key: of the split into training and test pairs, and of the initial weights.
    ///   - label: names the run in curves, and its checkpoints.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` when training diverges or a checkpoint is of another network; `RunInterrupted` when the session
    ///   is asked to stop.
    public func train(key: RandomKey, label: String, in session: FitSession = .silent) throws -> Outcome {
        require(
            evaluateEvery > 0 && snapshotEvery > 0 && snapshotEvery % evaluateEvery == 0,
            "weights are kept at measured steps: every \(snapshotEvery) is no multiple of every \(evaluateEvery)")
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
        try session.keep(result.model, as: label)
        return Outcome(
            model: result.model,
            history: GrokkingHistory(
                train: split.train, test: split.test, losses: result.losses, evaluations: result.evaluations),
            snapshots: snapshots.models.sorted { $0.key < $1.key }.map { ($0, $1) })
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
