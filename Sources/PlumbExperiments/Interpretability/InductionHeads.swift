internal import Foundation
internal import PlumbData
internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
internal import PlumbNN
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

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        var trained: [TrainedCopier] = []
        for index in 0..<settings.seeds {
            let key = RandomKey(context.seed)["model \(index)"]
            let session = FitSession(context)
            let two = try train(layers: 2, key, label: "two layers, model \(index)", session)
            let one = try train(layers: 1, key, label: "one layer, model \(index)", session)
            trained.append(try measure(two, one, key, context.reporter))
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
    }

    private func repeated(_ key: RandomKey) -> RepeatedTokens {
        RepeatedTokens(
            vocabulary: settings.vocabulary, length: settings.length, period: settings.shortest...settings.longest,
            key: key)
    }

    /// Trains one model; the loss counts the tokens that copying can predict.
    private func train(
        layers: Int, _ key: RandomKey, label: String, _ session: FitSession
    ) throws -> FitResult<HookedTransformer, Adam> {
        let sizes = TransformerConfiguration(
            architecture: .attentionOnly, layers: layers, width: settings.width, heads: settings.heads,
            headWidth: settings.width / settings.heads, vocabulary: settings.vocabulary, context: settings.length)
        let model = try HookedTransformer(
            sizes, key: key["weights"], initialization: .scaled(gain: settings.gain), isTied: false, name: label)
        let (data, held) = (repeated(key["data"]), repeated(key["evaluation"]).batch(64, step: 0))
        var fit = Fit(steps: settings.steps)
        fit.clipNorm = 1
        fit.schedule = .warmup(min(50, settings.steps / 10))
        fit.evaluateEvery = max(1, settings.steps / 30)
        let rule = Adam.decoupled(learningRate: settings.learningRate, beta2: 0.99)
        return try fit.run(model, optimizer: rule, label: label, in: session) { model, _ in
            let scores = HeadScores(model, on: held)
            return [
                "copying accuracy": Copying.accuracy(model, on: held),
                "induction score": scores.induction.joined().max() ?? 0,
                "previous-token score": scores.previousToken.joined().max() ?? 0,
            ]
        } loss: { model, step in
            let batch = data.batch(settings.batch, step: step)
            return model.logits(batch.tokens.inputs).crossEntropy(Copying.targets(of: batch))
        }
    }

    /// What the claims compare, on rows that no model was trained on.
    private func measure(
        _ two: FitResult<HookedTransformer, Adam>, _ one: FitResult<HookedTransformer, Adam>, _ key: RandomKey,
        _ reporter: RunReporter
    ) throws -> TrainedCopier {
        try reporter.checkpoint()
        let batch = repeated(key["test"]).batch(128, step: 0)
        let scores = HeadScores(two.model, on: batch)
        let untrained = try HookedTransformer(
            two.model.configuration, key: key["weights"], initialization: .scaled(gain: settings.gain), isTied: false)
        let heads = CircuitHeads(scores)
        func accuracy(without heads: [AttentionHead]) -> Double {
            Copying.accuracy(two.model, on: batch, with: Copying.meanAblation(of: heads, in: two.model, on: batch))
        }
        var generator = key["other heads"].generator()
        let draws = (0..<8).map { _ in
            heads.others(like: heads.previous, &generator).map(accuracy(without:)) ?? .nan
        }
        return TrainedCopier(
            curves: (two, one), accuracy: accuracy(without: []), oneLayer: Copying.accuracy(one.model, on: batch),
            withoutInduction: accuracy(without: heads.induction), withoutPrevious: accuracy(without: heads.previous),
            withoutOthers: Statistics.mean(draws), heads: heads, scores: scores,
            composition: HeadComposition(two.model, from: 0, to: 1),
            untrained: HeadComposition(untrained, from: 0, to: 1))
    }
}
