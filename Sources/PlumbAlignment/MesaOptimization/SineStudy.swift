internal import PlumbBasics
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Nonlinear least squares in context: an MLP and a layer of linear attention, beside an MLP whose last layer makes one
/// gradient step (von Oswald et al. 2022, arXiv:2212.07677).
///
/// The control is the same attention over features that are linear in x.
public struct SineStudy: SettingGroup {
    @Setting("Widths of the hidden layers that turn an input into features.", 1...1024) public var sineHidden = 32
    @Setting("Features of an input.", 1...256) public var sineFeatures = 8
    @Setting("Sine waves in a training step.", 1...65_536) public var sineBatch = 128
    @Setting("Training steps on sine waves before the learning rate falls, at most.", 1...1_000_000)
    public var sineSteps = 12_000
    @Setting(
        "Steps without a new low of the loss on fixed waves that end training; 0: all steps are made.", 0...1_000_000)
    public var sinePatience = 1000
    @Setting("Steps at a tenth of the learning rate after that.", 0...1_000_000) public var sineFinalSteps = 1000
    @Setting("Adam's learning rate on sine waves.", 1e-9...10) public var sineLearningRate = 0.003
    @Setting(
        "Initializations of each network on sine waves; that of the least training loss after the screening is trained on.",
        1...100)
    public var sineInitializations = 4
    @Setting("Training steps of that screening.", 1...1_000_000) public var sineScreening = 1000
    @Setting("The scale of the attention's initial weights on sine waves.", 1e-9...100) public var sineScale = 0.1
    @Setting("Sine waves that these networks are tested on.", 100...10_000_000) public var sineTestTasks = 16_384

    /// Steps between measurements.
    static let evaluateEvery = 250

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard sinePatience % Self.evaluateEvery == 0 else {
            throw SettingsError(
                "--sine-patience \(sinePatience): give a multiple of \(Self.evaluateEvery), the steps between "
                    + "measurements, or 0")
        }
    }

    /// What is measured along training.
    public enum Measure: String, FitMeasure {
        /// Half the squared error on fixed waves.
        case testLoss = "loss/test on sine waves"
    }

    /// Trains and tests both networks and the control.
    ///
    /// - Parameters:
    ///   - key: of initial weights and training tasks.
    ///   - test: of the tasks tested on.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` where training diverges; `RunInterrupted`.
    public func run(key: RandomKey, test: RandomKey, in session: FitSession = .silent) throws -> SineOutcome {
        let sizes = [1, sineHidden, sineHidden, sineFeatures]
        let attention = try train("MLP and attention", key["attention"], test, session) {
            FeatureAttention(sizes, scale: sineScale, key: $0)
        } predict: {
            $0($1)
        }
        let step = try train("MLP and a gradient step", key["step"], test, session) {
            MetaLearnedStep(sizes, stepSize: 0.01, key: $0)
        } predict: {
            $0.predictions($1).after
        }
        let linear = try train("attention without an MLP", key["linear"], test, session) {
            FeatureAttention([1, sineFeatures], scale: sineScale, key: $0)
        } predict: {
            $0($1)
        }
        return SineOutcome(
            attention: attention.model, step: step.model, linear: linear.model,
            isConverged: [attention.isConverged, step.isConverged],
            steps: [attention.steps, step.steps, linear.steps], count: sineTestTasks, test: test)
    }

    /// Trains the most promising of several initializations until its loss falls no more.
    private func train<Model: SavableModel>(
        _ label: String, _ key: RandomKey, _ test: RandomKey, _ session: FitSession, make: (RandomKey) -> Model,
        predict: (Model, SineRegression.Batch) -> Tensor
    ) throws -> (model: Model, isConverged: Bool, steps: Int) {
        let tasks = SineRegression()
        let fixed = tasks.batch(4096, key: test["curve"])
        func fitted(_ model: Model, _ fit: PlateauFit, _ data: RandomKey, _ label: String) throws -> FitResult<
            Model, Adam
        > {
            try fit.run(
                model, until: Measure.testLoss, label: label, in: session,
                evaluate: { model in
                    let loss = predict(model, fixed).meanSquaredError(fixed.answers).item * 0.5
                    return Measured(of: Measure.self) { _ in Double(loss) }
                },
                loss: { model, step in
                    let batch = tasks.batch(sineBatch, key: data[step])
                    return predict(model, batch).meanSquaredError(batch.answers) * 0.5
                })
        }
        var fit = PlateauFit(
            steps: sineScreening, patience: 0, finalSteps: 0, learningRate: sineLearningRate, clipNorm: 1,
            evaluateEvery: Self.evaluateEvery)
        var (chosen, least) = (make(key[0]), Double.infinity)
        for index in 0..<sineInitializations where sineInitializations > 1 {
            let name = "\(label), initialization \(index + 1)"
            let result = try fitted(make(key[index]), fit, key["screening"][index], name)
            if let loss = result.last(Measure.testLoss), loss < least { (chosen, least) = (result.model, loss) }
        }
        (fit.steps, fit.patience, fit.finalSteps) = (sineSteps, sinePatience, sineFinalSteps)
        let result = try fitted(chosen, fit, key["tasks"], label)
        try session.keep(result.model, as: label)
        return (result.model, sinePatience == 0 || result.stoppedEarly, result.steps)
    }
}

/// Networks that were trained on sine waves, as numbers.
public struct SineOutcome: Sendable, Codable, Equatable {
    /// Whether the training of attention and of the step ended by its criterion.
    public let isConverged: Bool
    /// Steps of training, of attention, step and control.
    public let steps: [Int]
    /// Half the squared error of the MLP with attention.
    public let halfLoss: Double
    /// That of the MLP whose last layer makes a gradient step, after the step.
    public let stepHalfLoss: Double
    /// That of attention without an MLP.
    public let linearHalfLoss: Double
    /// That of predicting 0.
    public let zeroHalfLoss: Double
    /// The mean squared difference between the predictions of attention and those after the step, as a part of the mean square
    /// of the latter.
    public let difference: Double
    /// The same for what is predicted before the step.
    public let differenceBefore: Double
    /// The same for attention without an MLP.
    public let linearDifference: Double
    /// How far what the layer takes away from an example's y is from its own initial prediction: the mean squared difference
    /// as a part of the latter's mean square.
    public let initialDifference: Double
    /// One wave: the places of queries, the wave's predictions by attention and after the step, and both initial predictions.
    public let shown: [[Double]]
    /// The examples of that wave, from the least x to the largest.
    public let shownExamples: [SIMD2<Double>]

    init(
        attention: FeatureAttention, step: MetaLearnedStep, linear: FeatureAttention, isConverged: [Bool],
        steps: [Int], count: Int, test: RandomKey
    ) {
        (self.isConverged, self.steps) = (isConverged.allSatisfy { $0 }, steps)
        let tasks = SineRegression()
        let batch = tasks.batch(count, key: test["test"])
        let (found, other) = (attention(batch), linear(batch))
        let stepped = step.predictions(batch)
        func mean(_ x: Tensor) -> Double { x.dot(x) / Double(x.count) }
        halfLoss = mean(found - batch.answers) / 2
        stepHalfLoss = mean(stepped.after - batch.answers) / 2
        linearHalfLoss = mean(other - batch.answers) / 2
        zeroHalfLoss = mean(batch.answers) / 2
        difference = mean(found - stepped.after) / mean(stepped.after)
        differenceBefore = mean(found - stepped.before) / mean(stepped.after)
        linearDifference = mean(other - stepped.after) / mean(stepped.after)
        let wave = tasks.shown(101, key: test["shown"])
        let initial = attention.initialFunctions(wave.queries)
        initialDifference = mean(initial.predicted - initial.subtracted) / mean(initial.predicted)
        let both = step.predictions(wave)
        shown = [wave.queries.reshaped([-1]), attention(wave), both.after, initial.predicted, both.before].map {
            $0.elements.map(Double.init)
        }
        shownExamples = zip(wave.inputs[0].elements, wave.targets[0].elements)
            .map { SIMD2(Double($0), Double($1)) }.sorted { $0.x < $1.x }
    }
}
