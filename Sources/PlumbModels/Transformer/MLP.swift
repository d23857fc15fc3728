internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// The part of a block that works on each position by itself.
enum MLP: Sendable {
    /// `down(gelu(up(x)))` with the tanh form of GELU: GPT-2.
    case gelu(up: Linear, down: Linear)
    /// `down(silu(gate(x)) · up(x))`, gate and up in one product `[2F, D]`: Llama (Shazeer 2020, arXiv:2002.05202).
    case gatedSilu(gateUp: Linear, down: Linear)
    /// None: an attention-only model.
    case absent

    /// The layers, in the order in which activations pass them.
    var linears: [Linear] {
        switch self {
        case .gelu(let up, let down): [up, down]
        case .gatedSilu(let gateUp, let down): [gateUp, down]
        case .absent: []
        }
    }

    /// What the MLP adds to the residual stream; `residual` is added too where one is given.
    ///
    /// - Shapes: `x` `[R, D]`, normalised; result `[R, D]`.
    func callAsFunction(
        _ x: Tensor, adding residual: Tensor?, block: Int, _ arithmetic: Arithmetic, _ hooks: inout HookRunner
    ) -> Tensor {
        guard let down = linears.last else { unmet("an attention-only block has no MLP") }
        let neurons = hooks(activated(x, block: block, arithmetic, &hooks), at: .block(block, .mlpPost))
        return down(neurons, adding: residual, arithmetic: arithmetic)
    }

    private func activated(_ x: Tensor, block: Int, _ arithmetic: Arithmetic, _ hooks: inout HookRunner) -> Tensor {
        switch self {
        case .gelu(let up, _):
            return hooks(up(x, arithmetic: arithmetic), at: .block(block, .mlpPre)).geluTanh()
        case .gatedSilu(let gateUp, _):
            let joined = gateUp(x, arithmetic: arithmetic)
            guard hooks.watches(.block(block, .mlpPre)) || hooks.watches(.block(block, .mlpPreLinear)) else {
                return joined.gatedSilu()
            }
            let width = joined.shape[1] / 2
            let gate = hooks(joined.columns(0..<width), at: .block(block, .mlpPre))
            let linear = hooks(joined.columns(width..<2 * width), at: .block(block, .mlpPreLinear))
            return Tensor.concatenated([gate, linear], axis: 1).gatedSilu()
        case .absent: return x
        }
    }
}
