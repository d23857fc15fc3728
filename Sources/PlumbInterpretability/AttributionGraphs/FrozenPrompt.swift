internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// What a graph holds fixed on one prompt, and its sources.
struct FrozenPrompt {
    let positions: Int
    let blocks: [Block]
    /// What enters the first block, `[T, D]`.
    let embedded: Tensor
    /// 1 / the last norm's scale at the last position.
    let finalScale: Float
    /// The last position's stream divided by its scale, and the logits there less their mean, before any cap.
    let finalRow: Tensor

    struct Block {
        let patterns: FrozenPattern
        /// 1 / scale of each position, `[T, 1]`, of what attention reads and of what it writes; nil for 1.
        let read: Tensor?
        let written: Tensor?
        /// What attention adds whatever it reads, `[T, D]`.
        let attentionBias: Tensor
        let features: FrozenFeatures
    }

    /// - Parameter skipped: leading positions whose MLPs are not explained: what they write counts as a bias.
    init(_ replacement: ReplacementModel, _ tokens: [Int], skipped: Int) throws {
        let model = replacement.model
        let layers = model.configuration.layers
        let known = Set(model.hookPoints)
        let hasRotation = known.contains(.block(0, .rotQ))
        let sites: [Site] = [
            .residPre, hasRotation ? .rotQ : .q, hasRotation ? .rotK : .k, .ln1Scale, .ln1PostScale, .attnOut,
            .residMid,
            .ln2Scale, .ln2PostScale, .mlpPreLinear, .mlpPre, .mlpPost, .mlpOut,
        ]
        var blocks: [Block] = []
        let last = HookPoint.block(layers - 1, .residPost)
        let points = (0..<layers).flatMap { layer -> [HookPoint] in
            sites.filter { site in
                let neurons: [Site] = [.mlpPre, .mlpPreLinear, .mlpPost]
                return replacement.transcoders[layer] == nil || !neurons.contains(site)
            }.map { .block(layer, $0) }.filter(known.contains)
        }
        let rows = try model.activations(of: [tokens], at: points + [last])
        guard rows.values.allSatisfy(\.isFinite) else {
            throw ModelError("activations of \(model.name) on the prompt are not finite")
        }
        for layer in 0..<layers {
            func row(_ site: Site) -> Tensor? { rows[.block(layer, site)] }
            guard let stream = row(.residPre), let q = row(hasRotation ? .rotQ : .q),
                let k = row(hasRotation ? .rotK : .k), let attention = row(.attnOut), let mid = row(.residMid)
            else { unmet("block \(layer) of \(model.name) was not recorded") }
            let block = replacement.blocks[layer]
            let patterns = FrozenPattern(block.core, q: q, k: k)
            let (read, written) = (row(.ln1Scale)?.reciprocal(), row(.ln1PostScale)?.reciprocal())
            var mixed = block.mixed(stream, patterns, read: read)
            if let written { mixed = mixed * written }
            blocks.append(
                Block(
                    patterns: patterns, read: read, written: written, attentionBias: attention - mixed,
                    features: try FrozenFeatures(
                        replacement, layer: layer, mid: mid, row: row, skipped: min(skipped, tokens.count))))
        }
        guard let final = rows[last], let embedded = rows[.block(0, .residPre)] else {
            unmet("the stream of \(model.name) was not recorded")
        }
        let end = final[tokens.count - 1..<tokens.count]
        let scale = model.normalization(at: .finalNormalized).unweighted(end).scale
        (positions, self.blocks, self.embedded) = (tokens.count, blocks, embedded)
        finalScale = 1 / scale.item
        finalRow = end * finalScale
    }
}

extension ReplacementModel.Block {
    /// What attention writes when patterns are fixed, without biases, `[T, D]`.
    fileprivate func mixed(_ stream: Tensor, _ patterns: FrozenPattern, read: Tensor?) -> Tensor {
        let values = (read.map { stream * $0 } ?? stream).matmul(self.values.tensor())
        let heads = (0..<heads).map { head -> Tensor in
            let group = head / (self.heads / groups)
            return patterns.applied(head: head, to: values.columns(group * headWidth..<(group + 1) * headWidth))
        }
        return Tensor.concatenated(heads, axis: 1).matmul(outputs.tensor())
    }
}

/// The attention probabilities of one block on one prompt, without the keys that no query of a part sees.
struct FrozenPattern {
    /// Queries of each part; the keys of a part end with its last query.
    private let parts: [(queries: Range<Int>, maps: [Tensor])]
    let positions: Int

    /// - Shapes: `q` `[T, H, K]`, `k` `[T, G, K]`.
    init(_ core: ScaledDotProductAttention, q: Tensor, k: Tensor, partSize: Int = 256) {
        positions = q.shape[0]
        let batch = RaggedBatch(lengths: [positions])
        let scores = core.scores(.separate(q: q, k: k, v: .zeros(k.shape)), in: batch)
        // [T, H, keys], then a map for each head.
        let maps = core.pattern(scores, in: batch)
        let count = positions
        parts = stride(from: 0, to: count, by: partSize).map { first in
            let queries = first..<min(first + partSize, count)
            let byHead = maps[queries].swappingLeadingAxes()
            return (queries, (0..<core.heads).map { byHead[$0].columns(0..<queries.upperBound) })
        }
    }

    /// What queries read: `P · x`.
    ///
    /// - Shapes: `x` `[T, C]`; result `[T, C]`.
    func applied(head: Int, to x: Tensor) -> Tensor {
        Tensor.concatenated(parts.map { $0.maps[head].matmul(x[0..<$0.queries.upperBound]) })
    }

    /// What reaches keys: `Pᵀ · g` of the first positions alone.
    ///
    /// - Shapes: `g` `[P, C]` with P positions from the first; result `[P, C]`.
    func appliedBackwards(head: Int, to g: Tensor) -> Tensor {
        let count = g.shape[0]
        var sum: Tensor?
        for part in parts where part.queries.lowerBound < count {
            let end = min(part.queries.upperBound, count)
            let rows = end - part.queries.lowerBound
            var map = part.maps[head][0..<rows]
            if map.shape[1] > end { map = map.columns(0..<end) }
            let reached = map.transposedMatmul(g[part.queries.lowerBound..<end])
            guard let before = sum else {
                sum = reached
                continue
            }
            sum = Tensor.concatenated([before + reached[0..<before.shape[0]], reached[before.shape[0]..<end]])
        }
        return sum ?? g
    }
}
