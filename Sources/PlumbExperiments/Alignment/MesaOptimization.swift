internal import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Does a network that is trained to predict learn to optimise?
public struct MesaOptimization: UndeclaredClaims {
    public struct Settings: ExperimentSettings {
        public var seeds = 5
        public var steps = 2500
        public var batch = 2048
        public var learningRate = 0.001
        public var constantPart = 0.8
        public var clipNorm = 0.001
        public var beginnings = 4
        public var inputs = 10
        public var examples = 10
        public var testTasks = 131_072

        public init() {}
    }

    public static func schema() throws -> SettingsSchema { try oldSchema() }
    public var claims: [Claim] { [] }
    static let help = [
        "seeds": "Networks trained, each from its own seed; the control trains as many.",
        "steps": "Training steps.",
        "batch": "Tasks a step; every task is new.",
        "learningRate": "Adam's step length.",
        "constantPart": "The part of the steps after which Adam's step falls to a tenth; 1 for never, as in the paper.",
        "clipNorm": "The largest norm a gradient may have; longer ones are scaled down.",
        "beginnings": "How many beginnings a network may take whose loss in training stays high.",
        "inputs": "Numbers in each input.",
        "examples": "Examples that each task shows.",
        "testTasks": "Tasks that trained networks are tested on.",
    ]
    static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 3...1000, "steps": 1...1_000_000, "batch": 1...1_048_576, "learningRate": 1e-9...10,
        "constantPart": 0.5...1, "clipNorm": 1e-12...1e12, "beginnings": 1...100, "inputs": 1...64,
        "examples": 1...256, "testTasks": 1000...100_000_000,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.testTasks) = (3, 65_536)
        var paper = Settings()
        (paper.seeds, paper.steps, paper.constantPart) = (10, 5000, 1)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "mesa-optimisation", title: "A network that learned gradient descent",
        direction: "alignment: mesa-optimisation",
        question: "Does a network that is trained to predict learn to optimise?",
        hypothesis:
            "A layer of linear attention, trained to answer from examples of a linear function, becomes one step of "
            + "gradient descent on those examples: same gradients, same loss, and the step length that is best on average.",
        control:
            "Trained on targets that belong to other sequences, the same layer predicts nothing and points nowhere.",
        method: "Train a layer with weights for queries, keys, values and output on fresh regression tasks. Set its "
            + "predictions and their gradients beside those of an explicit gradient step whose best length and loss are "
            + "worked out by hand, on new tasks and on inputs of other sizes; read the step length from its weights.",
        limits:
            "One layer without a softmax, which can compute little else: it shows that a trained network can hold a "
            + "learning rule, not that large networks search, nor that what they would search for is harmful. "
            + "Unlike the paper, training is shorter, the step length falls near the end and networks that stay at a "
            + "high loss begin anew; this was settled in trials. The control is never begun anew.",
        references: [
            Reference(
                authors: "von Oswald, Niklasson, Randazzo, Sacramento, Mordvintsev, Zhmoginov, Vladymyrov",
                title: "Transformers learn in-context by gradient descent", year: 2022, arXiv: "2212.07677"),
            Reference(
                authors: "Hubinger, van Merwijk, Mikulik, Skalse, Garrabrant",
                title: "Risks from Learned Optimization in Advanced Machine Learning Systems", year: 2019,
                arXiv: "1906.01820"),
        ],
        minutes: 1.2)

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try validate()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let trials = Trials(context, count: settings.seeds)
        // Every network is tested on the same tasks.
        let test = RandomKey(context.seed)["test tasks"]
        let study = study
        let trained = try await trials.run("training") { trial in
            try study.run(key: trial.key["trained"], test: test, label: "true targets", in: trial.session)
        }
        var shuffled = study
        shuffled.shufflesTargets = true
        let control = try await trials.run("control") { [shuffled] trial in
            try shuffled.run(key: trial.key["control"], test: test, label: "shuffled targets", in: trial.session)
        }
        return MesaOptimizationFindings(
            study: study, trained: trained, control: control, seeds: OverSeeds(trials.seeds)
        ).findings
    }

    private var study: MesaStudy {
        var study = MesaStudy(steps: settings.steps)
        study.tasks = InContextRegression(inputs: settings.inputs, examples: settings.examples)
        (study.batch, study.testTasks) = (settings.batch, settings.testTasks)
        (study.learningRate, study.clipNorm) = (settings.learningRate, settings.clipNorm)
        (study.constantPart, study.beginnings) = (settings.constantPart, settings.beginnings)
        return study
    }

    func validate() throws {
        try Self.checkRanges(settings)
        guard settings.constantPart > 0.5 else {
            throw SettingsError(
                "--constant-part \(settings.constantPart): the learning rate falls after more than half of the steps, or "
                    + "never with 1")
        }
        guard settings.batch * (settings.inputs + 1) * (settings.examples + 1) <= 1 << 25 else {
            throw SettingsError(
                "--batch \(settings.batch) --inputs \(settings.inputs) --examples \(settings.examples): the numbers of a "
                    + "step may be at most \(1 << 25)")
        }
    }
}
