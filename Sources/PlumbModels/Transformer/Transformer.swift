internal import PlumbNN
internal import PlumbTensor

/// One block: attention, then MLP, each reading the normalised residual stream and adding to it.
struct TransformerBlock: Sendable {
    var ln1: Normalization
    var attention: Attention
    var ln2: Normalization
    var mlp: MLP

    /// - Shapes: `residual` and result `[R, D]`.
    func callAsFunction(_ residual: Tensor, block i: Int, in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        let pre = hooks(residual, at: .block(i, .residPre))
        let mid = afterAttention(pre, block: i, in: batch, &hooks)
        return afterMLP(mid, block: i, in: batch, &hooks)
    }

    /// The residual stream between attention and MLP, `[R, D]`.
    func afterAttention(_ pre: Tensor, block i: Int, in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        let x = ln1(pre, scale: .block(i, .ln1Scale), normalized: .block(i, .ln1Normalized), &hooks)
        guard hooks.watches(.block(i, .attnOut)) else {
            return hooks(attention(x, adding: pre, block: i, in: batch, &hooks), at: .block(i, .residMid))
        }
        let out = hooks(attention(x, adding: nil, block: i, in: batch, &hooks), at: .block(i, .attnOut))
        return hooks(out + pre, at: .block(i, .residMid))
    }

    /// The residual stream after the MLP, `[R, D]`.
    func afterMLP(_ mid: Tensor, block i: Int, in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        if case .absent = mlp { return hooks(mid, at: .block(i, .residPost)) }
        let x = ln2(mid, scale: .block(i, .ln2Scale), normalized: .block(i, .ln2Normalized), &hooks)
        guard hooks.watches(.block(i, .mlpOut)) else {
            return hooks(mlp(x, adding: mid, block: i, batch.arithmetic, &hooks), at: .block(i, .residPost))
        }
        let out = hooks(mlp(x, adding: nil, block: i, batch.arithmetic, &hooks), at: .block(i, .mlpOut))
        return hooks(out + mid, at: .block(i, .residPost))
    }
}

/// A decoder-only transformer: what every supported architecture is assembled into.
struct Transformer: Sendable {
    let configuration: TransformerConfiguration
    /// `[V, D]`
    var tokenEmbedding: Weight
    /// `[positions, D]`, or nil with rotary positions.
    var positionEmbedding: Tensor?
    var blocks: [TransformerBlock]
    var finalNorm: Normalization
    var unembedding: Linear
    /// Whether the unembedding's weight is the token embedding.
    var isTied: Bool

    /// The residual stream entering the first block, `[R, D]`.
    func embedded(_ tokens: [Int], in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        let embedding = hooks(hooks.watched(tokenEmbedding.rows(tokens)), at: .embed)
        guard let positionEmbedding else { return embedding }
        let positions = hooks.watched(positionEmbedding.gathered(batch.positions.map(Int.init)))
        return embedding + hooks(positions, at: .positionEmbed)
    }

    /// The residual stream after the last block, `[R, D]`.
    func stream(_ tokens: [Int], in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        var residual = embedded(tokens, in: batch, &hooks)
        for (i, block) in blocks.enumerated() { residual = block(residual, block: i, in: batch, &hooks) }
        return residual
    }

    /// The last normalisation, `[R, D]`.
    func normalized(_ residual: Tensor, _ hooks: inout HookRunner) -> Tensor {
        finalNorm(residual, scale: .finalScale, normalized: .finalNormalized, &hooks)
    }

    /// Logits of every row, `[R, V]`.
    func logits(_ residual: Tensor, in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        hooks(unembedding(normalized(residual, &hooks), arithmetic: batch.arithmetic), at: .logits)
    }
}
