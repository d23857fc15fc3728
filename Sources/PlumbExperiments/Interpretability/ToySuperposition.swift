internal import Foundation
internal import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How does a model keep more features than it has dimensions? The sparser they are, the more share a space.
public struct ToySuperposition: Experiment {
    public struct Settings: Codable, Sendable, Equatable {
        public var seeds = 24
        public var steps = 1500
        public var batch = 1024
        public var learningRate = 0.01
        public var wideFeatures = 128
        public var wideDimensions = 16
        public var wideSteps = 2000
        public var wideBatch = 256
        public var densities = 13
        public var leastDensity = 0.1

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "seeds": "Beginnings of each small model; the one with the least loss counts.",
        "steps": "Training steps of each small model (5 features in 2 dimensions).",
        "batch": "Rows in a batch of the small models.",
        "learningRate": "Adam's step length at the beginning; it falls in a line to a hundredth.",
        "wideFeatures": "Features of the wide models, all of the same importance.",
        "wideDimensions": "Dimensions of the wide models.",
        "wideSteps": "Training steps of each wide model.",
        "wideBatch": "Rows in a batch of the wide models.",
        "densities": "How many densities (1 - sparsity) the wide models are trained at, from 1 down in equal ratios.",
        "leastDensity": "The least of them.",
    ]
    public static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 1...1000, "steps": 1...10_000_000, "batch": 1...1_000_000, "learningRate": 1e-9...10,
        "wideFeatures": 1...4096, "wideDimensions": 1...4096, "wideSteps": 1...10_000_000, "wideBatch": 1...65_536,
        "densities": 2...1000, "leastDensity": 1e-6...0.999_999,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.wideFeatures, tiny.wideDimensions) = (16, 64, 8)
        var paper = Settings()
        (paper.seeds, paper.steps, paper.densities, paper.leastDensity) = (24, 10_000, 25, 0.01)
        (paper.wideFeatures, paper.wideDimensions, paper.wideSteps, paper.wideBatch) = (400, 30, 10_000, 1024)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "toy-superposition", title: "More features than dimensions",
        direction: "interpretability: superposition",
        question: "How does a model of two dimensions keep five features, and what decides whether it does?",
        hypothesis:
            "Dense features: the two most important ones get a dimension each and the rest are dropped. Sparser "
            + "ones share: at sparsity 0.8 four features lie in two antipodal pairs, at 0.9 five in a pentagon.",
        control: "At sparsity 0 nothing is shared: no pairs, no third feature, no half dimensions in wide models. "
            + "Without the ReLU, which sharing needs, the loss at sparsity 0.9 is higher.",
        method: "Train x̂ = ReLU(W Wᵀ x + b) to reconstruct sparse features weighted by importances 0.9ⁱ, from several "
            + "beginnings, and look at the columns of W; then wide models of equally important features over a range "
            + "of sparsities, and count the dimensions each feature has for itself.",
        limits: "A model of a few hundred weights, on features that are independent and known. The geometry is that of "
            + "the best of several beginnings; others end in worse arrangements, and the metrics say how many.",
        references: [
            Reference(
                authors: "Elhage, Hume, Olsson, Schiefer, Henighan, Kravec, Hatfield-Dodds, Lasenby, Drain, Chen, "
                    + "Grosse, McCandlish, Kaplan, Amodei, Wattenberg, Olah",
                title: "Toy Models of Superposition", year: 2022, arXiv: "2209.10652")
        ],
        minutes: 0.6)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    /// What the claims are about.
    static let sparsities = [0, 0.8, 0.9]

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let key = RandomKey(context.seed)
        let small = try Self.sparsities.map { sparsity in
            try (0..<settings.seeds).map { index in
                try train(
                    study(sparsity), key["small"][Int(100 * sparsity)][index],
                    "sparsity \(sparsity), beginning \(index)", context)
            }
        }
        var linearStudy = study(Self.sparsities[2])
        linearStudy.isRectified = false
        let linear = try train(linearStudy, key["linear"], "no ReLU", context)
        let wide = try sparsities().enumerated().map { index, sparsity in
            (sparsity, try train(wideStudy(sparsity), key["wide"][index], "wide model \(index)", context))
        }
        return ToySuperpositionFindings(
            settings: settings, small: small, linear: linear, wide: wide, seed: context.seed
        ).findings
    }

    public func validate() throws {
        try Self.checkRanges(settings)
        try wideStudy(0).memory(models: settings.densities, prefix: "wide-").check()
    }

    private func study(_ sparsity: Double) -> SuperpositionStudy {
        SuperpositionStudy(
            features: 5, dimensions: 2, decay: 0.9, sparsity: sparsity, steps: settings.steps, batch: settings.batch,
            learningRate: settings.learningRate)
    }

    private func wideStudy(_ sparsity: Double) -> SuperpositionStudy {
        SuperpositionStudy(
            features: settings.wideFeatures, dimensions: settings.wideDimensions, decay: 1, sparsity: sparsity,
            steps: settings.wideSteps, batch: settings.wideBatch, learningRate: settings.learningRate)
    }

    /// Sparsities whose densities fall in equal ratios.
    private func sparsities() -> [Double] {
        (0..<settings.densities).map { 1 - pow(settings.leastDensity, Double($0) / Double(settings.densities - 1)) }
    }

    private func train(
        _ study: SuperpositionStudy, _ key: RandomKey, _ label: String, _ context: RunContext
    ) throws -> SuperpositionStudy.Outcome {
        // Each model takes about a second: its checkpoint is the finished one.
        let test = RandomKey(context.seed)["test"]
        let session = FitSession(checkpoints: context.checkpointFolder)
        return try study.train(key: key, test: test, label: label, in: session) { step in
            try context.checkpoint()
            context.progress(label, step, of: study.steps)
        }
    }
}
