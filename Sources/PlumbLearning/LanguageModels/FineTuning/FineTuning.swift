internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbNN
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

    /// Training with the reference settings but for these.
    public init(steps: Int, batch: Int, learningRate: Double) {
        (self.steps, self.batch, self.learningRate) = (steps, batch, learningRate)
    }

    /// A trained model, and how it became so.
    public struct Result<Measure: FitMeasure>: Sendable {
        /// The model after the last step; of LoRA, the merged one.
        public var model: HookedTransformer
        /// The loss before each step.
        public var losses: [Float]
        /// What was measured; the first is the beginning's.
        public var evaluations: [FitEvaluation]
        /// Whether texts were measured that were not trained on.
        public var isHeldOut: Bool
    }

    /// Training that could not go on, and the model that its last checkpoint holds, whose loss is no higher than that of the
    /// beginning.
    public struct Diverged: Error, CustomStringConvertible {
        /// What happened.
        public var cause: FitError
        /// The model after the last steps that were sound; of LoRA, the merged one.
        public var model: HookedTransformer
        /// How many steps those were.
        public var steps: Int
        /// What happened, and what is left.
        public var description: String { "\(cause) The weights of step \(steps) are the last good ones." }
    }

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
        return try run(model, parts, session, judgedBy: AnswerMeasure.loss) { policy, answers in
            policy.loss(answers)
        } measure: { policy, reference in
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
        let parts = try Parts(pairs, self, key)
        let reference = model.reference
        return try run(model, parts, session, judgedBy: PreferenceMeasure.loss) { policy, pairs in
            PairRatios(policy, reference, pairs).losses(loss, weight).mean()
        } measure: { policy, reference in
            var (sums, count) = ([PreferenceMeasure: Double](), 0.0)
            for pairs in parts.measured(batch) {
                for (measure, value) in PairRatios(policy, reference, pairs).measured(loss, weight) {
                    sums[measure, default: 0] += value
                }
                let chosen = pairs.map(\.chosen)
                let divergences = policy.scoredLogits(chosen).logits.klDivergences(
                    to: reference.scoredLogits(chosen).logits)
                sums[.divergence, default: 0] += Double(divergences.mean().item) * Double(pairs.count)
                count += Double(pairs.count)
            }
            return Measured(of: PreferenceMeasure.self) { (sums[$0] ?? .nan) / count }
        }
    }

    private func run<Model: FineTunedModel, Sample, Measure: FitMeasure>(
        _ model: Model, _ parts: Parts<Sample>, _ session: FitSession, judgedBy judge: Measure,
        loss: (HookedTransformer, [Sample]) -> Tensor,
        measure: (HookedTransformer, HookedTransformer) -> Measured
    ) throws -> Result<Measure> {
        var fit = Fit(steps: steps)
        fit.evaluateEvery = max(1, steps / max(1, evaluations))
        fit.checkpointSeconds = checkpointSeconds
        let isSmall = model.parameters.reduce(0) { $0 + $1.tensor.count } < Self.smallCheckpoint
        fit.checkpointEvery = isSmall ? fit.evaluateEvery : nil
        fit.clipNorm = clipNorm
        fit.schedule = .cosine(warmup: Int((warmup * Double(steps)).rounded()), total: steps, floor: 0.1)
        let optimizer = Adam.decoupled(learningRate: learningRate, weightDecay: weightDecay)
        let first = FitEvaluation(step: 0, values: measure(model.policy, model.reference))
        do {
            let result = try fit.run(
                model, optimizer: optimizer, label: Self.label, in: session,
                evaluate: { model, _ in measure(model.policy, model.reference) }
            ) { model, step in loss(model.policy, parts.batch(step)) }
            return Result(
                model: result.model.merged, losses: result.losses, evaluations: [first] + result.evaluations,
                isHeldOut: parts.isHeldOut)
        } catch let cause as FitError {
            var kept = FitResult(model: model, optimizer: optimizer)
            let checkpoint = session.checkpoints.map { FitCheckpoint(folder: $0, label: Self.label) }
            guard try checkpoint?.restore(&kept) != nil, kept.steps > 0 else { throw cause }
            // It may have been written when training had gone wrong already.
            let last = FitEvaluation(step: kept.steps, values: measure(kept.model.policy, model.reference))
            guard last[judge] <= first[judge] else { throw cause }
            throw Diverged(cause: cause, model: kept.model.merged, steps: kept.steps)
        }
    }

    private static let label = "fine-tuning"
    /// Parameters of which a checkpoint is written in a moment.
    private static let smallCheckpoint = 20_000_000

    /// The texts that are trained on, in batches, and those that are measured.
    private struct Parts<Sample> {
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
        let reference = model.reference
        return Self.cost(of: model) { PairRatios($0.policy, reference, longest).losses(.sigmoid, 0.1).mean() }
    }

    private static func cost<Model: FineTunedModel>(of model: Model, _ loss: (Model) -> Tensor) -> Cost {
        // The first step also packs weights.
        _ = valueWithGradient(at: model, of: loss)
        Compute.resetPeakBytes()
        let start = ContinuousClock.now
        _ = valueWithGradient(at: model, of: loss)
        return Cost(seconds: (ContinuousClock.now - start) / .seconds(1), bytes: Compute.peakBytes)
    }

    /// Refuses a step whose activations cannot fit into the machine's memory, before anything is allocated: the system
    /// would end the process.
    private func check(_ model: some FineTunedModel, _ texts: [ScoredText]) throws {
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

/// The log-probabilities of pairs of answers under a policy, and how far they are from a reference's.
///
/// - Shapes: every tensor `[B]`.
struct PairRatios {
    let chosen: Tensor
    let rejected: Tensor
    let chosenRatios: Tensor
    let rejectedRatios: Tensor
    private let lengths: (chosen: [Int], rejected: [Int])

    init(_ policy: HookedTransformer, _ reference: HookedTransformer, _ pairs: [AnswerPair]) {
        let texts = pairs.map(\.chosen) + pairs.map(\.rejected)
        let logs = policy.logProbabilities(texts)
        let ratios = logs - reference.logProbabilities(texts).detached()
        let (first, second) = (0..<pairs.count, pairs.count..<texts.count)
        (chosen, rejected) = (logs[first], logs[second])
        (chosenRatios, rejectedRatios) = (ratios[first], ratios[second])
        lengths = (pairs.map(\.chosen.scoredCount), pairs.map(\.rejected.scoredCount))
    }

    func losses(_ loss: PreferenceLoss, _ weight: Double) -> Tensor {
        loss.values(chosen: chosenRatios, rejected: rejectedRatios, weight: Float(weight), lengths: lengths)
    }

    /// Sums over the pairs.
    func measured(_ loss: PreferenceLoss, _ weight: Double) -> [FineTuning.PreferenceMeasure: Double] {
        let margins = (chosenRatios - rejectedRatios).elements.map(Double.init)
        return [
            .loss: losses(loss, weight).sum(), .accuracy: Double(margins.count { $0 > 0 }),
            .margin: weight * margins.reduce(0, +), .chosen: chosen.sum(), .rejected: rejected.sum(),
        ]
    }
}
