public import PlumbLearning
internal import PlumbNN
public import PlumbTensor

/// Trains a layer of linear attention on regression tasks and sets it beside the gradient step with the least expected
/// loss.
public struct MesaStudy: Sendable {
    /// What is to be learned in context; the paper's tasks unless said otherwise.
    public var tasks = InContextRegression()
    /// Training steps of one beginning.
    public var steps: Int
    /// Tasks a step; all are new.
    public var batch = 2048
    /// Adam's learning rate, before it falls.
    public var learningRate = 1e-3
    /// The part of the steps after which the learning rate falls to a tenth, so that the noise of large steps dies
    /// away; 1 keeps it constant, as the paper does. A part of less than a half lets the rate fall again each time that
    /// it has passed.
    public var constantPart = 0.8
    /// The largest norm of a gradient.
    public var clipNorm = 1e-3
    /// Tasks that the trained layer is tested on.
    public var testTasks = 65_536
    /// How many beginnings training may take where the loss stays high: see ``run(key:test:label:in:)``.
    public var beginnings = 4
    /// Whether each sequence is trained and tested on the answer of another one: the control, in which there is nothing to
    /// learn.
    public var shufflesTargets = false
    /// The factors by which inputs are scaled to see where the layer and the step go apart.
    public var scales: [Double] = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    /// Steps between measurements.
    public var evaluateEvery = 100

    /// A study with the paper's settings but for its length.
    public init(steps: Int) { self.steps = steps }

    /// A trained layer, as numbers.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The weights of the beginnings that stayed at a high loss and were given up for another.
        public var deadEnds: [EffectiveAttention]
        /// On fresh tasks of the kind it was trained on.
        public var test: MesaComparison
        /// On tasks with scaled inputs, whose answers are never shuffled.
        public var scaled: [MesaComparison]
        /// What the weights compute.
        public var weights: EffectiveAttention
        /// Half the squared error at each step, before it.
        public var losses: [Float]
        /// Steps made before each measurement on a fixed set of fresh tasks, at most 2048.
        public var measuredAt: [Int]
        /// ``MesaComparison/cosine`` of the layer with the step, at each measurement.
        public var cosines: [Double]
        /// Half the squared error of the layer, at each measurement.
        public var testLosses: [Double]
        /// Half the squared error with weights mixed from those of the layer and of the step, in equal parts from 0 to 1.
        public var mixedLosses: [Double]
        /// Predictions on some of the tasks.
        public var predictions: [Double]
        /// Those of the step.
        public var stepPredictions: [Double]
    }

    /// Trains and tests.
    ///
    /// A few beginnings run into a dead end. A layer can also read x, a · x, and match by y: the sum `Σ (a · xᵢ) yᵢ (b · x)`
    /// follows the gradient in the one direction a, and leaves nearly all of the loss. A beginning whose loss in training ends
    /// nearer to that of predicting 0 than to the best step's is begun anew, and counted. With shuffled targets there is
    /// nothing to reach, and the first beginning is kept.
    ///
    /// - Parameters:
    ///   - key: of the first weights and the training tasks.
    ///   - test: of the tasks tested on; the same key gives the same tasks.
    ///   - label: names the run in curves, and its checkpoints; the number of the beginning is added.
    ///   - session: where it reports to and keeps checkpoints.
    /// - Throws: `FitError` where training diverges; `RunInterrupted`.
    public func run(key: RandomKey, test: RandomKey, label: String, in session: FitSession) throws -> Outcome {
        let step = GradientStepLearner(stepSize: tasks.optimalStepSize)
        var deadEnds: [EffectiveAttention] = []
        while true {
            let beginning = deadEnds.count + 1
            let result = try train(
                step, key: key[beginning], test: test, label: "\(label), beginning \(beginning)", in: session)
            if !isStuck(result.losses) || shufflesTargets || beginning >= beginnings {
                return outcome(result, step, test, deadEnds)
            }
            deadEnds.append(result.model.effective)
        }
    }

    /// Whether training ended at a high loss: the mean of the last hundred steps is nearer to predicting 0 than to the best
    /// step.
    ///
    /// - Parameter losses: half the squared error at each step.
    public func isStuck(_ losses: [Float]) -> Bool {
        Statistics.mean(losses.suffix(100).map(Double.init)) > (tasks.optimalHalfLoss + tasks.zeroHalfLoss) / 2
    }

    private enum Measure: String, FitMeasure {
        case cosine = "cosine/with the step"
        case testLoss = "loss/test"
    }

    private func train(
        _ step: GradientStepLearner, key: RandomKey, test: RandomKey, label: String, in session: FitSession
    ) throws -> FitResult<LinearSelfAttention, Adam> {
        var fit = Fit(steps: steps)
        (fit.clipNorm, fit.evaluateEvery) = (clipNorm, evaluateEvery)
        if constantPart < 1 {
            fit.schedule = .stepped(every: max(1, Int(constantPart * Double(steps))), factor: 0.1)
        }
        let data = key["tasks"]
        return try fit.run(
            LinearSelfAttention(width: tasks.inputs + 1, key: key["layer"]),
            optimizer: Adam(learningRate: learningRate),
            label: label, in: session,
            evaluate: { layer, _ in
                let found = compare(layer, step, min(testTasks, 2048), test["curve"])
                return Measured(of: Measure.self) { $0 == .cosine ? found.cosine : found.halfLoss }
            },
            loss: { layer, step in
                let batch = tasks.batch(batch, shufflesTargets: shufflesTargets, key: data[step])
                return layer(batch.tokens, queries: batch.queries).meanSquaredError(batch.targets) * 0.5
            })
    }

    private func compare(
        _ layer: LinearSelfAttention, _ step: GradientStepLearner, _ count: Int, _ key: RandomKey
    ) -> MesaComparison {
        MesaComparison(layer, with: step, on: tasks, count: count, shufflesTargets: shufflesTargets, key: key)
    }

    private func outcome(
        _ result: FitResult<LinearSelfAttention, Adam>, _ step: GradientStepLearner, _ test: RandomKey,
        _ deadEnds: [EffectiveAttention]
    ) -> Outcome {
        let layer = result.model
        let weights = layer.effective
        let target = EffectiveAttention(stepSize: step.stepSize, inputs: tasks.inputs)
        let shown = tasks.batch(400, key: test["shown"])
        let cosines = result.curve(Measure.cosine)
        return Outcome(
            deadEnds: deadEnds, test: compare(layer, step, testTasks, test["test"]),
            scaled: scales.map { scale in
                MesaComparison(
                    layer, with: step, on: tasks.scalingInputs(by: scale), count: max(1, testTasks / 4),
                    key: test["scaled"])
            },
            weights: weights, losses: result.losses, measuredAt: cosines.steps.map { Int($0) },
            cosines: cosines.values, testLosses: result.curve(Measure.testLoss).values,
            mixedLosses: (0...4).map { part in
                let mixed = weights.normalized.mixed(with: target, fraction: Double(part) / 4)
                return compare(LinearSelfAttention(mixed), step, max(1, testTasks / 4), test["test"]).halfLoss
            },
            predictions: layer(shown.tokens, queries: shown.queries).elements.map(Double.init),
            stepPredictions: step(shown.tokens, queries: shown.queries).elements.map(Double.init))
    }
}
