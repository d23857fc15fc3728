internal import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains attention-only models on repeated random tokens, and measures what they copy with
/// (Olsson et al. 2022, arXiv:2209.11895).
public struct InductionStudy: SettingGroup {
    @Setting("The most training steps of a model; one that has not converged by then is not judged.", 1...10_000_000)
    public var steps = 2_000
    @Setting("Training ends when this many evaluations do not lower the held-out loss by 0.02 nats.", 1...10_000)
    public var patience = 10
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

    /// What was measured of a model of two layers and one of one layer, trained alike.
    public struct Outcome: Sendable, Codable {
        /// Along the training of two layers and of one.
        public let two, one: [FitEvaluation]
        /// Whether the held-out loss of both stopped falling before the last step.
        public let isConverged: Bool
        /// The part of repeated tokens that two layers copy.
        public let accuracy: Double
        /// The part that one layer copies.
        public let oneLayer: Double
        /// For each layer, the fewest heads without which at most ``InductionStudy/chosenLeft`` of the accuracy is left.
        public let fewest: [FewestHeads]
        /// For each layer, the part of the accuracy left without the most harmful one, two, … heads.
        public let leftByCount: [[Double]]
        /// The attention scores of every head of two layers.
        public let scores: HeadScores
        /// How strongly heads of the second layer read those of the first.
        public let composition: HeadComposition
        /// The same before training.
        public let untrained: HeadComposition
        /// A model of two layers trained alike on tokens that do not repeat.
        public let elsewhere: Elsewhere
        /// The attention of the best induction head on one row of tokens that repeat after about nine.
        public let pattern: [[Double]]
        /// The tokens of that row.
        public let tokens: [String]

        /// The heads that attention scores place in the circuit.
        public var heads: CircuitHeads { CircuitHeads(scores) }
        /// How many times that of untrained heads the composition of the best two is.
        public var gain: Double { heads.compositionGain(composition, over: untrained) }
        /// The same in the model trained on tokens that do not repeat, with its own best two heads.
        public var gainElsewhere: Double {
            CircuitHeads(elsewhere.scores).compositionGain(elsewhere.composition, over: untrained)
        }
    }

    /// A model of two layers that was trained on ``SuccessorTokens``, and measured as those that copy are.
    public struct Elsewhere: Sendable, Codable {
        /// Whether its held-out loss stopped falling before the last step.
        public let isConverged: Bool
        /// Its last held-out loss, in nats.
        public let loss: Double
        /// Its attention scores on repeated tokens.
        public let scores: HeadScores
        /// How strongly heads of the second layer read those of the first.
        public let composition: HeadComposition
    }

    /// Where the fewest heads are chosen, this part of the accuracy may be left without them.
    public static let chosenLeft = 0.4

    /// What is measured along training.
    public enum Measure: String, FitMeasure {
        /// The part of repeated tokens that the model predicts.
        case copying = "copying accuracy"
        /// The best induction score of a head.
        case induction = "induction score"
        /// The best previous-token score of a head.
        case previousToken = "previous-token score"
        /// The mean cross-entropy of the tokens that the loss counts, on rows that are not trained on, in nats.
        case loss = "held-out loss"
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
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let two = try train(layers: 2, key, "two layers", on: copied(key), session)
        let one = try train(layers: 1, key, "one layer", on: copied(key), session)
        let other = try train(layers: 2, key, "two layers without repetition", on: succeeding(key), session)
        try session.reporter.checkpoint()
        let (choosing, batch) = (repeated(key["choice"]).batch(64, step: 0), repeated(key["test"]).batch(128, step: 0))
        let scores = HeadScores(two.model, on: choosing)
        let (fewest, leftByCount) = ablate(two.model, choosing: choosing, testing: batch)
        let (tokens, pattern) = pattern(two.model, CircuitHeads(scores).induction.first, key: key["shown"])
        return Outcome(
            two: two.evaluations, one: one.evaluations, isConverged: two.stoppedEarly && one.stoppedEarly,
            accuracy: Copying.accuracy(two.model, on: batch), oneLayer: Copying.accuracy(one.model, on: batch),
            fewest: fewest, leftByCount: leftByCount, scores: scores,
            composition: HeadComposition(two.model, from: 0, to: 1),
            untrained: HeadComposition(try model(layers: 2, key, "untrained"), from: 0, to: 1),
            elsewhere: Elsewhere(
                isConverged: other.stoppedEarly, loss: other.evaluations.last?[Measure.loss] ?? .nan,
                scores: HeadScores(other.model, on: choosing), composition: HeadComposition(other.model, from: 0, to: 1)
            ),
            pattern: pattern, tokens: tokens)
    }

    /// Chooses heads of each layer on one batch, and tests them and all sets of as many others (at most 256) on another.
    private func ablate(
        _ model: HookedTransformer, choosing: RepeatedTokens.Batch, testing: RepeatedTokens.Batch
    ) -> ([FewestHeads], [[Double]]) {
        let ablation = MeanAblation(model, on: choosing)
        func measure(_ batch: RepeatedTokens.Batch) -> ([AttentionHead]) -> Double {
            let intact = Copying.accuracy(model, on: batch)
            return { Copying.accuracy(model, on: batch, with: ablation.interventions($0)) / intact }
        }
        let (chosenLeft, left) = (measure(choosing), measure(testing))
        var (fewest, counts): ([FewestHeads], [[Double]]) = ([], [])
        for layer in 0..<2 {
            let all = (0..<heads).map { AttentionHead(layer: layer, head: $0) }
            let sets = FewestHeads.mostHarmful(of: all, left: chosenLeft)
            let chosen = sets.first { chosenLeft($0) <= Self.chosenLeft } ?? all
            let rest = all.filter { !chosen.contains($0) }
            let others = rest.count < chosen.count ? [] : FewestHeads.sets(of: rest, size: chosen.count, limit: 256)
            fewest.append(
                FewestHeads(heads: chosen, left: left(chosen), leftWithoutOthers: (others ?? []).map(left)))
            counts.append(sets.map(left))
        }
        return (fewest, counts)
    }

    /// What a model is trained on: its loss in a step, and on rows that it is not trained on.
    private struct Material {
        let loss: (HookedTransformer, Int) -> Tensor
        let held: (HookedTransformer) -> Tensor
    }

    /// Repeated tokens; the loss counts those that copying can predict.
    private func copied(_ key: RandomKey) -> Material {
        let (data, held) = (repeated(key["data"]), repeated(key["evaluation"]).batch(64, step: 0))
        func loss(_ model: HookedTransformer, _ batch: RepeatedTokens.Batch) -> Tensor {
            model.logits(batch.tokens.inputs).crossEntropy(Copying.targets(of: batch))
        }
        return Material(loss: { loss($0, data.batch(batch, step: $1)) }, held: { loss($0, held) })
    }

    /// Tokens that do not repeat; the loss counts those that follow from others.
    private func succeeding(_ key: RandomKey) -> Material {
        func source(_ key: RandomKey) -> SuccessorTokens {
            SuccessorTokens(vocabulary: vocabulary, length: length, key: key)
        }
        let (data, held) = (source(key["successors"]), source(key["held successors"]).batch(64, step: 0))
        func loss(_ model: HookedTransformer, _ batch: TokenBatch) -> Tensor {
            model.logits(batch.inputs).crossEntropy(SuccessorTokens.targets(of: batch))
        }
        return Material(loss: { loss($0, data.batch(batch, step: $1)) }, held: { loss($0, held) })
    }

    /// Trains one model until its held-out loss stops falling.
    private func train(
        layers: Int, _ key: RandomKey, _ label: String, on material: Material, _ session: FitSession
    ) throws -> FitResult<HookedTransformer, Adam> {
        let shown = repeated(key["evaluation"]).batch(64, step: 0)
        var fit = Fit(steps: steps)
        fit.clipNorm = 1
        fit.schedule = .warmup(min(50, steps / 10))
        fit.evaluateEvery = max(1, min(20, steps / 30))
        fit.earlyStop = .init(Measure.loss, patience: patience, leastImprovement: 0.02)
        let rule = Adam.decoupled(learningRate: learningRate, beta2: 0.99)
        let result = try fit.run(try model(layers: layers, key, label), optimizer: rule, label: label, in: session) {
            model, _ in
            let scores = HeadScores(model, on: shown)
            return Measured(of: Measure.self) { measure in
                switch measure {
                case .copying: Copying.accuracy(model, on: shown)
                case .induction: scores.induction.joined().max() ?? 0
                case .previousToken: scores.previousToken.joined().max() ?? 0
                case .loss: Double(material.held(model).item)
                }
            }
        } loss: { model, step in
            material.loss(model, step)
        }
        try session.keep(result.model, as: label)
        return result
    }

    /// The attention of a head on one row of tokens that repeat after about nine.
    private func pattern(
        _ model: HookedTransformer, _ head: AttentionHead?, key: RandomKey
    ) -> (tokens: [String], values: [[Double]]) {
        let period = min(max(9, shortest), longest)
        let length = min(length, 3 * period)
        let source = RepeatedTokens(vocabulary: vocabulary, length: length, period: period...period, key: key)
        let tokens = Array(source.batch(1, step: 0).tokens[0])
        guard let head, let map = model.run(tokens, recording: .sites(.pattern)).cache[.block(head.layer, .pattern)]
        else { return ([], []) }
        let values = map[head.head]
        return (tokens.map { "\($0)" }, (0..<length).map { values[$0].elements.map(Double.init) })
    }
}
