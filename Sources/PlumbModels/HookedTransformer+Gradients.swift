internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

/// What a run with gradients gives.
public struct GradientRun: Sendable {
    /// The metric that was differentiated.
    public let value: Float
    /// Logits, `[T, V]`.
    public let output: Tensor
    /// The recorded activations.
    public let cache: ActivationCache
    /// The gradient of the metric at each recorded activation, under the same hook points and with the same shapes.
    public let gradients: ActivationCache
}

extension HookedTransformer: ParameterTree {
    /// Shows every parameter by its name in Hugging Face's checkpoints; a stored weight becomes dense float32.
    public mutating func visit(_ visitor: inout ParameterVisitor) { transformer.visit(&visitor) }
}

extension HookedTransformer {
    /// Runs the model over one prompt and differentiates a metric of its logits with respect to its activations: one
    /// forward pass and one backward pass, whatever the number of activations. Weights get no gradient.
    ///
    /// ```swift
    /// let run = try model.gradients(tokens, recording: .sites(.residPre, .z)) { logits in
    ///     let last = logits[logits.shape[0] - 1]
    ///     return last[answer] - last[wrong]
    /// }
    /// run.gradients[.block(3, .z)]
    /// ```
    ///
    /// Interventions are differentiated through where they are made of operations, as those this library offers are.
    ///
    /// - Parameters:
    ///   - tokens: the prompt, T of them.
    ///   - interventions: changes to activations, in this run only.
    ///   - recording: which activations to keep and to differentiate with respect to.
    ///   - metric: from logits `[T, V]` to one number.
    /// - Throws: ``ModelError`` for a prompt that the model cannot read, or a metric that is not a number.
    public func gradients(
        _ tokens: [Int], with interventions: [Intervention] = [], recording: Recording,
        of metric: (Tensor) throws -> Tensor
    ) throws -> GradientRun {
        try check(tokens)
        requirePoints(of: interventions)
        return try Differentiation.run { differentiation in
            var hooks = HookRunner(interventions: interventions, recording: recording, leading: [tokens.count])
            hooks.differentiation = differentiation
            let batch = RaggedBatch(lengths: [tokens.count], arithmetic: arithmetic)
            let stream = transformer.stream(tokens, in: batch, &hooks)
            let logits = transformer.logits(stream, in: batch, &hooks)
            let value = try metric(logits)
            require(value.count == 1, "a metric must be one number, got shape \(value.shape)")
            guard value.item.isFinite else {
                try requireNumbers(logits.detached())
                throw ModelError("the metric is not a number: \(value.item)")
            }
            var cache = hooks.cache
            let points = cache.points.filter { cache.rows[$0]?.isTraced ?? false }
            let activations = points.compactMap { cache.rows[$0] }
            let found = differentiation.gradients(
                of: value, seed: Tensor(repeating: 1, shape: value.shape), at: activations)
            var gradients = ActivationCache()
            gradients.layout = cache.layout
            for (point, gradient) in zip(points, found) { gradients.rows[point] = gradient }
            for (point, value) in cache.rows { cache.rows[point] = value.detached() }
            return GradientRun(value: value.item, output: logits.detached(), cache: cache, gradients: gradients)
        }
    }
}
