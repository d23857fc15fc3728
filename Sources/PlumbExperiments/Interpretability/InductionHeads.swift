internal import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How does a transformer learn to copy? Two layers of attention learn an induction circuit; one layer cannot.
///
/// Small attention-only models are trained on random tokens that are said again and again. A head of the first layer
/// looks at the token before; a head of the second finds, through it, the place after the last time the present token
/// was said. The control models have one layer, and heads outside the circuit can be taken out without harm.
public struct InductionHeads: Experiment {
    public struct Settings: Codable, Sendable, Equatable {
        public var seeds = 3
        public var steps = 600
        public var width = 64
        public var heads = 4
        public var vocabulary = 256
        public var length = 40
        public var shortest = 8
        public var longest = 20
        public var batch = 32
        public var learningRate = 0.003
        public var gain = 0.5

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "seeds": "How many pairs of models are trained, one of two layers and one of one layer each.",
        "steps": "Steps of the optimiser for each model.",
        "width": "The width of the residual stream, which the heads of a layer share.",
        "heads": "Attention heads in a layer.",
        "vocabulary": "Tokens to draw from; with few, a token is often said twice before the repetition.",
        "length": "Tokens in a row.",
        "shortest": "The shortest part that is repeated; with one length only, one layer could copy by position.",
        "longest": "The longest part that is repeated.",
        "batch": "Rows in a step.",
        "learningRate": "The highest learning rate.",
        "gain": "How large weights begin, in units of one over the root of their inputs.",
    ]
    public static let ranges: [String: ClosedRange<Double>] = [
        "seeds": 1...1000, "steps": 1...10_000_000, "width": 1...8192, "heads": 1...1024, "vocabulary": 2...100_000,
        "length": 4...8192, "shortest": 2...8190, "longest": 2...8190, "batch": 1...65_536, "learningRate": 1e-9...10,
        "gain": 1e-6...100,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        tiny.seeds = 1
        var paper = Settings()
        (paper.seeds, paper.steps, paper.heads, paper.width) = (5, 4_000, 8, 128)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "induction-heads", title: "How do transformers learn to copy?",
        direction: "interpretability: circuits in trained models",
        question: "Does a two-layer transformer that learns to copy do so with induction heads, fed by heads that look "
            + "at the token before?",
        hypothesis: "Two layers copy at least 90 % of repeated random tokens; without the heads found by their "
            + "attention they copy at most half as much, and the heads found read each other's output.",
        control:
            "One layer stays below 25 %; without heads outside the circuit, as many as the previous-token heads, two "
            + "layers still copy; before training the same heads compose no more than others.",
        method: "Train attention-only models on random tokens said again with random periods. Find heads by their mean "
            + "attention to the token before, and to the token after the previous occurrence. Replace what they read "
            + "by its mean. Compare the composition of the found heads in the weights with that of other pairs.",
        limits: "Small models of attention alone on an artificial task; in language models induction heads do more "
            + "than copying, and composition of weights says nothing of inputs.",
        references: [
            Reference(
                authors: "Olsson, Elhage, Nanda, Joseph, DasSarma, Henighan, …, Olah",
                title: "In-context Learning and Induction Heads", year: 2022, arXiv: "2209.11895"),
            Reference(
                authors: "Elhage, Nanda, Olsson, Henighan, Joseph, Mann, …, Olah",
                title: "A Mathematical Framework for Transformer Circuits", year: 2021),
        ],
        minutes: 1.5)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    private var study: InductionStudy {
        var study = InductionStudy()
        (study.steps, study.width, study.heads) = (settings.steps, settings.width, settings.heads)
        (study.vocabulary, study.length, study.batch) = (settings.vocabulary, settings.length, settings.batch)
        (study.shortest, study.longest) = (settings.shortest, settings.longest)
        (study.learningRate, study.gain) = (settings.learningRate, settings.gain)
        return study
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        var trained: [InductionStudy.Outcome] = []
        for index in 0..<settings.seeds {
            let key = RandomKey(context.seed)["model \(index)"]
            let session = FitSession(context)
            trained.append(try study.run(name: "model \(index)", key: key, in: session))
        }
        return InductionHeadsFindings(settings: settings, trained: trained, seed: context.seed).findings
    }

    public func validate() throws {
        try Self.checkRanges(settings)
        let least = [
            ("width", settings.width, settings.heads), ("longest", settings.longest, settings.shortest),
            ("length", settings.length, settings.longest + 2),
        ]
        for (name, value, lowest) in least where value < lowest {
            throw SettingsError("--\(name) \(value): it must be at least \(lowest) here")
        }
        try Copying.memory(
            models: settings.seeds, width: settings.width, heads: settings.heads, vocabulary: settings.vocabulary,
            length: settings.length, batch: settings.batch
        ).check()
    }
}
