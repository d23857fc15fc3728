public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains a layer of linear attention on regression tasks and compares it with the gradient step of the least expected
/// loss (von Oswald et al. 2022, arXiv:2212.07677).
///
/// Some initializations end in a poor local minimum. A layer can also read x, a · x, and match by y: the sum
/// `Σ (a · xᵢ) yᵢ (b · x)` follows the gradient in the one direction a, and leaves nearly all of the loss. An initialization
/// whose training loss stays high is replaced by another one, and counted. With shuffled targets there is nothing to learn,
/// and the first is kept.
///
/// Training ends when the loss on fixed tasks reaches no new low any more; then the learning rate falls to a tenth for the
/// last steps. The criterion knows neither the gradient step nor its loss.
public struct MesaStudy: SettingGroup {
    @Setting("Training steps before the learning rate falls, at most.", 1...1_000_000) public var steps = 10_000
    @Setting(
        "Training has converged when the loss on fixed tasks, measured every 100 steps, has reached no new low for this "
            + "many steps; 0: all steps are made, as in the paper.", 0...1_000_000)
    public var patience = 500
    @Setting("Steps at a tenth of the learning rate after that; 0: none, as in the paper.", 0...1_000_000)
    public var finalSteps = 500
    @Setting("Tasks in a training step; every task is new.", 1...1_048_576) public var batch = 2048
    @Setting("Adam's learning rate, before it falls.", 1e-9...10) public var learningRate = 0.001
    @Setting("The largest norm of a gradient; longer ones are scaled down.", 1e-12...1e12) public var clipNorm = 0.001
    @Setting("How many initializations are tried for a network whose training loss stays high.", 1...100)
    public var initializations = 4
    /// What is to be learned in context.
    public var tasks = InContextRegression()
    @Setting("Tasks that trained networks are tested on.", 1000...100_000_000) public var testTasks = 131_072

    /// The factors by which inputs are scaled to see where the layer and the step differ.
    public static let scales = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    /// Steps between measurements.
    static let evaluateEvery = 100
    /// Tasks of each measurement at most.
    static let evaluationTasks = 2048
    /// Tasks whose predictions are kept for a figure.
    static let shownTasks = 400

    /// A study with the reference settings: the paper's but for the end of training.
    public init() {}

    /// Refuses settings that do not fit together or need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard patience % Self.evaluateEvery == 0 else {
            throw SettingsError(
                "--patience \(patience): give a multiple of \(Self.evaluateEvery), the steps between measurements, or 0"
            )
        }
        guard batch * (tasks.inputs + 1) * (tasks.examples + 1) <= 1 << 25 else {
            throw SettingsError(
                "--batch \(batch) times --inputs \(tasks.inputs) + 1 times --examples \(tasks.examples) + 1 may be at most "
                    + "\(1 << 25)")
        }
    }

    /// What is measured while a layer learns, on a fixed set of fresh tasks.
    public enum Measure: String, FitMeasure {
        /// ``MesaComparison/cosine`` of the layer with the step.
        case cosine = "cosine/with the step"
        /// Half the squared error of the layer.
        case testLoss = "loss/test"
    }

    /// Trains and tests.
    ///
    /// - Parameters:
    ///   - shufflesTargets: whether each sequence is trained and tested on the answer of another one: the control.
    ///   - key: of the initial weights and the training tasks.
    ///   - test: of the tasks tested on; the same key gives the same tasks.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` where training diverges; `RunInterrupted`.
    public func run(
        shufflesTargets: Bool = false, key: RandomKey, test: RandomKey, in session: FitSession = .silent
    ) throws -> Outcome {
        let step = GradientStepLearner(stepSize: tasks.optimalStepSize)
        var replaced: [EffectiveAttention] = []
        while true {
            let attempt = replaced.count + 1
            let label = "\(shufflesTargets ? "shuffled" : "true") targets, initialization \(attempt)"
            let result = try train(
                step, shufflesTargets: shufflesTargets, key: key[attempt], test: test, label: label, in: session)
            try session.keep(result.model, as: label)
            if !isStuck(result.losses) || shufflesTargets || attempt >= initializations {
                return outcome(result, step, shufflesTargets: shufflesTargets, test, replaced)
            }
            replaced.append(result.model.effective)
        }
    }

    /// Whether training ended at a high loss: the mean of the last hundred steps is nearer to predicting 0 than to the best
    /// step.
    ///
    /// - Parameter losses: half the squared error at each step.
    public func isStuck(_ losses: [Float]) -> Bool {
        Statistics.mean(losses.suffix(100).map(Double.init)) > (tasks.optimalHalfLoss + tasks.zeroHalfLoss) / 2
    }

    /// The study of a control that makes as many steps as a trained layer, at the same learning rates.
    public func matching(_ outcome: Outcome) -> MesaStudy {
        var study = self
        (study.steps, study.patience) = (outcome.losses.count - finalSteps, 0)
        return study
    }

    /// Trains until the loss on fixed tasks falls no more, then at a tenth of the learning rate; `stoppedEarly` says
    /// whether the first part ended by itself.
    private func train(
        _ step: GradientStepLearner, shufflesTargets: Bool, key: RandomKey, test: RandomKey, label: String,
        in session: FitSession
    ) throws -> FitResult<LinearSelfAttention, Adam> {
        let data = key["tasks"]
        let fit = PlateauFit(
            steps: steps, patience: patience, finalSteps: finalSteps, learningRate: learningRate, clipNorm: clipNorm,
            evaluateEvery: Self.evaluateEvery)
        return try fit.run(
            LinearSelfAttention(width: tasks.inputs + 1, key: key["layer"]), until: Measure.testLoss, label: label,
            in: session,
            evaluate: { layer in
                let found = MesaComparison(
                    layer, with: step, on: tasks, count: min(testTasks, Self.evaluationTasks),
                    shufflesTargets: shufflesTargets, key: test["curve"])
                return Measured(of: Measure.self) { $0 == .cosine ? found.cosine : found.halfLoss }
            },
            loss: { layer, step in
                let batch = tasks.batch(batch, shufflesTargets: shufflesTargets, key: data[step])
                return layer(batch.tokens, queries: batch.queries).meanSquaredError(batch.targets) * 0.5
            })
    }

    private func outcome(
        _ result: FitResult<LinearSelfAttention, Adam>, _ step: GradientStepLearner, shufflesTargets: Bool,
        _ test: RandomKey, _ replaced: [EffectiveAttention]
    ) -> Outcome {
        func compare(_ layer: LinearSelfAttention, _ count: Int) -> MesaComparison {
            MesaComparison(
                layer, with: step, on: tasks, count: count, shufflesTargets: shufflesTargets, key: test["test"])
        }
        let layer = result.model
        let weights = layer.effective
        let target = EffectiveAttention(stepSize: step.stepSize, inputs: tasks.inputs)
        let shown = tasks.batch(Self.shownTasks, key: test["shown"])
        return Outcome(
            replaced: replaced, isStuck: isStuck(result.losses), isConverged: patience == 0 || result.stoppedEarly,
            test: compare(layer, testTasks),
            scaled: Self.scales.map { scale in
                MesaComparison(
                    layer, with: step, on: tasks.scalingInputs(by: scale), count: max(1, testTasks / 4),
                    key: test["scaled"])
            },
            weights: weights, losses: result.losses, evaluations: result.evaluations,
            mixedLosses: (0...4).map { part in
                let mixed = weights.normalized.mixed(with: target, fraction: Double(part) / 4)
                return compare(LinearSelfAttention(mixed), max(1, testTasks / 4)).halfLoss
            },
            predictions: layer(shown.tokens, queries: shown.queries).elements.map(Double.init),
            stepPredictions: step(shown.tokens, queries: shown.queries).elements.map(Double.init))
    }
}
