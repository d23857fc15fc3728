internal import CPlumbKernels
internal import PlumbBasics
public import PlumbTensor

/// What attention reads: `softmax(q kᵀ / √K) v` for every query head (Vaswani et al. 2017, arXiv:1706.03762), with
/// key-value heads shared by groups of query heads (Ainslie et al. 2023, arXiv:2305.13245).
///
/// Rows of several runs share a call; rows attend within their run only.
public struct AttentionMixing: Sendable, Equatable {
    /// `H`, query heads.
    public var heads: Int
    /// `G`, key-value heads; each serves `H / G` query heads.
    public var keyValueHeads: Int
    /// `K`, features per head.
    public var headWidth: Int
    /// Whether a row sees only itself and the rows before it.
    public var isCausal: Bool

    /// Attention with `heads` query heads.
    ///
    /// - Precondition: the key-value heads divide the query heads evenly.
    public init(heads: Int, keyValueHeads: Int, headWidth: Int, isCausal: Bool = true) {
        require(
            heads > 0 && keyValueHeads > 0 && heads % keyValueHeads == 0,
            "\(heads) query heads cannot share \(keyValueHeads) key-value heads evenly")
        (self.heads, self.keyValueHeads, self.headWidth) = (heads, keyValueHeads, headWidth)
        self.isCausal = isCausal
    }

    private var scale: Float { 1 / Float(headWidth).squareRoot() }
    private var queryWidth: Int { heads * headWidth }
    private var keyWidth: Int { keyValueHeads * headWidth }

    /// Mixes queries, keys and values that stand side by side in each row.
    ///
    /// - Parameters:
    ///   - joined: the queries of all heads, then the keys, then the values.
    ///   - runs: the number of rows of each run, one after another.
    /// - Shapes: `joined` `[R, (H + 2G) · K]`; result `[R, H · K]`.
    public func callAsFunction(joined: Tensor, runs: [Int]) -> Tensor {
        requireLengths(runs)
        let width = queryWidth + 2 * keyWidth
        require(
            joined.shape == [runs.reduce(0, +), width],
            "joined queries, keys and values must be [\(runs.reduce(0, +)), \(width)], got \(joined.shape)")
        let z = Tensor(shape: [joined.shape[0], queryWidth]) { z in
            joined.withUnsafeElements { x in
                guard let x = x.baseAddress else { return }
                mix(x, x + queryWidth, x + queryWidth + keyWidth, width, width, z.baseAddress, runs)
            }
        }
        return z.recorded(from: [joined]) { dz, into in
            requireFirstOrder(into)
            into.add(
                Tensor(shape: joined.shape) { dx in
                    joined.withUnsafeElements { x in
                        guard let x = x.baseAddress, let dx = dx.baseAddress else { return }
                        let (k, v) = (queryWidth, queryWidth + keyWidth)
                        carryBack(dz, x, x + k, x + v, width, width, dx, dx + k, dx + v, runs)
                    }
                }, to: joined.trace)
        }
    }

    /// Mixes separate queries, keys and values.
    ///
    /// - Shapes: `q` `[R, H, K]` or `[R, H · K]`, `k` and `v` `[R, G, K]` or `[R, G · K]`; result `[R, H · K]`.
    public func callAsFunction(q: Tensor, k: Tensor, v: Tensor, runs: [Int]) -> Tensor {
        requireLengths(runs)
        let rows = runs.reduce(0, +)
        require(
            q.count == rows * queryWidth && k.count == rows * keyWidth && v.count == rows * keyWidth
                && q.shape.first == rows,
            "attention over \(rows) rows needs q of [\(rows), \(queryWidth)] and k, v of [\(rows), \(keyWidth)], got "
                + "\(q.shape), \(k.shape), \(v.shape)")
        let z = Tensor(shape: [rows, queryWidth]) { z in
            withThree(q, k, v) { mix($0, $1, $2, queryWidth, keyWidth, z.baseAddress, runs) }
        }
        return z.recorded(from: [q, k, v]) { dz, into in
            requireFirstOrder(into)
            var (dk, dv) = (Tensor.zeros(k.shape), Tensor.zeros(v.shape))
            let dq = Tensor(shape: q.shape) { dq in
                dk.withUnsafeMutableElements { dk in
                    dv.withUnsafeMutableElements { dv in
                        withThree(q, k, v) {
                            guard let dq = dq.baseAddress, let dk = dk.baseAddress, let dv = dv.baseAddress else {
                                return
                            }
                            carryBack(dz, $0, $1, $2, queryWidth, keyWidth, dq, dk, dv, runs)
                        }
                    }
                }
            }
            into.add(dq, to: q.trace)
            into.add(dk, to: k.trace)
            into.add(dv, to: v.trace)
        }
    }

    private func requireLengths(_ runs: [Int]) {
        require(runs.allSatisfy { $0 >= 0 }, "attention needs runs of no negative length, got \(runs)")
    }

    private func requireFirstOrder(_ into: Cotangents) {
        require(
            !into.isNested,
            "the fused attention has a first derivative only: for a second one, compose it of matmul and softmax")
    }

    private func withThree(
        _ q: Tensor, _ k: Tensor, _ v: Tensor,
        _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) -> Void
    ) {
        q.withUnsafeElements { q in
            k.withUnsafeElements { k in
                v.withUnsafeElements { v in
                    guard let q = q.baseAddress, let k = k.baseAddress, let v = v.baseAddress else { return }
                    body(q, k, v)
                }
            }
        }
    }

    private func mix(
        _ q: UnsafePointer<Float>, _ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>, _ qStride: Int,
        _ kStride: Int, _ z: UnsafeMutablePointer<Float>?, _ runs: [Int]
    ) {
        var segments: [plumb_attention_segment] = []
        segments.reserveCapacity(runs.count)
        var row = 0
        for rows in runs {
            var segment = plumb_attention_segment()
            segment.rows = rows
            (segment.q, segment.k, segment.v) = (q + row * qStride, k + row * kStride, v + row * kStride)
            (segment.q_stride, segment.k_stride, segment.v_stride) = (qStride, kStride, kStride)
            segment.z = z.map { $0 + row * queryWidth }
            segment.z_stride = queryWidth
            segments.append(segment)
            row += rows
        }
        segments.withUnsafeBufferPointer { segments in
            var call = plumb_attention_call()
            (call.heads, call.kv_heads, call.width) = (heads, keyValueHeads, headWidth)
            call.scale = scale
            call.stages = Int32(PLUMB_ATTEND_ALL)
            call.all_keys = isCausal ? 0 : 1
            call.segments = segments.count
            call.segment = segments.baseAddress
            plumb_attention(&call)
        }
    }

    private func carryBack(
        _ dz: Tensor, _ q: UnsafePointer<Float>, _ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>, _ qStride: Int,
        _ kStride: Int, _ dq: UnsafeMutablePointer<Float>, _ dk: UnsafeMutablePointer<Float>,
        _ dv: UnsafeMutablePointer<Float>, _ runs: [Int]
    ) {
        dz.withUnsafeElements { dz in
            guard let dz = dz.baseAddress else { return }
            var segments: [plumb_attention_backward_segment] = []
            segments.reserveCapacity(runs.count)
            var row = 0
            for rows in runs {
                var segment = plumb_attention_backward_segment()
                segment.rows = rows
                (segment.q, segment.k, segment.v) = (q + row * qStride, k + row * kStride, v + row * kStride)
                (segment.q_stride, segment.k_stride, segment.v_stride) = (qStride, kStride, kStride)
                (segment.dq, segment.dk, segment.dv) = (dq + row * qStride, dk + row * kStride, dv + row * kStride)
                (segment.dq_stride, segment.dk_stride, segment.dv_stride) = (qStride, kStride, kStride)
                segment.dz = dz + row * queryWidth
                segment.dz_stride = queryWidth
                segments.append(segment)
                row += rows
            }
            segments.withUnsafeBufferPointer { segments in
                var call = plumb_attention_backward_call()
                (call.heads, call.kv_heads, call.width) = (heads, keyValueHeads, headWidth)
                call.scale = scale
                call.all_keys = isCausal ? 0 : 1
                call.segments = segments.count
                call.segment = segments.baseAddress
                plumb_attention_backward(&call)
            }
        }
    }
}
