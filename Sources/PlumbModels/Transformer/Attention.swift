internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// Self-attention: queries, keys and values of the rows, attention within each sequence, and the way back to the stream.
struct Attention: Sendable {
    let core: ScaledDotProductAttention
    /// Queries, keys and values in one product: outputs `[H · K | G · K | G · K]`.
    var qkv: Linear
    /// Norms of queries and keys before they turn, of each head or of a whole row.
    var queryNorm, keyNorm: Normalization?
    var output: Linear {
        didSet { perHead = Attention.perHead(output.weight, core) }
    }
    let rotary: RotaryEmbedding?
    /// One weight `[D, K]` per head, for the per-head results.
    private var perHead: [Weight]

    init(
        _ core: ScaledDotProductAttention, qkv: Linear, queryNorm: Normalization? = nil, keyNorm: Normalization? = nil,
        output: Linear, rotary: RotaryEmbedding?
    ) {
        (self.core, self.qkv, self.output, self.rotary) = (core, qkv, output, rotary)
        (self.queryNorm, self.keyNorm) = (queryNorm, keyNorm)
        perHead = Attention.perHead(output.weight, core)
    }

    var hasBias: Bool { qkv.bias != nil || output.bias != nil }

    /// What attention adds to the residual stream; `residual` is added too where nobody watches the sum's parts.
    ///
    /// - Shapes: `x` `[R, D]`, normalized; result `[R, D]`.
    func callAsFunction(
        _ x: Tensor, adding residual: Tensor?, block: Int, in batch: RaggedBatch, _ hooks: inout HookRunner
    ) -> Tensor {
        let projections = projections(x, block: block, batch, &hooks)
        core.append(projections, to: batch, block: block)
        let z = hooks(attended(projections, block: block, batch, &hooks), at: .block(block, .z))
        let flat = z.reshaped([z.shape[0], core.heads * core.headWidth])
        guard hooks.watches(.block(block, .result)) else {
            return output(flat, adding: residual, arithmetic: batch.arithmetic)
        }
        let usual = results(flat, batch.arithmetic)
        let results = hooks(usual, at: .block(block, .result))
        guard !results.isTraced else { return sum(results, residual) }
        let product = output(flat, adding: residual, arithmetic: batch.arithmetic)
        let changed = results.rowsDiffering(from: usual)
        guard !changed.isEmpty else { return product }
        return product.replacingRows(
            changed, with: sum(results.gathered(changed), residual.map { $0.gathered(changed) }))
    }

    /// Queries, keys and values of every row, normalized and rotated.
    private func projections(
        _ x: Tensor, block: Int, _ batch: RaggedBatch, _ hooks: inout HookRunner
    ) -> ScaledDotProductAttention.Projections {
        var fused = qkv(x, arithmetic: batch.arithmetic)
        let (heads, groups, width) = (core.heads, core.keyValueHeads, core.headWidth)
        let isWatched = [Site.q, .k, .v, .rotQ, .rotK].contains { hooks.watches(.block(block, $0)) }
        guard isWatched || queryNorm != nil else {
            rotary?.rotate(&fused, heads: heads + groups, headWidth: width, in: batch)
            return .fused(fused)
        }
        func part(_ first: Int, _ count: Int) -> Tensor {
            fused.columns(first * width..<(first + count) * width).reshaped([x.shape[0], count, width])
        }
        var q = hooks(part(0, heads), at: .block(block, .q))
        var k = hooks(part(heads, groups), at: .block(block, .k))
        let v = hooks(part(heads + groups, groups), at: .block(block, .v))
        q = normalized(q, queryNorm, (.queryNormScale, .queryNormNormalized), block, &hooks)
        k = normalized(k, keyNorm, (.keyNormScale, .keyNormNormalized), block, &hooks)
        if let rotary {
            rotary.rotate(&q, heads: heads, headWidth: width, in: batch)
            rotary.rotate(&k, heads: groups, headWidth: width, in: batch)
            q = hooks(q, at: .block(block, .rotQ))
            k = hooks(k, at: .block(block, .rotK))
        }
        return .separate(q: q, k: k, v: v)
    }

    /// Heads `[R, H, K]` normalized, each by itself or all of a row together, as the norm is wide.
    private func normalized(
        _ x: Tensor, _ norm: Normalization?, _ sites: (scale: Site, normalized: Site), _ block: Int,
        _ hooks: inout HookRunner
    ) -> Tensor {
        guard let norm else { return x }
        let rows = norm.weight.count == core.headWidth ? x : x.reshaped([x.shape[0], 1, norm.weight.count])
        return norm(rows, scale: .block(block, sites.scale), normalized: .block(block, sites.normalized), &hooks)
            .reshaped(x.shape)
    }

    /// What each head reads, `[R, H, K]`, its stages apart where somebody watches them.
    private func attended(
        _ projections: ScaledDotProductAttention.Projections, block: Int, _ batch: RaggedBatch,
        _ hooks: inout HookRunner
    ) -> Tensor {
        guard hooks.watches(.block(block, .attnScores)) || hooks.watches(.block(block, .pattern)) else {
            return core(projections, in: batch, block: block).reshaped([batch.rows, core.heads, core.headWidth])
        }
        let scores = hooks(core.scores(projections, in: batch, block: block), at: .block(block, .attnScores))
        let pattern = hooks(core.pattern(scores, in: batch), at: .block(block, .pattern))
        return core.mixed(pattern, projections, in: batch, block: block)
    }

    /// What each head adds to the residual stream, `[R, H, D]`, from `z` `[R, H · K]`.
    private func results(_ z: Tensor, _ arithmetic: Arithmetic) -> Tensor {
        let isWhole = z.isTraced || output.weight.isTraced || !output.adapters.isEmpty
        let dense = isWhole ? output.mergedWeight.tensor() : nil
        let results = perHead.enumerated().map { head, weight in
            let columns = head * core.headWidth..<(head + 1) * core.headWidth
            return dense.map { z.columns(columns).matmul(transposed: $0.columns(columns)) }
                ?? weight.applied(to: z.columns(columns), arithmetic: arithmetic)
        }
        return Tensor.concatenated(results, axis: 1).reshaped([z.shape[0], core.heads, output.weight.outputs])
    }

    /// What all heads add together, `[R, H, D] -> [R, D]`.
    private func sum(_ results: Tensor, _ residual: Tensor?) -> Tensor {
        var sum = results.summed(axis: 1)
        if let bias = output.bias { sum = sum + bias }
        return residual.map { sum + $0 } ?? sum
    }

    /// The slices of an output weight `[D, H · K]` that belong to each head, worked out when first used.
    private static func perHead(_ output: Weight, _ core: ScaledDotProductAttention) -> [Weight] {
        (0..<core.heads).map { head in
            Weight([
                .computed(outputs: output.outputs, inputs: core.headWidth) {
                    output.tensor().columns(head * core.headWidth..<(head + 1) * core.headWidth)
                }
            ])
        }
    }
}
