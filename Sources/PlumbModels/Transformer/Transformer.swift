internal import PlumbNN
internal import PlumbTensor

/// One block: attention, then MLP, each reading the normalised residual stream and adding to it.
struct TransformerBlock: Sendable {
    var ln1: Normalization
    var attention: Attention
    var ln2: Normalization
    var mlp: MLP

    /// - Shapes: `residual` and result `[R, D]`.
    func callAsFunction(_ residual: Tensor, block i: Int, in flight: Flight, _ probe: inout Probe) -> Tensor {
        let pre = probe(residual, at: .block(i, .residPre))
        let mid = afterAttention(pre, block: i, in: flight, &probe)
        return afterMLP(mid, block: i, in: flight, &probe)
    }

    /// The residual stream between attention and MLP, `[R, D]`.
    func afterAttention(_ pre: Tensor, block i: Int, in flight: Flight, _ probe: inout Probe) -> Tensor {
        let x = ln1(pre, scale: .block(i, .ln1Scale), normalized: .block(i, .ln1Normalized), &probe)
        guard probe.watches(.block(i, .attnOut)) else {
            return probe(attention(x, adding: pre, block: i, in: flight, &probe), at: .block(i, .residMid))
        }
        let out = probe(attention(x, adding: nil, block: i, in: flight, &probe), at: .block(i, .attnOut))
        return probe(out + pre, at: .block(i, .residMid))
    }

    /// The residual stream after the MLP, `[R, D]`.
    func afterMLP(_ mid: Tensor, block i: Int, in flight: Flight, _ probe: inout Probe) -> Tensor {
        if case .absent = mlp { return probe(mid, at: .block(i, .residPost)) }
        let x = ln2(mid, scale: .block(i, .ln2Scale), normalized: .block(i, .ln2Normalized), &probe)
        guard probe.watches(.block(i, .mlpOut)) else {
            return probe(mlp(x, adding: mid, block: i, flight.arithmetic, &probe), at: .block(i, .residPost))
        }
        let out = probe(mlp(x, adding: nil, block: i, flight.arithmetic, &probe), at: .block(i, .mlpOut))
        return probe(out + mid, at: .block(i, .residPost))
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
    func embedded(_ tokens: [Int], in flight: Flight, _ probe: inout Probe) -> Tensor {
        let embedding = probe(probe.watched(tokenEmbedding.rows(tokens)), at: .embed)
        guard let positionEmbedding else { return embedding }
        let positions = probe.watched(positionEmbedding.gathered(flight.positions.map(Int.init)))
        return embedding + probe(positions, at: .positionEmbed)
    }

    /// The residual stream after the last block, `[R, D]`.
    func stream(_ tokens: [Int], in flight: Flight, _ probe: inout Probe) -> Tensor {
        var residual = embedded(tokens, in: flight, &probe)
        for (i, block) in blocks.enumerated() { residual = block(residual, block: i, in: flight, &probe) }
        return residual
    }

    /// The last normalisation, `[R, D]`.
    func normalized(_ residual: Tensor, _ probe: inout Probe) -> Tensor {
        finalNorm(residual, scale: .finalScale, normalized: .finalNormalized, &probe)
    }

    /// Logits of every row, `[R, V]`.
    func logits(_ residual: Tensor, in flight: Flight, _ probe: inout Probe) -> Tensor {
        probe(unembedding(normalized(residual, &probe), arithmetic: flight.arithmetic), at: .logits)
    }
}
