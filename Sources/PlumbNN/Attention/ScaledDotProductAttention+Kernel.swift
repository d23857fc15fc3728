internal import CPlumbKernels
internal import PlumbBasics
internal import PlumbTensor

extension ScaledDotProductAttention {
    /// Stages of the kernel that one call runs.
    enum Stages {
        case all, scores, softmax, mix

        fileprivate var flags: Int32 {
            switch self {
            case .all: Int32(PLUMB_ATTEND_ALL)
            case .scores: Int32(PLUMB_ATTEND_SCORES)
            case .softmax: Int32(PLUMB_ATTEND_SOFTMAX)
            case .mix: Int32(PLUMB_ATTEND_MIX)
            }
        }
    }

    /// Runs stages of the kernel over every sequence; raw scores are neither capped nor hidden by a window.
    ///
    /// - Shapes: `z` `[R, H · K]`; `scores` and `pattern` `[R, H, batch.keys]`.
    func forward(
        _ rows: QueryKeyValueRows, _ batch: RaggedBatch, _ block: Int, _ stages: Stages,
        z: UnsafeMutablePointer<Float>? = nil, scores: UnsafeMutablePointer<Float>? = nil,
        pattern: UnsafeMutablePointer<Float>? = nil, isRaw: Bool = false
    ) {
        let (q, k, v) = (rows.q, rows.k, rows.v)
        let keys = scores == nil && pattern == nil ? 0 : batch.keys
        q.tensor.withUnsafeElements { qElements in
            k.tensor.withUnsafeElements { kElements in
                v.tensor.withUnsafeElements { vElements in
                    guard let qBase = qElements.baseAddress, let kBase = kElements.baseAddress,
                        let vBase = vElements.baseAddress
                    else { return }
                    var segments = batch.sequences.map { sequence in
                        var segment = plumb_attention_segment()
                        segment.first = sequence.startPosition
                        segment.rows = sequence.rows
                        segment.q = qBase + sequence.offset * q.stride + q.offset
                        segment.k = kBase + sequence.offset * k.stride + k.offset
                        segment.v = vBase + sequence.offset * v.stride + v.offset
                        (segment.q_stride, segment.k_stride, segment.v_stride) = (q.stride, k.stride, v.stride)
                        segment.z = z.map { $0 + sequence.offset * queryWidth }
                        segment.z_stride = queryWidth
                        segment.scores = scores.map { $0 + sequence.offset * heads * keys }
                        segment.pattern = pattern.map { $0 + sequence.offset * heads * keys }
                        segment.key_stride = keys
                        return segment
                    }
                    withCaches(of: batch, block: block, &segments) {
                        var call = plumb_attention_call()
                        (call.heads, call.kv_heads, call.width) = (heads, keyValueHeads, headWidth)
                        call.scale = scale
                        call.stages = stages.flags
                        call.all_keys = mask == .bidirectional ? 1 : 0
                        if !isRaw {
                            if case .window(let width) = mask { call.window = width }
                            call.soft_cap = softCap ?? 0
                        }
                        call.segments = $0.count
                        call.segment = $0.baseAddress
                        plumb_attention(&call)
                    }
                }
            }
        }
    }

    /// Points segments at the cached keys and values of their sequences' earlier positions and calls `body`.
    private func withCaches(
        of batch: RaggedBatch, block: Int, _ segments: inout [plumb_attention_segment],
        _ body: (UnsafeBufferPointer<plumb_attention_segment>) -> Void
    ) {
        for (index, sequence) in batch.sequences.enumerated() where sequence.startPosition > 0 {
            require(mask != .bidirectional, "attention in both directions needs whole sequences, without a cache")
            guard let entry = sequence.cache else {
                unmet("rows from position \(sequence.startPosition) on need a cache of the positions before")
            }
            let cache = batch.caches[entry]
            // The cache outlives the call through `batch`, and nothing writes to it meanwhile.
            cache.withBlock(block) { keys, values in
                segments[index].prefix_k = keys
                segments[index].prefix_v = values
                segments[index].prefix_capacity = cache.capacity
            }
        }
        withExtendedLifetime(batch.caches) { segments.withUnsafeBufferPointer(body) }
    }

    /// The gradient of the fused kernel, added at queries, keys and values.
    func backward(_ projections: Projections, _ batch: RaggedBatch, _ dz: Tensor, _ into: inout Cotangents) {
        require(
            !into.isNested,
            "the fused attention has a first derivative only: for a second one, use its stages scores, pattern, mixed")
        switch projections {
        case .fused(let x):
            let dx = Tensor(shape: x.shape) { dx in
                guard let dx = dx.baseAddress else { return }
                let offsets = (queryWidth, queryWidth + keyWidth)
                addGradients(heads(of: projections, batch), batch, dz, dx, dx + offsets.0, dx + offsets.1)
            }
            into.add(dx, to: x.trace)
        case .separate(let q, let k, let v):
            var (dk, dv) = (Tensor.zeros(k.shape), Tensor.zeros(v.shape))
            let dq = Tensor(shape: q.shape) { dq in
                dk.withUnsafeMutableElements { dk in
                    dv.withUnsafeMutableElements { dv in
                        guard let dq = dq.baseAddress, let dk = dk.baseAddress, let dv = dv.baseAddress else { return }
                        addGradients(heads(of: projections, batch), batch, dz, dq, dk, dv)
                    }
                }
            }
            into.add(dq, to: q.trace)
            into.add(dk, to: k.trace)
            into.add(dv, to: v.trace)
        }
    }

    private func addGradients(
        _ rows: QueryKeyValueRows, _ batch: RaggedBatch, _ dz: Tensor, _ dq: UnsafeMutablePointer<Float>,
        _ dk: UnsafeMutablePointer<Float>, _ dv: UnsafeMutablePointer<Float>
    ) {
        let (q, k, v) = (rows.q, rows.k, rows.v)
        q.tensor.withUnsafeElements { qElements in
            k.tensor.withUnsafeElements { kElements in
                v.tensor.withUnsafeElements { vElements in
                    dz.withUnsafeElements { dzElements in
                        guard let qBase = qElements.baseAddress, let kBase = kElements.baseAddress,
                            let vBase = vElements.baseAddress, let dz = dzElements.baseAddress
                        else { return }
                        let segments = batch.sequences.map { sequence in
                            let row = sequence.offset
                            var segment = plumb_attention_backward_segment()
                            segment.rows = sequence.rows
                            segment.q = qBase + row * q.stride + q.offset
                            segment.k = kBase + row * k.stride + k.offset
                            segment.v = vBase + row * v.stride + v.offset
                            (segment.q_stride, segment.k_stride, segment.v_stride) = (q.stride, k.stride, v.stride)
                            (segment.dq, segment.dk, segment.dv) =
                                (dq + row * q.stride, dk + row * k.stride, dv + row * v.stride)
                            (segment.dq_stride, segment.dk_stride, segment.dv_stride) = (q.stride, k.stride, v.stride)
                            segment.dz = dz + row * queryWidth
                            segment.dz_stride = queryWidth
                            return segment
                        }
                        segments.withUnsafeBufferPointer {
                            var call = plumb_attention_backward_call()
                            (call.heads, call.kv_heads, call.width) = (heads, keyValueHeads, headWidth)
                            call.scale = scale
                            call.all_keys = mask == .bidirectional ? 1 : 0
                            call.segments = $0.count
                            call.segment = $0.baseAddress
                            plumb_attention_backward(&call)
                        }
                    }
                }
            }
        }
    }
}
