internal import PlumbData
public import PlumbLearning
public import PlumbModels
public import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains attention-only models on repeated random tokens, and measures what they copy with
/// (Olsson et al. 2022, arXiv:2209.11895).
public struct InductionStudy: SettingGroup {
    @Setting("Training steps of each model.", 1...10_000_000) public var steps = 600
    @Setting("The width of the residual stream, which the heads of a layer share.", 1...8192) public var width = 64
    @Setting("Attention heads in a layer.", 1...1024) public var heads = 4
    @Setting("Tokens to draw from; with few, a token often occurs twice before the repetition.", 2...100_000)
    public var vocabulary = 256
    @Setting("Tokens in a row.", 4...8192) public var length = 40
    @Setting("The shortest part that is repeated; with one length only, one layer could copy by position.", 2...8190)
    public var shortest = 8
    @Setting("The longest part that is repeated.", 2...8190) public var longest = 20
    @Setting("Rows in a batch.", 1...65_536) public var batch = 32
    @Setting("The highest learning rate.", 1e-9...10) public var learningRate = 0.003
    @Setting("The scale of initial weights, in units of one over the root of their inputs.", 1e-6...100)
    public var gain = 0.5

    /// The sizes of the quick run.
    public init() {}

    /// Refuses settings that do not fit together, or need more memory than the machine can give.
    ///
    /// - Parameter seeds: how many pairs of models are kept.
    /// - Throws: `SettingsError` naming the option and the least it may be, or what needs the memory.
    public func check(seeds: Int) throws {
        let least = [
            ("width", width, heads), ("longest", longest, shortest), ("length", length, longest + 2),
        ]
        for (name, value, lowest) in least where value < lowest {
            throw SettingsError("--\(name) \(value): it must be at least \(lowest) here")
        }
        try Copying.memory(
            models: seeds, width: width, heads: heads, vocabulary: vocabulary, length: length, batch: batch
        ).check()
    }

    /// A model of two layers and one of one layer, trained alike, and what was measured of them.
    public struct Outcome: Sendable {
        /// The trained models with their evaluations: "copying accuracy", "induction score", "previous-token score".
        public let two, one: FitResult<HookedTransformer, Adam>
        /// The part of repeated tokens that two layers copy.
        public let accuracy: Double
        /// The part that one layer copies.
        public let oneLayer: Double
        /// The part that two layers copy with the induction heads ablated.
        public let withoutInduction: Double
        /// The part that two layers copy with the previous-token heads ablated.
        public let withoutPrevious: Double
        /// The part that two layers copy with as many heads outside the circuit ablated, mean over eight draws; NaN where
        /// there are too few.
        public let withoutOthers: Double
        /// The heads that attention scores place in the circuit.
        public let heads: CircuitHeads
        /// The attention scores of every head of two layers.
        public let scores: HeadScores
        /// How strongly heads of the second layer read those of the first.
        public let composition: HeadComposition
        /// The same before training.
        public let untrained: HeadComposition
    }

    /// What is measured along training.
    public enum Measure: String, FitMeasure {
        /// The part of repeated tokens that the model predicts.
        case copying = "copying accuracy"
        /// The best induction score of a head.
        case induction = "induction score"
        /// The best previous-token score of a head.
        case previousToken = "previous-token score"
    }

    private func repeated(_ key: RandomKey) -> RepeatedTokens {
        RepeatedTokens(vocabulary: vocabulary, length: length, period: shortest...longest, key: key)
    }

    private func model(layers: Int, _ key: RandomKey, _ label: String) throws -> HookedTransformer {
        let sizes = TransformerConfiguration(
            architecture: .attentionOnly, layers: layers, width: width, heads: heads, headWidth: width / heads,
            vocabulary: vocabulary, context: length)
        return try HookedTransformer(
            sizes, key: key["weights"], initialization: .scaled(gain: gain), isTied: false, name: label)
    }

    /// Trains both models and measures them on rows that neither was trained on; the same key gives the same outcome.
    ///
    /// - Throws: `FitError` when training diverges; `RunInterrupted` when the session is asked to stop.
    public func run(key: RandomKey, label: String, in session: FitSession = .silent) throws -> Outcome {
        let two = try train(layers: 2, key, "two layers, \(label)", session)
        let one = try train(layers: 1, key, "one layer, \(label)", session)
        try session.reporter.checkpoint()
        let batch = repeated(key["test"]).batch(128, step: 0)
        let scores = HeadScores(two.model, on: batch)
        let heads = CircuitHeads(scores)
        func accuracy(without heads: [AttentionHead]) -> Double {
            Copying.accuracy(two.model, on: batch, with: Copying.meanAblation(of: heads, in: two.model, on: batch))
        }
        var generator = key["other heads"].generator()
        let draws = (0..<8).map { _ in
            heads.others(like: heads.previous, &generator).map(accuracy(without:)) ?? .nan
        }
        return Outcome(
            two: two, one: one, accuracy: accuracy(without: []), oneLayer: Copying.accuracy(one.model, on: batch),
            withoutInduction: accuracy(without: heads.induction), withoutPrevious: accuracy(without: heads.previous),
            withoutOthers: Statistics.mean(draws), heads: heads, scores: scores,
            composition: HeadComposition(two.model, from: 0, to: 1),
            untrained: HeadComposition(try model(layers: 2, key, label), from: 0, to: 1))
    }

    /// Trains one model; the loss counts the tokens that copying can predict.
    private func train(
        layers: Int, _ key: RandomKey, _ label: String, _ session: FitSession
    ) throws -> FitResult<HookedTransformer, Adam> {
        let (data, held) = (repeated(key["data"]), repeated(key["evaluation"]).batch(64, step: 0))
        var fit = Fit(steps: steps)
        fit.clipNorm = 1
        fit.schedule = .warmup(min(50, steps / 10))
        fit.evaluateEvery = max(1, steps / 30)
        let rule = Adam.decoupled(learningRate: learningRate, beta2: 0.99)
        let result = try fit.run(try model(layers: layers, key, label), optimizer: rule, label: label, in: session) {
            model, _ in
            let scores = HeadScores(model, on: held)
            return Measured(of: Measure.self) { measure in
                switch measure {
                case .copying: Copying.accuracy(model, on: held)
                case .induction: scores.induction.joined().max() ?? 0
                case .previousToken: scores.previousToken.joined().max() ?? 0
                }
            }
        } loss: { model, step in
            let batch = data.batch(batch, step: step)
            return model.logits(batch.tokens.inputs).crossEntropy(Copying.targets(of: batch))
        }
        try session.keep(result.model, as: label)
        return result
    }

    /// The attention of the best induction head on one row of tokens that repeat after about nine.
    public func pattern(_ outcome: Outcome, key: RandomKey) -> (tokens: [String], values: [[Double]]) {
        let period = min(max(9, shortest), longest)
        let length = min(length, 3 * period)
        let source = RepeatedTokens(vocabulary: vocabulary, length: length, period: period...period, key: key)
        let tokens = Array(source.batch(1, step: 0).tokens[0])
        guard let head = outcome.heads.induction.first,
            let map = outcome.two.model.run(tokens, recording: .sites(.pattern)).cache[.block(head.layer, .pattern)]
        else { return ([], []) }
        let values = map[head.head]
        return (tokens.map { "\($0)" }, (0..<length).map { values[$0].elements.map(Double.init) })
    }
}
