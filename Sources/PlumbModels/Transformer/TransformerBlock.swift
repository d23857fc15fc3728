internal import PlumbNN
internal import PlumbTensor

/// One block: attention and MLP, each reading the residual stream and adding to it.
///
/// Sequential, `x = x + attn(ln1(x)); x = x + mlp(ln2(x))`; parallel, `x = x + attn(ln1(x)) + mlp(ln2(x))`. Norms of
/// what they write, and norms of the stream itself, stand where the design has them.
struct TransformerBlock: Sendable {
    let isParallel: Bool
    /// Whether the norms are of the stream after each sum, `x = ln1(x + attn(x)); x = ln2(x + mlp(x))`.
    let normalizesStream: Bool
    /// The norm of what attention reads, and that of what it writes.
    var ln1, ln1Post: Normalization?
    var attention: Attention
    /// The norms of the MLP; a parallel block may have ``ln1`` alone.
    var ln2, ln2Post: Normalization?
    /// Nil in an attention-only model.
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
        let x = normalizesStream ? pre : normalized(pre, ln1, (.ln1Scale, .ln1Normalized), i, &hooks)
        let sum: Tensor
        if hooks.watches(.block(i, .attnOut)) || ln1Post != nil {
            let out = attention(x, adding: nil, block: i, in: batch, &hooks)
            let post = normalized(out, ln1Post, (.ln1PostScale, .ln1PostNormalized), i, &hooks)
            sum = hooks(post, at: .block(i, .attnOut)) + pre
        } else {
            sum = attention(x, adding: pre, block: i, in: batch, &hooks)
        }
        return isParallel ? sum : hooks(sum, at: .block(i, .residMid))
    }

    /// `mid + mlp(ln2(x))`, `[R, D]`; x is `mid`, or `pre` in a parallel block.
    func afterMLP(
        _ mid: Tensor, pre: Tensor, block i: Int, in batch: RaggedBatch, _ hooks: inout HookRunner
    ) -> Tensor {
        guard let mlp else { return hooks(mid, at: .block(i, .residPost)) }
        if normalizesStream {
            let x = normalized(mid, ln1, (.ln1Scale, .ln1Normalized), i, &hooks)
            let out = hooks(mlp(x, adding: nil, block: i, batch.arithmetic, &hooks), at: .block(i, .mlpOut))
            let post = hooks(out + x, at: .block(i, .residPost))
            return hooks(
                normalized(post, ln2, (.ln2Scale, .ln2Normalized), i, &hooks), at: .block(i, .normalizedResidPost))
        }
        let norm = ln2 ?? (isParallel ? ln1 : nil)
        let x = normalized(isParallel ? pre : mid, norm, (.ln2Scale, .ln2Normalized), i, &hooks)
        guard hooks.watches(.block(i, .mlpOut)) || ln2Post != nil else {
            return hooks(mlp(x, adding: mid, block: i, batch.arithmetic, &hooks), at: .block(i, .residPost))
        }
        let out = mlp(x, adding: nil, block: i, batch.arithmetic, &hooks)
        let post = normalized(out, ln2Post, (.ln2PostScale, .ln2PostNormalized), i, &hooks)
        return hooks(hooks(post, at: .block(i, .mlpOut)) + mid, at: .block(i, .residPost))
    }

    /// `norm(x)`, or `x` without a norm.
    private func normalized(
        _ x: Tensor, _ norm: Normalization?, _ sites: (scale: Site, normalized: Site), _ i: Int,
        _ hooks: inout HookRunner
    ) -> Tensor {
        norm?(x, scale: .block(i, sites.scale), normalized: .block(i, sites.normalized), &hooks) ?? x
    }
}
