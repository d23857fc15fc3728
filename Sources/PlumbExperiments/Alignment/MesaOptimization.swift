public import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Does a network that is trained to predict learn to optimize?
///
/// One layer is compared with one gradient step, several layers with several steps, and on nonlinear features an MLP with
/// attention with a step of an MLP's last layer.
public struct MesaOptimization: Experiment {
    typealias Outcome = MesaStudy.Outcome
    public struct Settings: ExperimentSettings {
        @Setting("Networks trained, each from its own seed; the control trains as many.", 3...1000) public var seeds = 6
        public var study = MesaStudy()
        @Setting(
            "Networks of several layers that are trained, and as many on sine waves; and as many controls.", 2...1000)
        public var deepNetworks = 4
        /// Networks of several layers.
        public var depth = DepthStudy()
        /// Networks on sine waves.
        public var sine = SineStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.initializations, tiny.study.tasks) = (3, 2, InContextRegression(inputs: 3, examples: 8))
        (tiny.study.steps, tiny.study.patience, tiny.study.finalSteps) = (400, 0, 100)
        (tiny.study.batch, tiny.study.learningRate, tiny.study.testTasks) = (64, 0.003, 4096)
        tiny.deepNetworks = 2
        (tiny.depth.deepInitializations, tiny.sine.sineInitializations) = (1, 1)
        (tiny.depth.deepInputs, tiny.depth.deepExamples, tiny.depth.deepBatch) = (2, 4, 32)
        (tiny.depth.deepSteps, tiny.depth.deepPatience, tiny.depth.deepFinalSteps) = (400, 0, 100)
        tiny.depth.deepTestTasks = 2048
        (tiny.sine.sineSteps, tiny.sine.sinePatience, tiny.sine.sineFinalSteps) = (200, 0, 50)
        (tiny.sine.sineBatch, tiny.sine.sineHidden, tiny.sine.sineTestTasks) = (32, 16, 2048)
        (paper.seeds, paper.study.steps, paper.study.patience, paper.study.finalSteps) = (10, 5000, 0, 0)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "mesa-optimization", title: "A network that learned gradient descent",
        direction: "alignment: mesa-optimization",
        question: "Does a network that is trained to predict learn to optimize?",
        method: "Train one layer of linear attention on new regression tasks at every step: from examples of a linear "
            + "function it predicts the value at another input, the query. Compare its predictions and their gradients "
            + "with those of one step of gradient descent, whose best learning rate and loss are known in closed form. "
            + "Compare layers that share their weights with as many steps of gradient descent and of GD++, which "
            + "preconditions inputs, with tuned constants, and probe each layer for the steps' predictions. On sine waves, "
            + "compare an MLP with attention with an MLP whose last layer makes one gradient step.",
        limits: "One layer without a softmax can compute little else. The result shows that a trained network can "
            + "contain a learning algorithm, not that large networks do or that their objectives are harmful. Unlike in "
            + "the paper, training ends by a criterion, then the learning rate falls, and networks whose loss stays "
            + "high start again from new weights; on sine waves the best of several initializations after some steps is "
            + "trained on. Tasks of several layers are smaller than the paper's, and the MLP reads x alone.",
        references: [
            Reference(
                authors: "von Oswald, Niklasson, Randazzo, Sacramento, Mordvintsev, Zhmoginov, Vladymyrov",
                title: "Transformers learn in-context by gradient descent", year: 2022, arXiv: "2212.07677"),
            Reference(
                authors: "Hubinger, van Merwijk, Mikulik, Skalse, Garrabrant",
                title: "Risks from Learned Optimization in Advanced Machine Learning Systems", year: 2019,
                arXiv: "1906.01820"),
        ],
        changes:
            "Training had 2500 steps, too few for slow seeds in two of eight runs; now it goes on until the loss on "
            + "fixed tasks reaches no new low. Two controls had means within 0.1 of 0; now each seed is within 0.2. "
            + "Networks of several layers and on sine waves were first trained from one initialization: one and two of "
            + "four stayed in a poor local minimum. Bounds were chosen on the development networks that are counted.",
        minutes: 2, aliases: ["mesa-optimisation"])

    /// A number of a layer that was trained on true targets and of its control, which was trained on shuffled ones.
    private struct Number: Sendable {
        let name: String
        var isHeadline = false
        let value: @Sendable (Outcome, InContextRegression) -> Double
        var trained: Quantity { Quantity(name, isHeadline: isHeadline) }
        var control: Quantity { Quantity("control_\(name)", isHeadline: isHeadline) }
    }

    private static let cosine = Number(name: "cosine", isHeadline: true) { one, _ in one.test.cosine }
    private static let loss = Number(name: "half_loss") { one, _ in one.test.halfLoss }
    private static let stepLoss = Number(name: "step_half_loss_same_tasks") { one, _ in one.test.stepHalfLoss }
    private static let learned = Number(name: "learned_step") { one, _ in one.weights.stepSize }
    private static let remainder = Number(name: "weights_beside_step") { one, _ in one.weights.remainder }
    private static let difference = Number(name: "prediction_difference") { one, _ in one.test.predictionDifference }
    private static let distance = Number(name: "gradient_distance") { one, _ in one.test.gradientDistance }
    private static let mixingError = Number(name: "largest_difference_by_mixing") { one, _ in one.mixingError }
    private static let scaleError = Number(name: "largest_difference_by_scale") { one, _ in one.scaleError }
    private static let lossError = Number(name: "loss_error") { $0.lossError(on: $1) }
    private static let stepError = Number(name: "learning_rate_error") { $0.stepError(on: $1) }
    private static let lossRatio = Number(name: "loss_ratio") { $0.test.halfLoss / $1.zeroHalfLoss }
    private static let stepRatio = Number(name: "learning_rate_ratio") { $0.weights.stepSize / $1.optimalStepSize }
    private static let numbers = [
        cosine, loss, stepLoss, learned, remainder, difference, distance, mixingError, scaleError, lossError, stepError,
        lossRatio, stepRatio,
    ]

    private static let rule = SeedRule.each(allowing: 1)
    public var claims: [Claim] { Self.stepClaims + DepthResults.claims(settings.depth) + SineResults.claims }
    private static let stepClaims = [
        Claim(
            rule, "The cosine between the query gradients of the layer and of the gradient step is near 1",
            cosine.trained, .atLeast(0.999), control: "Trained on shuffled targets, the cosine is near 0",
            cosine.control, .within(0.2, of: 0)),
        Claim(
            rule, "The relative difference between the layer's loss and the lowest of one gradient step is small",
            lossError.trained, .atMost(0.02),
            control: "Trained on shuffled targets, the ratio of its loss to that of predicting 0 is near 1",
            lossRatio.control, .within(0.04, of: 1)),
        Claim(
            rule, "The relative difference between the learning rate in the weights and the best one is small",
            stepError.trained, .atMost(0.05),
            control: "Trained on shuffled targets, the ratio of this learning rate to the best one is near 0",
            stepRatio.control, .within(0.2, of: 0)),
        Claim(
            rule, "On inputs half to twice as large, the layer's loss is near the same step's at every size",
            scaleError.trained, .atMost(0.1),
            control: "Trained on shuffled targets, the relative difference is large at some size",
            scaleError.control, .atLeast(0.5)),
    ].map { $0.development(missed: 0, controlMissed: 0, of: 90) }

    let settings: Settings
    private var tasks: InContextRegression { settings.study.tasks }
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
        try settings.depth.check()
        try settings.sine.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let test = RandomKey(context.seed)["test tasks"]
        let trained = try await trials.run("training") {
            try study.run(key: $0.key["trained"], test: test, in: $0.session)
        }
        let control = try await trials.run("control") { trial in
            try study.matching(trained[trial.index]).run(
                shufflesTargets: true, key: trial.key["control"], test: test, in: trial.session)
        }
        var measured = Measurements(seeds: trials.seeds)
        for number in Self.numbers {
            measured[number.trained] = trained.map { $0.isConverged ? number.value($0, tasks) : .nan }
            measured[number.control] = control.map { number.value($0, tasks) }
        }
        let deep = try await DepthResults(settings.depth, networks: settings.deepNetworks, in: context)
        deep.measure(&measured)
        let waves = try await SineResults(settings.sine, networks: settings.deepNetworks, in: context)
        waves.measure(&measured)
        let figures = MesaFigures(trained: trained, control: control, measured: measured, tasks: tasks)
        let sentences = [summary(measured), deep.summary(measured), waves.summary(measured)]
        let (unconverged, tries) = (trained.count { !$0.isConverged }, MesaStudy.Initializations(of: trained))
        return Findings(summary: sentences.joined(separator: " "), claims: claims, from: measured) {
            [Self.cosine, Self.loss, Self.stepLoss, Self.learned].map { measured.metric($0.trained) }
            Metric("best_step_half_loss", tasks.optimalHalfLoss)
            Metric("zero_half_loss", tasks.zeroHalfLoss)
            Metric("best_step", tasks.optimalStepSize)
            [Self.remainder, Self.difference, Self.distance, Self.mixingError, Self.scaleError].map {
                measured.metric($0.trained)
            }
            measured.metric(Quantity("training_steps", unit: "steps"), trained.map { Double($0.losses.count) })
            measured.proportion(Quantity("seeds_not_converged"), unconverged, of: trained.count)
            measured.proportion(Quantity("initializations_stuck", per: "initialization"), tries.stuck, of: tries.all)
            deep.findings(measured)
            waves.findings(measured)
            measured.metrics(Self.cosine.control, Self.loss.control, Self.learned.control)
            trained[0].weights.normalized.matchingTable(
                "effective_weights", title: "How the layer of the first seed matches an example with the query")
            figures.losses
            figures.cosines
            figures.sizes
            figures.predictions
            HeatMap(
                table: "effective_weights", title: "The layer's query and key weights, multiplied",
                caption: "In a gradient step the diagonal is the learning rate and all other weights are 0.", center: 0,
                valueLabel: "weight", references: [ReferenceValue("best step", tasks.optimalStepSize)])
            "Losses are half of squared errors. The same tasks test every network. \(tries.stuck) of \(tries.all) "
                + "initializations stayed at a high loss, and \(tries.replaced) were replaced."
            "A layer's learning rate is the mean diagonal of its matrix for matching inputs, times its weight of y. Query "
                + "gradients are those of predictions with respect to the query; their cosine is a mean over tasks."
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func mean(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return "The trained layer's half squared error is \(mean(Self.loss.trained)); the best gradient step has "
            + "\(Phrase.number(tasks.optimalHalfLoss)), and predicting 0 has \(Phrase.number(tasks.zeroHalfLoss)). The "
            + "learning rate in its weights is \(mean(Self.learned.trained)), where \(Phrase.number(tasks.optimalStepSize)) "
            + "is best, and the cosine between its query gradients and the step's differs from 1 by "
            + "\(Phrase.number(1 - measured.mean(Self.cosine.trained))). Trained on shuffled targets, it has a half squared "
            + "error of \(mean(Self.loss.control)) and a cosine of \(mean(Self.cosine.control))."
    }
}
