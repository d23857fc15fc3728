internal import PlumbNN
internal import PlumbTensor

/// The part of a block that works on each position by itself: `output(f(input(x)))`, `output(norm(f(input(x))))`, or, gated, `output(f(gate(x)) · up(x))`
/// (Shazeer 2020, arXiv:2002.05202).
struct FeedForward: Sendable {
    let activation: Activation
    let isGated: Bool
    /// The norm of the neurons; with softmax linear units.
    var norm: Normalization?
    /// `[F, D]`; gated, the gate and the linear half in one product, `[2F, D]`.
    var input: Linear
    /// `[D, F]`
    var output: Linear

    var hasBias: Bool { input.bias != nil || output.bias != nil }

    /// What the MLP adds to the residual stream; `residual` is added too where one is given.
    ///
    /// - Shapes: `x` `[R, D]`, normalized; result `[R, D]`.
    func callAsFunction(
        _ x: Tensor, adding residual: Tensor?, block: Int, _ arithmetic: Arithmetic, _ hooks: inout HookRunner
    ) -> Tensor {
        let neurons = hooks(neurons(x, block: block, arithmetic, &hooks), at: .block(block, .mlpPost))
        return output(neurons, adding: residual, arithmetic: arithmetic)
    }

    private func neurons(_ x: Tensor, block: Int, _ arithmetic: Arithmetic, _ hooks: inout HookRunner) -> Tensor {
        let fused = input(x, arithmetic: arithmetic)
        guard isGated else {
            let active = activation(hooks(fused, at: .block(block, .mlpPre)))
            guard let norm else { return active }
            return norm(
                hooks(active, at: .block(block, .mlpMid)), scale: .block(block, .mlpNormScale),
                normalized: .block(block, .mlpNormNormalized), &hooks)
        }
        let isWatched = hooks.watches(.block(block, .mlpPre)) || hooks.watches(.block(block, .mlpPreLinear))
        if activation == .silu, !isWatched { return fused.gatedSilu() }
        let width = fused.shape[1] / 2
        let gate = hooks(fused.columns(0..<width), at: .block(block, .mlpPre))
        let linear = hooks(fused.columns(width..<2 * width), at: .block(block, .mlpPreLinear))
        guard activation == .silu else { return activation(gate) * linear }
        return Tensor.concatenated([gate, linear], axis: 1).gatedSilu()
    }
}
