internal import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Small transformers of several sizes, trained alike on one text: a scaling law of our own.
public struct ScalingStudy: SettingGroup {
    @Setting("Widths of the transformers from which the law is fitted.", 4...512) public var widths = [
        8, 12, 16, 20, 24, 32,
    ]
    @Setting("Width of the transformer that is held out.", 4...512) public var heldWidth = 48
    @Setting("Blocks of each.", 1...16) public var layers = 2
    @Setting("Characters a window has.", 4...1024) public var context = 32
    @Setting("Windows in a step.", 1...1024) public var batch = 8
    @Setting("Steps of training.", 8...100_000) public var steps = 2400
    @Setting("Lengths of training, each twice the one before; the last has all steps.", 1...6) public var lengths = 2
    @Setting("Part of the learning rate that is left at the end.", 0...1) public var floor = 0.1
    @Setting("The learning rate of width 32; it falls as one over the square root of the width.", 1e-6...1)
    public var rate = 6e-3

    /// The models of the quick experiment.
    public init() {}

    /// Refuses sizes that no model has.
    ///
    /// - Throws: ``GovernanceError`` saying what was found and what is accepted.
    public func check() throws {
        guard (widths + [heldWidth]).allSatisfy({ $0.isMultiple(of: 4) }), Set(widths).count > 2,
            !widths.contains(heldWidth)
        else {
            throw GovernanceError(
                "widths are multiples of 4, of at least three models and another one held out; found \(widths) and \(heldWidth)"
            )
        }
        guard steps >> (lengths - 1) > 7 else {
            throw GovernanceError(
                "\(steps) steps are too few for \(lengths) lengths of training: the first has 8 or more")
        }
    }

    /// Trains a transformer for each length and measures its loss on held-out text at the end.
    ///
    /// Its parameters are counted without those of the token and position embeddings, as scaling laws are.
    ///
    /// - Parameter lengths: how many of the lengths, from the last.
    /// - Throws: `TokenizerError`, `FileError` and `FitError` where the text cannot be trained on; `RunInterrupted`.
    public func train(
        _ width: Int, lengths: Int, on text: String, key: RandomKey, in session: FitSession
    ) throws -> [ScalingPoint] {
        let vocabulary = CharacterVocabulary(of: text)
        let (kept, held) = try TokenStream(TextCorpus(text), vocabulary: vocabulary).split(validation: 0.1)
        let windows = try kept.windows(length: context, batch: batch, key: key["windows"])
        let validation = held.consecutiveWindows(length: context)
        let sizes = TransformerConfiguration(
            architecture: .gpt2, layers: layers, width: width, heads: 4, vocabulary: vocabulary.count, context: context)
        return try (0..<lengths).reversed().map { halvings in
            let model = try HookedTransformer(sizes, key: key["weights"])
            var fit = Fit(steps: steps >> halvings)
            fit.clipNorm = 1
            fit.schedule = .cosine(warmup: max(1, fit.steps / 20), total: fit.steps, floor: floor)
            let rate = rate * (32 / Double(width)).squareRoot()
            let result = try fit.run(
                model, optimizer: Adam(learningRate: rate), label: "width \(width), \(fit.steps) steps", in: session
            ) { model, step in model.loss(windows.batch(step: step)) }
            return ScalingPoint(
                parameters: Double(model.parameterCount - (vocabulary.count + context) * width),
                tokens: Double(fit.steps * batch * context), loss: result.model.meanLoss(validation))
        }
    }
}
