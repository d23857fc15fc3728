internal import PlumbBasics
public import PlumbTensor

/// A model whose activations can be read and changed: it hands each to the ``HookRunner`` under the name of its
/// ``HookPoint``, in one line.
///
/// ```swift
/// func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
///     let hidden = hooks(first(x).relu(), at: .block(0, .mlpPost))
///     return hooks(output(hidden), at: .logits)
/// }
/// ```
///
/// Runs with interventions and recordings, patching, steering and gradients follow from that.
public protocol HookedModel<Input>: ParameterTree {
    /// What the model reads.
    associatedtype Input

    /// The model's output, every activation on the way handed to `hooks`.
    ///
    /// - Shapes: as the model says.
    func forward(_ input: Input, _ hooks: inout HookRunner) -> Tensor
}

extension HookedModel {
    /// Runs the model. Interventions last for this run only.
    ///
    /// - Parameters:
    ///   - input: what the model reads.
    ///   - interventions: changes to activations.
    ///   - recording: which activations to keep.
    /// - Precondition: the run meets every point that an intervention changes.
    public func run(
        _ input: Input, with interventions: [Intervention] = [], recording: Recording = .none
    ) -> (output: Tensor, cache: ActivationCache) {
        var hooks = HookRunner(interventions: interventions, recording: recording)
        let output = forward(input, &hooks)
        requireMet(hooks)
        return (output, hooks.cache)
    }

    /// Runs the model and differentiates a metric of its output with respect to its activations: one forward pass and one
    /// backward pass, whatever the number of activations. Weights get no gradient.
    ///
    /// Interventions are differentiated through where they are made of operations, as those this library offers are.
    ///
    /// - Parameters:
    ///   - input: what the model reads.
    ///   - interventions: changes to activations, in this run only.
    ///   - recording: which activations to keep and to differentiate with respect to.
    ///   - metric: from the output to one number.
    /// - Throws: ``ModelError`` for a metric that is not a number.
    public func gradients(
        _ input: Input, with interventions: [Intervention] = [], recording: Recording,
        of metric: (Tensor) throws -> Tensor
    ) throws -> GradientRun {
        try differentiated(input, interventions, recording, metric) { _ in }
    }

    /// - Parameter checkOutput: throws for an output that explains why the metric is not a number.
    func differentiated(
        _ input: Input, _ interventions: [Intervention], _ recording: Recording, _ metric: (Tensor) throws -> Tensor,
        checkOutput: (Tensor) throws -> Void
    ) throws -> GradientRun {
        try Differentiation.run { differentiation in
            var hooks = HookRunner(interventions: interventions, recording: recording)
            hooks.differentiation = differentiation
            let output = forward(input, &hooks)
            requireMet(hooks)
            let value = try metric(output)
            require(value.count == 1, "a metric must be one number, got shape \(value.shape)")
            guard value.item.isFinite else {
                try checkOutput(output.detached())
                throw ModelError("the metric is not a number: \(value.item)")
            }
            var cache = hooks.cache
            let points = cache.points.filter { cache.rows[$0]?.isTraced ?? false }
            let found = differentiation.gradients(
                of: value, seed: Tensor(repeating: 1, shape: value.shape), at: points.compactMap { cache.rows[$0] })
            var gradients = ActivationCache()
            gradients.layout = cache.layout
            for (point, gradient) in zip(points, found) { gradients.rows[point] = gradient }
            for (point, value) in cache.rows { cache.rows[point] = value.detached() }
            return GradientRun(value: value.item, output: output.detached(), cache: cache, gradients: gradients)
        }
    }

    private func requireMet(_ hooks: HookRunner) {
        require(
            hooks.unmetPoints.isEmpty,
            "the model has no hook point \(hooks.unmetPoints.map(\.description).sorted().joined(separator: ", "))")
    }
}

/// What a run with gradients gives.
public struct GradientRun: Sendable {
    /// The metric that was differentiated.
    public let value: Float
    /// The model's output; of a transformer, logits `[T, V]`.
    public let output: Tensor
    /// The recorded activations.
    public let cache: ActivationCache
    /// The gradient of the metric at each recorded activation, under the same hook points and with the same shapes.
    public let gradients: ActivationCache
}
