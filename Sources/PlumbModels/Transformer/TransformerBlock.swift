internal import PlumbNN
internal import PlumbTensor

/// One block: attention and MLP, each reading the normalized residual stream and adding to it.
///
/// Sequential, `x = x + attn(ln1(x)); x = x + mlp(ln2(x))`; parallel, `x = x + attn(ln1(x)) + mlp(ln2(x))`.
struct TransformerBlock: Sendable {
    let isParallel: Bool
    var ln1: Normalization
    var attention: Attention
    /// The norm of the MLP, and the MLP; both nil in an attention-only model.
    var ln2: Normalization?
    var mlp: FeedForward?

    /// The residual stream that leaves the block.
    ///
    /// - Shapes: `residual` and result `[R, D]`.
    func callAsFunction(_ residual: Tensor, block i: Int, in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        let pre = hooks(residual, at: .block(i, .residPre))
        let mid = afterAttention(pre, block: i, in: batch, &hooks)
        return afterMLP(mid, pre: pre, block: i, in: batch, &hooks)
    }

    /// `pre + attn(ln1(pre))`, `[R, D]`.
    func afterAttention(_ pre: Tensor, block i: Int, in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        let x = ln1(pre, scale: .block(i, .ln1Scale), normalized: .block(i, .ln1Normalized), &hooks)
        let sum: Tensor
        if hooks.watches(.block(i, .attnOut)) {
            sum = hooks(attention(x, adding: nil, block: i, in: batch, &hooks), at: .block(i, .attnOut)) + pre
        } else {
            sum = attention(x, adding: pre, block: i, in: batch, &hooks)
        }
        return isParallel ? sum : hooks(sum, at: .block(i, .residMid))
    }

    /// `mid + mlp(ln2(x))`, `[R, D]`; x is `mid`, or `pre` in a parallel block.
    func afterMLP(
        _ mid: Tensor, pre: Tensor, block i: Int, in batch: RaggedBatch, _ hooks: inout HookRunner
    ) -> Tensor {
        guard let ln2, let mlp else { return hooks(mid, at: .block(i, .residPost)) }
        let source = isParallel ? pre : mid
        let x = ln2(source, scale: .block(i, .ln2Scale), normalized: .block(i, .ln2Normalized), &hooks)
        guard hooks.watches(.block(i, .mlpOut)) else {
            return hooks(mlp(x, adding: mid, block: i, batch.arithmetic, &hooks), at: .block(i, .residPost))
        }
        let out = hooks(mlp(x, adding: nil, block: i, batch.arithmetic, &hooks), at: .block(i, .mlpOut))
        return hooks(out + mid, at: .block(i, .residPost))
    }
}
