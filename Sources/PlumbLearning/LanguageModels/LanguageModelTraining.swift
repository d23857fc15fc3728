internal import Foundation
public import PlumbData
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// How a language model is trained on a text: windows of a token stream, AdamW with β = (0.9, 0.99) whose weight decay
/// shrinks every parameter, a warm-up, and half a cosine down to a tenth of the learning rate.
///
/// ```swift
/// let training = LanguageModelTraining(steps: 2_000, batch: 16, learningRate: 1e-3)
/// let result = try training.run(model, on: TokenStream(corpus, vocabulary: vocabulary), key: RandomKey(0))
/// print(result.validation.last)
/// ```
public struct LanguageModelTraining: Sendable {
    /// Training steps.
    public var steps: Int
    /// B, the windows of a step.
    public var batch: Int
    /// T, the tokens that a window reads; by default the model's context.
    public var length: Int?
    /// The highest learning rate, at the end of the warm-up.
    public var learningRate: Double
    /// The part of the steps over which the learning rate rises.
    public var warmup = 0.05
    /// AdamW's weight decay, which each step multiplies by the learning rate.
    public var weightDecay = 0.01
    /// The largest norm a gradient may have; longer ones are scaled down to it. Nil for no limit.
    public var clipNorm: Double? = 1
    /// The last part of the text, which is not trained on.
    public var validationFraction = 0.1
    /// The most windows that an evaluation reads, taken evenly over the validation text.
    public var validationWindows = 64
    /// How often the model is evaluated in the whole run.
    public var evaluations = 10

    /// Training with the reference settings but for these.
    public init(steps: Int, batch: Int, learningRate: Double, length: Int? = nil) {
        (self.steps, self.batch, self.learningRate, self.length) = (steps, batch, learningRate, length)
    }

    /// A trained language model, and how the training went.
    public struct Result: Sendable {
        /// The model after the last step; of LoRA, the merged one.
        public var model: HookedTransformer
        /// The loss before each step, in nats.
        public var losses: [Float]
        /// The loss on text that was not trained on, after so many steps, in nats; the first is the beginning's.
        public var validation: [(step: Int, loss: Double)]
    }

    /// Trains every weight of `model`.
    ///
    /// - Throws: `FileError` for a text shorter than a window; ``FitError``, also for a step that cannot fit into this
    ///   machine's memory; `RunInterrupted`.
    public func run(
        _ model: HookedTransformer, on stream: TokenStream, key: RandomKey, in session: FitSession = .silent
    ) throws -> Result {
        try run(model, on: stream, key, session) {
            $0
        } made: {
            $0
        }
    }

    /// Trains the pairs of `lora`; the result's model is the merged one.
    ///
    /// - Throws: `FileError` for a text shorter than a window; ``FitError``, also for a step that cannot fit into this
    ///   machine's memory; `RunInterrupted`.
    public func run(
        _ lora: LoRA, on stream: TokenStream, key: RandomKey, in session: FitSession = .silent
    ) throws -> Result {
        try run(lora, on: stream, key, session) {
            $0.adapted
        } made: {
            $0.merged
        }
    }

    private enum Measure: String, FitMeasure { case validationLoss = "loss/validation" }

    private func run<Trained: ParameterTree>(
        _ trained: Trained, on stream: TokenStream, _ key: RandomKey, _ session: FitSession,
        model: (Trained) -> HookedTransformer, made: (Trained) -> HookedTransformer
    ) throws -> Result {
        let length = length ?? model(trained).configuration.context
        try checkMemory(model(trained).configuration, length)
        let (train, held) = stream.split(validation: validationFraction)
        let windows = try train.windows(length: length, batch: batch, key: key["windows"])
        let validation = held.evenWindows(length: length, atMost: validationWindows)
        func measure(_ trained: Trained) -> Measured {
            Measured(of: Measure.self) { _ in model(trained).meanLoss(validation, rows: batch) }
        }
        func loss(_ trained: inout Trained, _ step: Int) -> Tensor { model(trained).loss(windows.batch(step: step)) }
        var fit = Fit(steps: steps)
        fit.evaluateEvery = max(1, steps / max(1, evaluations))
        fit.clipNorm = clipNorm
        let rise = Int((warmup * Double(steps)).rounded())
        fit.schedule = .cosine(warmup: rise, total: steps, floor: 0.1)
        let optimizer = Adam.decoupled(
            learningRate: learningRate, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: weightDecay)
        guard validation.rows > 0 else {
            let result = try fit.run(trained, optimizer: optimizer, in: session, loss: loss)
            if steps > 0 { try checkEnd(Double(model(result.model).loss(windows.batch(step: steps - 1)).item)) }
            return Result(model: made(result.model), losses: result.losses, validation: [])
        }
        let first = measure(trained)[Measure.validationLoss]
        let result = try fit.run(
            trained, optimizer: optimizer, in: session, evaluate: { trained, _ in measure(trained) }, loss: loss)
        let later = result.curve(Measure.validationLoss)
        // Without steps the end is the beginning.
        let measured = steps > 0 ? zip(later.steps, later.values).map { (step: Int($0), loss: $1) } : []
        try checkEnd(measured.last?.loss ?? first)
        return Result(
            model: made(result.model), losses: result.losses,
            validation: [(step: 0, loss: first)] + measured)
    }

    /// Refuses a model that its last step ruined: no loss follows that would show it.
    private func checkEnd(_ loss: Double) throws {
        guard !loss.isFinite else { return }
        throw FitError(
            "training diverged in its last steps: the loss at the end is \(loss.isNaN ? .nan : loss). Take a smaller "
                + "learning rate than \(learningRate).")
    }

    /// Refuses a step whose activations cannot fit into the machine's memory, before anything is allocated: the system
    /// would end the process.
    ///
    /// Counted is what the tape keeps at the least: eight activations `[B, T, D]` a block, and the logits `[B, T, V]`.
    private func checkMemory(_ sizes: TransformerConfiguration, _ length: Int) throws {
        let tokens = Double(batch) * Double(length)
        let values = 8 * Double(sizes.layers) * Double(sizes.width) + Double(sizes.vocabulary)
        let (gigabytes, present) = (4e-9 * tokens * values, 1e-9 * Double(ProcessInfo.processInfo.physicalMemory))
        guard gigabytes <= present else {
            let (needed, has) = (String(format: "%.0f", gigabytes), String(format: "%.0f", present))
            throw FitError(
                "a step of \(batch) windows of \(length) tokens needs more than \(needed) GB of memory, and this machine "
                    + "has \(has): take a smaller batch or shorter windows")
        }
    }
}

extension TokenStream {
    /// At most `limit` windows that do not overlap, spread evenly over the stream.
    func evenWindows(length: Int, atMost limit: Int) -> TokenBatch {
        let all = consecutiveWindows(length: length)
        guard all.rows > limit else { return all }
        let chosen = (0..<limit).flatMap { all[$0 * all.rows / limit] }
        return TokenBatch(chosen, rows: limit, columns: all.columns)
    }
}
