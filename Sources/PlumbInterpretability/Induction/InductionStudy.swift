internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
public import PlumbNN
internal import PlumbRecords
public import PlumbTensor

/// Trains small attention-only transformers to copy repeated random tokens, and looks for the induction circuit.
///
/// What is claimed: with two layers, a head of the first looks at the token before and a head of the second finds, through
/// it, the place after the last time the present token occurred; one layer cannot do this, as a token's key does not yet
/// know what came before it. How this fails: with one period only, one layer can copy by position.
///
/// Source: Olsson et al. 2022, *In-context Learning and Induction Heads*, arXiv:2209.11895; Elhage et al. 2021, *A
/// Mathematical Framework for Transformer Circuits*.
public struct InductionStudy: Sendable, Codable, Equatable {
    /// Steps of the optimizer for each model.
    public var steps = 600
    /// D, the width of the residual stream, which the heads of a layer share.
    public var width = 64
    /// H, attention heads in a layer.
    public var heads = 4
    /// V, tokens to draw from; with few, a token often occurs twice before the repetition.
    public var vocabulary = 256
    /// T, tokens in a row.
    public var length = 40
    /// The shortest part that is repeated.
    public var shortest = 8
    /// The longest part that is repeated.
    public var longest = 20
    /// B, rows in a step.
    public var batch = 32
    /// The highest learning rate.
    public var learningRate = 0.003
    /// How large weights begin, in units of one over the root of their inputs.
    public var gain = 0.5

    /// A study with the reference settings.
    public init() {}

    /// What is measured along training.
    public enum Measure: String, FitMeasure {
        /// The part of repeated tokens that the model predicts.
        case copying = "copying accuracy"
        /// The best induction score of a head.
        case induction = "induction score"
        /// The best previous-token score of a head.
        case previousToken = "previous-token score"
    }

    /// A model of two layers and one of one layer, and what was measured of them on rows that neither was trained on.
    public struct Outcome: Sendable {
        /// The training of the model of two layers and of that of one layer.
        public let curves: (two: FitResult<HookedTransformer, Adam>, one: FitResult<HookedTransformer, Adam>)
        /// The part of repeated tokens that two layers copy.
        public let accuracy: Double
        /// The part of repeated tokens that one layer copies.
        public let oneLayer: Double
        /// What two layers copy without the induction heads.
        public let withoutInduction: Double
        /// What two layers copy without the previous-token heads.
        public let withoutPrevious: Double
        /// What two layers copy without as many heads outside the circuit, a mean over draws; NaN where there are too few.
        public let withoutOthers: Double
        /// The heads of the circuit, found by their attention.
        public let heads: CircuitHeads
        /// Every head's scores.
        public let scores: HeadScores
        /// The composition of each head of the first layer with each of the second.
        public let composition: HeadComposition
        /// The same before training.
        public let untrained: HeadComposition
    }

    /// Trains both models and measures them; the same key gives the same outcome, bit for bit.
    ///
    /// - Parameters:
    ///   - name: names the pair in curves and checkpoints.
    ///   - key: of the first weights, the data and the draws of other heads.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` where training diverges; `RunInterrupted`; `ModelError` for sizes no model has.
    public func run(name: String, key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        require(
            heads > 0 && width >= heads && shortest > 0 && shortest <= longest && longest < length,
            "an induction study needs a part to repeat that is shorter than its rows, and a width for each head: got parts "
                + "of \(shortest) to \(longest) in \(length) tokens, and \(heads) heads in a width of \(width)")
        let two = try train(layers: 2, key, label: "two layers, \(name)", session)
        let one = try train(layers: 1, key, label: "one layer, \(name)", session)
        try session.reporter.checkpoint()
        return try measure(two, one, key)
    }

    private func repeated(_ key: RandomKey) -> RepeatedTokens {
        RepeatedTokens(vocabulary: vocabulary, length: length, period: shortest...longest, key: key)
    }

    /// Trains one model; the loss counts the tokens that copying can predict.
    private func train(
        layers: Int, _ key: RandomKey, label: String, _ session: FitSession
    ) throws -> FitResult<HookedTransformer, Adam> {
        let sizes = TransformerConfiguration(
            architecture: "attention-only", layers: layers, width: width, heads: heads, headWidth: width / heads,
            vocabulary: vocabulary, context: length)
        let model = try HookedTransformer(
            sizes, key: key["weights"], initialization: .scaled(gain: gain), isTied: false, name: label)
        let (data, held) = (repeated(key["data"]), repeated(key["evaluation"]).batch(64, step: 0))
        var fit = Fit(steps: steps)
        fit.clipNorm = 1
        fit.schedule = .warmup(min(50, steps / 10))
        fit.evaluateEvery = max(1, steps / 30)
        let rule = Adam.decoupled(learningRate: learningRate, beta2: 0.99)
        return try fit.run(model, optimizer: rule, label: label, in: session) { model, _ in
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
    }

    private func measure(
        _ two: FitResult<HookedTransformer, Adam>, _ one: FitResult<HookedTransformer, Adam>, _ key: RandomKey
    ) throws -> Outcome {
        let batch = repeated(key["test"]).batch(128, step: 0)
        let scores = HeadScores(two.model, on: batch)
        let untrained = try HookedTransformer(
            two.model.configuration, key: key["weights"], initialization: .scaled(gain: gain), isTied: false)
        let heads = CircuitHeads(scores)
        func accuracy(without heads: [AttentionHead]) -> Double {
            Copying.accuracy(two.model, on: batch, with: Copying.meanAblation(of: heads, in: two.model, on: batch))
        }
        var generator = key["other heads"].generator()
        let draws = (0..<8).map { _ in
            heads.others(like: heads.previous, &generator).map(accuracy(without:)) ?? .nan
        }
        return Outcome(
            curves: (two, one), accuracy: accuracy(without: []), oneLayer: Copying.accuracy(one.model, on: batch),
            withoutInduction: accuracy(without: heads.induction), withoutPrevious: accuracy(without: heads.previous),
            withoutOthers: Statistics.mean(draws), heads: heads, scores: scores,
            composition: HeadComposition(two.model, from: 0, to: 1),
            untrained: HeadComposition(untrained, from: 0, to: 1))
    }
}

extension InductionStudy.Outcome {
    /// How many times the mean of pairs outside the circuit the composition of the best previous-token head with the best
    /// induction head is, by the stronger of keys and queries.
    public var compositionRatio: (kind: HeadComposition.Kind, ratio: Double) { strongest(composition) }
    /// The same in the model before training, with the same heads.
    public var untrainedRatio: Double { strongest(untrained).ratio }

    private func strongest(_ composition: HeadComposition) -> (kind: HeadComposition.Kind, ratio: Double) {
        let ratios = HeadComposition.Kind.allCases.map { kind in (kind: kind, ratio: ratio(composition, kind)) }
        return ratios.max { $0.ratio < $1.ratio } ?? (.key, .nan)
    }

    private func ratio(_ composition: HeadComposition, _ kind: HeadComposition.Kind) -> Double {
        guard let scores = composition.scores[kind], let writer = heads.previous.first?.head,
            let reader = heads.induction.first?.head
        else { return .nan }
        let found = Set(heads.previous.map(\.head)), readers = Set(heads.induction.map(\.head))
        var rest: [Double] = []
        for (w, line) in scores.enumerated() {
            for (r, value) in line.enumerated() where !(found.contains(w) && readers.contains(r)) { rest.append(value) }
        }
        return scores[writer][reader] / Statistics.mean(rest)
    }
}
