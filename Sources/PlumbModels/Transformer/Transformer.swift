internal import PlumbNN
internal import PlumbTensor

/// A decoder-only transformer: what every supported architecture is.
struct Transformer: Sendable {
    let configuration: TransformerConfiguration
    let design: TransformerDesign
    /// `[V, D]`
    var tokenEmbedding: Weight
    /// `[positions, D]`, or nil with rotary positions.
    var positionEmbedding: Weight?
    var blocks: [TransformerBlock]
    var finalNorm: Normalization
    var unembedding: Linear

    /// Whether the unembedding's weight is the token embedding.
    var isTied: Bool { design.isTied }

    /// The residual stream entering the first block, `[R, D]`.
    func embedded(_ tokens: [Int], in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        var embedding = hooks.watched(tokenEmbedding.rows(tokens))
        if let scale = design.embeddingScale { embedding = embedding * scale }
        embedding = hooks(embedding, at: .embed)
        guard let positionEmbedding else { return embedding }
        let positions = hooks.watched(positionEmbedding.rows(batch.positions.map(Int.init)))
        return embedding + hooks(positions, at: .positionEmbed)
    }

    /// The residual stream after the last block, `[R, D]`.
    func stream(_ tokens: [Int], in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        var residual = embedded(tokens, in: batch, &hooks)
        for (i, block) in blocks.enumerated() { residual = block(residual, block: i, in: batch, &hooks) }
        return residual
    }

    /// The last normalization, `[R, D]`.
    func normalized(_ residual: Tensor, _ hooks: inout HookRunner) -> Tensor {
        finalNorm(residual, scale: .finalScale, normalized: .finalNormalized, &hooks)
    }

    /// Logits of every row, `[R, V]`.
    func logits(_ residual: Tensor, in batch: RaggedBatch, _ hooks: inout HookRunner) -> Tensor {
        hooks(capped(unembedding(normalized(residual, &hooks), arithmetic: batch.arithmetic)), at: .logits)
    }

    /// Logits kept below the model's bound, where it has one.
    func capped(_ logits: Tensor) -> Tensor {
        design.logitSoftCap.map { (logits * (1 / $0)).tanh() * $0 } ?? logits
    }
}
