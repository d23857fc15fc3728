internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbNN
internal import PlumbRecords
public import PlumbTensor

/// How a trained language model is trained on: on answers, or on preferences between answers.
///
/// ```swift
/// let lora = try LoRA(model, rank: 8, key: key["lora"])
/// let tuned = try FineTuning(steps: 200, batch: 4, learningRate: 2e-4).run(lora, on: answers, key: key)
/// try tuned.model.save(to: folder)
/// ```
///
/// AdamW, a warm-up, and half a cosine down to a tenth of the learning rate. A step is a function of the model, its number
/// and the key: what is stopped goes on bit for bit.
public struct FineTuning: Sendable {
    /// Training steps.
    public var steps: Int
    /// Texts, or pairs of texts, of a step; fewer where there are fewer.
    public var batch: Int
    /// The highest learning rate, at the end of the warm-up.
    public var learningRate: Double
    /// The part of the steps over which the learning rate rises.
    public var warmup = 0.1
    /// AdamW's weight decay.
    public var weightDecay = 0.0
    /// The largest norm a gradient may have; nil for no limit.
    public var clipNorm: Double? = 1
    /// The part of the texts that is not trained on but measured, where there are ten or more.
    public var validationFraction = 0.1
    /// The most texts that are measured.
    public var validationCount = 32
    /// How often the model is measured in the whole run, beside once at the beginning.
    public var evaluations = 10
    /// Seconds between checkpoints, where they are large; small ones, as those of LoRA, are written at each measurement.
    public var checkpointSeconds = 60.0
    /// Names the training in progress, curves and checkpoints; those of one session need different names.
    public var label = "fine-tuning"

    /// Training with the reference settings but for these.
    public init(steps: Int, batch: Int, learningRate: Double) {
        (self.steps, self.batch, self.learningRate) = (steps, batch, learningRate)
    }

    /// A language model after a training, and how it became so.
    public typealias Result<Measure: FitMeasure> = TunedModel<HookedTransformer, Measure>
    /// Training of a language model that could not go on.
    public typealias Diverged = DivergedTraining<HookedTransformer>

    /// What is measured of supervised learning.
    public enum AnswerMeasure: String, FitMeasure {
        /// The mean cross-entropy of the answers' tokens, in nats.
        case loss = "loss/validation"
        /// The mean divergence of the next token's distribution from the reference's at the answers' tokens, in nats.
        case divergence = "KL to the reference"
    }

    /// What is measured of learning from preferences.
    public enum PreferenceMeasure: String, FitMeasure {
        /// The mean loss of a pair.
        case loss = "loss/validation"
        /// The share of pairs whose margin is above 0.
        case accuracy = "margin accuracy"
        /// β times the mean margin.
        case margin = "margin"
        /// The mean log-probability of a chosen answer, in nats.
        case chosen = "log-probability/chosen"
        /// The mean log-probability of a rejected answer, in nats.
        case rejected = "log-probability/rejected"
        /// The mean divergence of the next token's distribution from the reference's at the chosen answers' tokens, in
        /// nats.
        case divergence = "KL to the reference"
    }

    /// Supervised learning of answers: the mean cross-entropy of their tokens.
    ///
    /// - Throws: ``FitError`` where there is nothing to learn or a step cannot fit into memory; ``Diverged`` where
    ///   training failed after a checkpoint; `RunInterrupted`.
    public func run<Model: FineTunedModel>(
        _ model: Model, on answers: [ScoredText], key: RandomKey, in session: FitSession = .silent
    ) throws -> Result<AnswerMeasure> {
        try check(model, answers)
        let parts = try Parts(answers, self, key)
        return try run(model, parts, session, judgedBy: AnswerMeasure.loss, made: \.merged) { model, answers in
            model.policy.loss(answers)
        } measure: { model in
            let (policy, reference) = (model.policy, model.reference)
            var (loss, divergence, count) = (0.0, 0.0, 0.0)
            for answers in parts.measured(batch) {
                let (logits, tokens) = policy.scoredLogits(answers)
                loss += logits.crossEntropies(tokens).sum()
                divergence += logits.klDivergences(to: reference.scoredLogits(answers).logits).sum()
                count += Double(tokens.count)
            }
            return Measured(of: AnswerMeasure.self) { $0 == .loss ? loss / count : divergence / count }
        }
    }

    /// Learning from pairs of answers: direct preference optimization.
    ///
    /// - Parameters:
    ///   - loss: of a pair's margin.
    ///   - weight: β.
    /// - Throws: ``FitError`` where there is nothing to learn or a step cannot fit into memory; ``Diverged`` where
    ///   training failed after a checkpoint; `RunInterrupted`.
    public func run<Model: FineTunedModel>(
        _ model: Model, on pairs: [AnswerPair], loss: PreferenceLoss = .sigmoid, weight: Double = 0.1, key: RandomKey,
        in session: FitSession = .silent
    ) throws -> Result<PreferenceMeasure> {
        try check(model, pairs.flatMap { [$0.chosen, $0.rejected] })
        let parts = try Parts(Array(pairs.indices), self, key)
        let logs = try ReferenceLogs(
            model.reference, pairs, used: parts.used(in: steps), rows: batch, in: session)
        return try run(model, parts, session, judgedBy: PreferenceMeasure.loss, made: \.merged) { model, rows in
            PairRatios(model.policy, pairs, rows, logs).losses(loss, weight).mean()
        } measure: { model in
            let (policy, reference) = (model.policy, model.reference)
            var (sums, count) = ([PreferenceMeasure: Double](), 0.0)
            for rows in parts.measured(batch) {
                for (measure, value) in PairRatios(policy, pairs, rows, logs).measured(loss, weight) {
                    sums[measure, default: 0] += value
                }
                let chosen = rows.map { pairs[$0].chosen }
                let divergences = policy.scoredLogits(chosen).logits.klDivergences(
                    to: reference.scoredLogits(chosen).logits)
                sums[.divergence, default: 0] += Double(divergences.mean().item) * Double(rows.count)
                count += Double(rows.count)
            }
            return Measured(of: PreferenceMeasure.self) { (sums[$0] ?? .nan) / count }
        }
    }

    func run<Trained: ParameterTree, Made: Sendable, Sample, Measure: FitMeasure>(
        _ model: Trained, _ parts: Parts<Sample>, _ session: FitSession, judgedBy judge: Measure,
        made: (Trained) -> Made, loss: (Trained, [Sample]) -> Tensor, measure: (Trained) -> Measured
    ) throws -> TunedModel<Made, Measure> {
        var fit = Fit(steps: steps)
        fit.evaluateEvery = max(1, steps / max(1, evaluations))
        fit.checkpointSeconds = checkpointSeconds
        let isSmall = model.parameters.reduce(0) { $0 + $1.tensor.count } < Self.smallCheckpoint
        fit.checkpointEvery = isSmall ? fit.evaluateEvery : nil
        fit.clipNorm = clipNorm
        fit.schedule = .cosine(warmup: Int((warmup * Double(steps)).rounded()), total: steps, floor: 0.1)
        let optimizer = Adam.decoupled(learningRate: learningRate, weightDecay: weightDecay)
        let first = FitEvaluation(step: 0, values: measure(model))
        do {
            let result = try fit.run(
                model, optimizer: optimizer, label: label, in: session, evaluate: { model, _ in measure(model) }
            ) { model, step in loss(model, parts.batch(step)) }
            return TunedModel(
                model: made(result.model), losses: result.losses, evaluations: [first] + result.evaluations,
                isHeldOut: parts.isHeldOut)
        } catch let cause as FitError {
            var kept = FitResult(model: model, optimizer: optimizer)
            let checkpoint = session.checkpoints.map { FitCheckpoint(folder: $0, label: label) }
            guard try checkpoint?.restore(&kept) != nil, kept.steps > 0 else { throw cause }
            // It may have been written when training had gone wrong already.
            let last = FitEvaluation(step: kept.steps, values: measure(kept.model))
            guard last[judge] <= first[judge] else { throw cause }
            throw DivergedTraining(cause: cause, model: made(kept.model), steps: kept.steps)
        }
    }

    /// Parameters of which a checkpoint is written in a moment.
    static let smallCheckpoint = 20_000_000

    /// The texts that are trained on, in batches, and those that are measured.
    struct Parts<Sample> {
        let trained: [Sample]
        let held: [Sample]
        let isHeldOut: Bool
        private let batches: Batches

        init(_ samples: [Sample], _ training: FineTuning, _ key: RandomKey) throws {
            guard !samples.isEmpty else { throw FitError("there is nothing to learn from: give it a text or more") }
            var random = key["split"].generator()
            let order = Array(samples.indices).shuffled(using: &random)
            let share = Int(training.validationFraction * Double(samples.count))
            let count = samples.count < 10 ? 0 : min(training.validationCount, share)
            isHeldOut = count > 0
            trained = order.dropFirst(count).map { samples[$0] }
            held = (isHeldOut ? order.prefix(count) : order.prefix(training.validationCount)).map { samples[$0] }
            batches = Batches(
                count: trained.count, size: min(max(1, training.batch), trained.count), key: key["batches"])
        }

        /// All that so many steps train on, and what is measured.
        func used(in steps: Int) -> [Sample] where Sample: Hashable {
            var (seen, all) = (Set<Sample>(), [Sample]())
            // An epoch has each once.
            let steps = (0..<min(steps, batches.perEpoch)).flatMap(batch) + (steps > batches.perEpoch ? trained : [])
            for sample in held + steps where seen.insert(sample).inserted { all.append(sample) }
            return all
        }

        func batch(_ step: Int) -> [Sample] { batches.rows(step: step).map { trained[$0] } }

        func measured(_ size: Int) -> [[Sample]] {
            stride(from: 0, to: held.count, by: max(1, size)).map {
                Array(held[$0..<min($0 + max(1, size), held.count)])
            }
        }
    }

    /// What a step takes.
    public struct Cost: Sendable, Hashable {
        /// Seconds of a step on the longest texts.
        public var seconds: Double
        /// The most bytes that tensors hold at once in it, the model included.
        public var bytes: Int
    }

    /// What a step on the longest answers takes, by making one without moving the model.
    ///
    /// - Throws: ``FitError`` where there is nothing to learn or a step cannot fit into memory.
    public func cost(of model: some FineTunedModel, on answers: [ScoredText]) throws -> Cost {
        try check(model, answers)
        let longest = answers.sorted { $0.tokens.count > $1.tokens.count }.prefix(batch)
        return Self.cost(of: model) { $0.policy.loss(Array(longest)) }
    }

    /// The same for pairs of answers.
    ///
    /// - Throws: ``FitError`` where there is nothing to learn or a step cannot fit into memory.
    public func cost(of model: some FineTunedModel, on pairs: [AnswerPair]) throws -> Cost {
        try check(model, pairs.flatMap { [$0.chosen, $0.rejected] })
        func length(_ pair: AnswerPair) -> Int { pair.chosen.tokens.count + pair.rejected.tokens.count }
        let longest = Array(pairs.sorted { length($0) > length($1) }.prefix(batch))
        let rows = Array(longest.indices)
        let logs = try ReferenceLogs(model.reference, longest, used: rows, rows: batch, in: .silent)
        return Self.cost(of: model) { PairRatios($0.policy, longest, rows, logs).losses(.sigmoid, 0.1).mean() }
    }

    static func cost<Model: ParameterTree>(of model: Model, _ loss: (Model) -> Tensor) -> Cost {
        // The first step also packs weights.
        _ = valueWithGradient(at: model, of: loss)
        Compute.resetPeakBytes()
        let start = ContinuousClock.now
        _ = valueWithGradient(at: model, of: loss)
        return Cost(seconds: (ContinuousClock.now - start) / .seconds(1), bytes: Compute.peakBytes)
    }

    /// Refuses a step whose activations cannot fit into the machine's memory, before anything is allocated: the system
    /// would end the process.
    func check(_ model: some FineTunedModel, _ texts: [ScoredText]) throws {
        let needed = Self.leastBytes(model.reference, texts, batch: batch)
        let present = Double(ProcessInfo.processInfo.physicalMemory)
        guard needed <= present else {
            let (gigabytes, has) = (String(format: "%.0f", 1e-9 * needed), String(format: "%.0f", 1e-9 * present))
            throw FitError(
                "a step of \(batch) texts needs more than \(gigabytes) GB of memory, and this machine has \(has): take a "
                    + "smaller batch or shorter texts")
        }
    }

    /// What the tape of a step keeps at the least, in bytes: eight activations `[T, D]` a block, and logits of the scored
    /// tokens, for the longest texts.
    static func leastBytes(_ model: HookedTransformer, _ texts: [ScoredText], batch: Int) -> Double {
        let sizes = model.configuration
        let longest = texts.sorted { $0.tokens.count > $1.tokens.count }.prefix(batch)
        return longest.reduce(0) { sum, text in
            let activations = 8 * Double(sizes.layers) * Double(sizes.width) * Double(text.tokens.count)
            return sum + 4 * (activations + Double(sizes.vocabulary) * Double(text.scoredCount))
        }
    }
}
