internal import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Why does a network that has long known its training examples suddenly understand the rest?
public struct Grokking: UndeclaredClaims {
    public struct Settings: ExperimentSettings {
        public var modulus = 53
        public var fraction = 0.5
        public var width = 128
        public var heads = 4
        public var hidden = 512
        public var steps = 2000
        public var controlSteps = 2000
        public var learningRate = 0.002
        public var weightDecay = 1.0
        public var evaluateEvery = 10
        public var snapshotEvery = 40

        public init() {}
    }

    public static func schema() throws -> SettingsSchema { try oldSchema() }
    public var claims: [Claim] { [] }
    static let help = [
        "modulus": "p: the network adds two numbers modulo this one, which is odd.",
        "fraction": "The part of all p² sums that it learns from.",
        "width": "The width of the residual stream; the heads divide it into multiples of 8.",
        "heads": "Attention heads.",
        "hidden": "Neurons of the MLP.",
        "steps": "Training steps; each uses the whole training set.",
        "controlSteps": "Training steps of the control, which has no weight decay.",
        "learningRate": "AdamW's step length.",
        "weightDecay": "How fast weights shrink, as a part of the step length.",
        "evaluateEvery": "Steps between measurements of loss and accuracy.",
        "snapshotEvery": "Steps between the weights that the progress measures are computed from afterwards.",
    ]
    static let ranges: [String: ClosedRange<Double>] = [
        "modulus": 11...999, "fraction": 0.01...0.99, "width": 8...4096, "heads": 1...512, "hidden": 1...16_384,
        "steps": 1...10_000_000, "controlSteps": 1...10_000_000, "learningRate": 1e-9...10, "weightDecay": 1e-9...1000,
        "evaluateEvery": 1...10_000_000, "snapshotEvery": 1...10_000_000,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.steps, tiny.controlSteps) = (1600, 1600)
        var paper = Settings()
        (paper.modulus, paper.fraction, paper.learningRate) = (113, 0.3, 0.001)
        (paper.steps, paper.controlSteps, paper.evaluateEvery, paper.snapshotEvery) = (14_000, 14_000, 50, 200)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "grokking", title: "Understanding long after memorising",
        direction: "interpretability: training dynamics",
        question: "Why does a network that has long known its training examples suddenly get all others right?",
        hypothesis:
            "It slowly builds a circuit that adds by rotating a few frequencies; weight decay then removes what was "
            + "memorised, and accuracy on unseen sums jumps long after that on the training set.",
        control:
            "Without weight decay the network knows its training set as well, but does not get the others right in "
            + "the same time, and no few frequencies explain its logits.",
        method: "Train a one-layer transformer to add modulo p from a part of the table. Write its logits as waves of "
            + "a + b, and follow the loss of the key frequencies alone and of everything but them.",
        limits: "One network and one task. The quick run uses p = 53, half of the table and twice the paper's learning "
            + "rate; --preset paper is p = 113 and 30 %. The key frequencies are those of the final network.",
        references: [
            Reference(
                authors: "Nanda, Chan, Lieberum, Smith, Steinhardt",
                title: "Progress measures for grokking via mechanistic interpretability", year: 2023,
                arXiv: "2301.05217"),
            Reference(
                authors: "Power, Burda, Edwards, Babuschkin, Misra",
                title: "Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets", year: 2022,
                arXiv: "2201.02177"),
        ],
        minutes: 1.5)

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try validate()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let key = RandomKey(context.seed)
        let session = FitSession(context)
        let decayed = study(weightDecay: settings.weightDecay, steps: settings.steps)
        let outcome = try decayed.train(key: key, label: "weight decay \(settings.weightDecay)", in: session)
        // The control begins with the same weights and the same training set.
        let control = try study(weightDecay: 0, steps: settings.controlSteps)
            .train(key: key, label: "control without weight decay", in: session)
        let evidence = try GrokkingEvidence(outcome, control: control) { done, total in
            context.progress("progress measures", done, of: total)
            try context.checkpoint()
        }
        return GrokkingFindings(settings: settings, evidence: evidence, seed: context.seed).findings
    }

    private func study(weightDecay: Double, steps: Int) -> GrokkingStudy {
        var study = GrokkingStudy(
            steps: steps, evaluateEvery: settings.evaluateEvery, snapshotEvery: settings.snapshotEvery)
        (study.modulus, study.fraction) = (settings.modulus, settings.fraction)
        (study.width, study.heads, study.hidden) = (settings.width, settings.heads, settings.hidden)
        (study.learningRate, study.weightDecay) = (settings.learningRate, weightDecay)
        return study
    }

    func validate() throws {
        try Self.checkRanges(settings)
        guard settings.modulus % 2 == 1 else { throw SettingsError("--modulus \(settings.modulus): it must be odd") }
        guard settings.width % (8 * settings.heads) == 0 else {
            throw SettingsError(
                "--width \(settings.width) does not divide into \(settings.heads) heads of a multiple of 8 numbers")
        }
        guard settings.snapshotEvery % settings.evaluateEvery == 0 else {
            throw SettingsError(
                "--snapshot-every \(settings.snapshotEvery) must be a multiple of --evaluate-every "
                    + "\(settings.evaluateEvery)")
        }
        try study(weightDecay: 0, steps: settings.steps).memory(controlSteps: settings.controlSteps).check()
    }
}
