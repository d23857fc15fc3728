public import PlumbTensor

extension HookedTransformer: HookedModel {
    /// Shows every parameter by its name in Hugging Face's checkpoints; a stored weight becomes dense float32. Fused queries,
    /// keys and values show all queries first.
    public mutating func visit(_ visitor: inout ParameterVisitor) { transformer.visit(&visitor) }

    /// Logits of one prompt, every activation on the way handed to `hooks`.
    ///
    /// - Shapes: result `[T, V]`.
    /// - Precondition: ``check(_:)`` accepts `tokens`.
    public func forward(_ tokens: [Int], _ hooks: inout HookRunner) -> Tensor {
        logits(of: [tokens], leading: [tokens.count], &hooks)
    }

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
        requirePoints(of: interventions, positions: tokens.count)
        return try differentiated(tokens, interventions, recording, metric, checkOutput: requireNumbers)
    }
}
