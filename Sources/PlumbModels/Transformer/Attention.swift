internal import CPlumbKernels
internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// Causal self-attention with grouped key-value heads (Vaswani et al. 2017, arXiv:1706.03762; Ainslie et al. 2023,
/// arXiv:2305.13245).
struct Attention: Sendable {
    let heads: Int
    let keyValueHeads: Int
    let headWidth: Int
    /// Queries, keys and values in one product: outputs `[H · K | G · K | G · K]`.
    var qkv: Linear
    var output: Linear {
        didSet { perHead = Attention.perHead(output.weight, heads: heads, headWidth: headWidth) }
    }
    let rotary: RotaryEmbedding?
    /// One weight `[D, K]` per head, for the per-head results.
    private var perHead: [Weight]

    init(
        heads: Int, keyValueHeads: Int, headWidth: Int, qkv: Linear, output: Linear, rotary: RotaryEmbedding?
    ) {
        (self.heads, self.keyValueHeads, self.headWidth) = (heads, keyValueHeads, headWidth)
        (self.qkv, self.output, self.rotary) = (qkv, output, rotary)
        perHead = Attention.perHead(output.weight, heads: heads, headWidth: headWidth)
    }

    private var mixing: AttentionMixing {
        AttentionMixing(heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth)
    }

    /// A head's activations inside a wider row: `[R, heads, K]` from column `offset` on.
    private struct Slice {
        var tensor: Tensor
        var offset: Int
        var stride: Int { tensor.shape.dropFirst().reduce(1, *) }

        /// The slice by itself, `[R, heads, K]`.
        func separated(heads: Int, width: Int) -> Tensor {
            guard stride != heads * width else { return tensor.reshaped([tensor.shape[0], heads, width]) }
            return tensor.reshaped([tensor.shape[0], stride]).columns(offset..<offset + heads * width)
                .reshaped([tensor.shape[0], heads, width])
        }
    }

    /// What attention adds to the residual stream; `residual` is added too where nobody watches the sum's parts.
    ///
    /// - Shapes: `x` `[R, D]`, normalised; result `[R, D]`.
    func callAsFunction(
        _ x: Tensor, adding residual: Tensor?, block: Int, in flight: Flight, _ probe: inout Probe
    ) -> Tensor {
        let (q, k, v) = projections(x, block: block, flight, &probe)
        remember(k, v, block: block, flight)
        let z = probe(mixed(q, k, v, block: block, flight, &probe), at: .block(block, .z))
        let flat = z.reshaped([z.shape[0], heads * headWidth])
        guard probe.watches(.block(block, .result)) else {
            return output(flat, adding: residual, arithmetic: flight.arithmetic)
        }
        let usual = perHeadResults(flat, flight.arithmetic)
        let results = probe(usual, at: .block(block, .result))
        guard !results.isTraced else {
            var sum = results.summed(axis: 1)
            if let bias = output.bias { sum = sum + bias }
            return residual.map { sum + $0 } ?? sum
        }
        let product = output(flat, adding: residual, arithmetic: flight.arithmetic)
        let changed = results.rowsDiffering(from: usual)
        guard !changed.isEmpty else { return product }
        var sum = results.gathered(changed).summedOverHeads()
        if let bias = output.bias { sum = sum + bias }
        if let residual { sum = sum + residual.gathered(changed) }
        return product.replacingRows(changed, with: sum)
    }

    /// Queries, keys and values of every row, rotated.
    private func projections(
        _ x: Tensor, block: Int, _ flight: Flight, _ probe: inout Probe
    ) -> (q: Slice, k: Slice, v: Slice) {
        var joined = qkv(x, arithmetic: flight.arithmetic)
        let kOffset = heads * headWidth
        let vOffset = kOffset + keyValueHeads * headWidth
        let isWatched = [Site.q, .k, .v, .rotQ, .rotK].contains { site in probe.watches(.block(block, site)) }
        guard isWatched else {
            rotary?.rotate(
                &joined, heads: heads + keyValueHeads, headWidth: headWidth, positions: flight.positions)
            return (
                Slice(tensor: joined, offset: 0), Slice(tensor: joined, offset: kOffset),
                Slice(tensor: joined, offset: vOffset)
            )
        }
        let whole = Slice(tensor: joined, offset: 0)
        var q = probe(whole.separated(heads: heads, width: headWidth), at: .block(block, .q))
        var k = probe(
            Slice(tensor: joined, offset: kOffset).separated(heads: keyValueHeads, width: headWidth),
            at: .block(block, .k))
        let v = probe(
            Slice(tensor: joined, offset: vOffset).separated(heads: keyValueHeads, width: headWidth),
            at: .block(block, .v))
        if let rotary {
            rotary.rotate(&q, heads: heads, headWidth: headWidth, positions: flight.positions)
            rotary.rotate(&k, heads: keyValueHeads, headWidth: headWidth, positions: flight.positions)
            q = probe(q, at: .block(block, .rotQ))
            k = probe(k, at: .block(block, .rotK))
        }
        return (Slice(tensor: q, offset: 0), Slice(tensor: k, offset: 0), Slice(tensor: v, offset: 0))
    }

    /// Writes the rows' keys and values into their runs' memories.
    private func remember(_ k: Slice, _ v: Slice, block: Int, _ flight: Flight) {
        guard flight.appends else { return }
        k.tensor.withUnsafeElements { keys in
            v.tensor.withUnsafeElements { values in
                guard let keys = keys.baseAddress, let values = values.baseAddress else { return }
                for span in flight.spans {
                    guard let memory = span.memory else { continue }
                    flight.memories[memory].write(
                        block: block, first: span.first, rows: span.rows,
                        keys: keys + span.offset * k.stride + k.offset, keyStride: k.stride,
                        values: values + span.offset * v.stride + v.offset, valueStride: v.stride)
                }
            }
        }
    }

    /// What each head read, `[R, H, K]`.
    private func mixed(
        _ q: Slice, _ k: Slice, _ v: Slice, block: Int, _ flight: Flight, _ probe: inout Probe
    ) -> Tensor {
        let shape = [flight.rows, heads, headWidth]
        let keys = flight.keys
        guard !q.tensor.isTraced && !k.tensor.isTraced && !v.tensor.isTraced else {
            return tracedMix(q, k, v, block: block, flight, &probe).reshaped(shape)
        }
        guard probe.watches(.block(block, .attnScores)) || probe.watches(.block(block, .pattern)) else {
            return Tensor(shape: shape) { z in
                attend(q, k, v, block: block, flight, Int32(PLUMB_ATTEND_ALL), z.baseAddress, nil, nil, keys)
            }
        }
        let mapShape = [flight.rows, heads, keys]
        var scores = Tensor(shape: mapShape) { scores in
            attend(q, k, v, block: block, flight, Int32(PLUMB_ATTEND_SCORES), nil, scores.baseAddress, nil, keys)
        }
        scores = probe(scores, at: .block(block, .attnScores))
        var pattern = Tensor(shape: mapShape) { pattern in
            scores.withUnsafeElements { scores in
                attend(
                    q, k, v, block: block, flight, Int32(PLUMB_ATTEND_SOFTMAX), nil,
                    UnsafeMutablePointer(mutating: scores.baseAddress), pattern.baseAddress, keys)
            }
        }
        pattern = probe(pattern, at: .block(block, .pattern))
        return Tensor(shape: shape) { z in
            pattern.withUnsafeElements { pattern in
                attend(
                    q, k, v, block: block, flight, Int32(PLUMB_ATTEND_MIX), z.baseAddress, nil,
                    UnsafeMutablePointer(mutating: pattern.baseAddress), keys)
            }
        }
    }

    /// The same for a pass that is being differentiated: whole prompts, without memory.
    private func tracedMix(
        _ q: Slice, _ k: Slice, _ v: Slice, block: Int, _ flight: Flight, _ probe: inout Probe
    ) -> Tensor {
        require(
            flight.spans.allSatisfy { $0.first == 0 }, "only whole prompts can be differentiated, without a memory")
        let runs = flight.spans.map(\.rows)
        let isJoined = q.tensor.shape.count == 2
        guard probe.watches(.block(block, .attnScores)) || probe.watches(.block(block, .pattern)) else {
            return isJoined
                ? mixing(joined: q.tensor, runs: runs) : mixing(q: q.tensor, k: k.tensor, v: v.tensor, runs: runs)
        }
        let maps = AttentionMaps(mixing: mixing, runs: runs, keys: flight.keys)
        let keys = k.separated(heads: keyValueHeads, width: headWidth)
        let scores = probe(
            maps.scores(q: q.separated(heads: heads, width: headWidth), k: keys), at: .block(block, .attnScores))
        let pattern = probe(maps.pattern(scores), at: .block(block, .pattern))
        return maps.mix(pattern, v: v.separated(heads: keyValueHeads, width: headWidth))
    }

    /// Runs stages of the attention kernel over every span.
    private func attend(
        _ q: Slice, _ k: Slice, _ v: Slice, block: Int, _ flight: Flight, _ stages: Int32,
        _ z: UnsafeMutablePointer<Float>?, _ scores: UnsafeMutablePointer<Float>?,
        _ pattern: UnsafeMutablePointer<Float>?, _ keys: Int
    ) {
        q.tensor.withUnsafeElements { qElements in
            k.tensor.withUnsafeElements { kElements in
                v.tensor.withUnsafeElements { vElements in
                    guard let qBase = qElements.baseAddress, let kBase = kElements.baseAddress,
                        let vBase = vElements.baseAddress
                    else { return }
                    var segments = flight.spans.map { span in
                        var segment = plumb_attention_segment()
                        segment.first = span.first
                        segment.rows = span.rows
                        segment.q = qBase + span.offset * q.stride + q.offset
                        segment.k = kBase + span.offset * k.stride + k.offset
                        segment.v = vBase + span.offset * v.stride + v.offset
                        (segment.q_stride, segment.k_stride, segment.v_stride) = (q.stride, k.stride, v.stride)
                        segment.z = z.map { $0 + span.offset * heads * headWidth }
                        segment.z_stride = heads * headWidth
                        segment.scores = scores.map { $0 + span.offset * heads * keys }
                        segment.pattern = pattern.map { $0 + span.offset * heads * keys }
                        segment.key_stride = keys
                        return segment
                    }
                    lendMemories(block: block, flight, to: &segments) {
                        var call = plumb_attention_call()
                        (call.heads, call.kv_heads, call.width) = (heads, keyValueHeads, headWidth)
                        call.scale = 1 / Float(headWidth).squareRoot()
                        call.stages = stages
                        call.segments = $0.count
                        call.segment = $0.baseAddress
                        plumb_attention(&call)
                    }
                }
            }
        }
    }

    /// Points segments at the memories of their runs' earlier positions and calls `body` while they are lent.
    private func lendMemories(
        block: Int, _ flight: Flight, to segments: inout [plumb_attention_segment],
        _ body: (UnsafeBufferPointer<plumb_attention_segment>) -> Void
    ) {
        for (index, span) in flight.spans.enumerated() where span.first > 0 {
            guard let memory = span.memory else {
                unmet("rows from position \(span.first) on need a memory of the positions before")
            }
            let cache = flight.memories[memory]
            // The cache outlives the call through `flight`, and nothing writes to it meanwhile.
            cache.withMemory(block: block) { keys, values in
                segments[index].prefix_k = keys
                segments[index].prefix_v = values
                segments[index].prefix_capacity = cache.capacity
            }
        }
        withExtendedLifetime(flight.memories) { segments.withUnsafeBufferPointer(body) }
    }

    /// What each head adds to the residual stream, `[R, H, D]`, from `z` `[R, H · K]`.
    private func perHeadResults(_ z: Tensor, _ arithmetic: Arithmetic) -> Tensor {
        let isWhole = z.isTraced || output.weight.isTraced || !output.adapters.isEmpty
        let dense = isWhole ? output.mergedWeight.tensor() : nil
        let results = perHead.enumerated().map { head, weight in
            let columns = head * headWidth..<(head + 1) * headWidth
            return dense.map { z.columns(columns).matmul(transposed: $0.columns(columns)) }
                ?? weight.applied(to: z.columns(columns), arithmetic: arithmetic)
        }
        return Tensor.joinedColumns(results).reshaped([z.shape[0], heads, output.weight.outputs])
    }
}

extension Tensor {
    /// `[R, H, D] -> [R, D]`
    fileprivate func summedOverHeads() -> Tensor {
        let (rows, heads, width) = (shape[0], shape[1], shape[2])
        return Tensor(shape: [rows, width]) { y in
            withUnsafeElements { x in
                for row in 0..<rows {
                    for column in 0..<width {
                        var sum: Float = 0
                        for head in 0..<heads { sum += x[(row * heads + head) * width + column] }
                        y[row * width + column] = sum
                    }
                }
            }
        }
    }
}
