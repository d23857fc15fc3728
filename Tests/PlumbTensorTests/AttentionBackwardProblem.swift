import CPlumbKernels
import Foundation

/// An attention problem with the gradient of its result.
struct AttentionBackwardProblem {
    var attention: AttentionProblem
    var allKeys: Bool
    var dz: FloatBlock

    var dzStride: Int { attention.heads * attention.width + 1 }
    var queryWidth: Int { attention.heads * attention.width }
    var keyWidth: Int { attention.keyHeads * attention.width }

    init(_ shape: (positions: Int, heads: Int, keyHeads: Int, width: Int), allKeys: Bool, seed: UInt64) {
        var random = SeededFloats(seed: seed &+ 100)
        attention = AttentionProblem(
            positions: shape.positions, heads: shape.heads, keyHeads: shape.keyHeads, width: shape.width, seed: seed)
        self.allKeys = allKeys
        dz = FloatBlock(random.floats(shape.positions * (shape.heads * shape.width + 1)))
    }

    /// A segment that writes to `gradients`.
    func segment(_ gradients: Gradients) -> plumb_attention_backward_segment {
        plumb_attention_backward_segment(
            rows: attention.positions, q: attention.query(0), k: attention.key(0), v: attention.value(0), dz: dz.base,
            q_stride: attention.stride, k_stride: attention.stride, v_stride: attention.stride, dz_stride: dzStride,
            dq: gradients.dq.base, dk: gradients.dk.base, dv: gradients.dv.base, dq_stride: queryWidth + 2,
            dk_stride: keyWidth + 1, dv_stride: keyWidth)
    }

    /// Makes what is given of a row NaN: its queries and gradients, and unless `queriesOnly` its keys and values.
    func spoil(row: Int, queriesOnly: Bool) {
        attention.query(row).update(repeating: .nan, count: queryWidth)
        (dz.base + row * dzStride).update(repeating: .nan, count: queryWidth)
        guard !queriesOnly else { return }
        attention.key(row).update(repeating: .nan, count: keyWidth)
        attention.value(row).update(repeating: .nan, count: keyWidth)
    }

    func gradients() -> Gradients {
        let gradients = Gradients(self)
        differentiate([segment(gradients)])
        return gradients
    }

    /// Segments of problems of these heads and this width.
    func differentiate(_ segments: [plumb_attention_backward_segment]) {
        segments.withUnsafeBufferPointer { segments in
            var call = plumb_attention_backward_call(
                heads: attention.heads, kv_heads: attention.keyHeads, width: attention.width, scale: attention.scale,
                all_keys: allKeys ? 1 : 0, segments: segments.count, segment: segments.baseAddress)
            plumb_attention_backward(&call)
        }
    }

    /// dq, dk and dv in double precision, without strides.
    func reference() -> (dq: [Double], dk: [Double], dv: [Double]) {
        let a = attention
        var dq = [Double](repeating: 0, count: a.positions * queryWidth)
        var dk = [Double](repeating: 0, count: a.positions * keyWidth)
        var dv = dk
        for row in 0..<a.positions {
            for head in 0..<a.heads {
                let at = head / (a.heads / a.keyHeads) * a.width
                let q = a.query(row) + head * a.width, dz = dz.base + row * dzStride + head * a.width
                let keys = allKeys ? a.positions : row + 1
                let scores = (0..<keys).map { Double(a.scale) * dot(q, a.key($0) + at) }
                let largest = scores.reduce(-.infinity, max)
                let exponentials = scores.map { exp($0 - largest) }
                let sum = exponentials.reduce(0, +)
                let slopes = (0..<keys).map { dot(dz, a.value($0) + at) }
                let mean = zip(exponentials, slopes).reduce(0) { $0 + $1.0 * $1.1 } / sum
                for key in 0..<keys {
                    let p = exponentials[key] / sum
                    let ds = p * (slopes[key] - mean) * Double(a.scale)
                    for e in 0..<a.width {
                        dq[row * queryWidth + head * a.width + e] += ds * Double(a.key(key)[at + e])
                        dk[key * keyWidth + at + e] += ds * Double(q[e])
                        dv[key * keyWidth + at + e] += p * Double(dz[e])
                    }
                }
            }
        }
        return (dq, dk, dv)
    }

    private func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>) -> Double {
        var sum = 0.0
        for e in 0..<attention.width { sum += Double(x[e]) * Double(y[e]) }
        return sum
    }

    /// Results, not numbers until written.
    struct Gradients {
        var dq: FloatBlock
        var dk: FloatBlock
        var dv: FloatBlock

        init(_ problem: AttentionBackwardProblem) {
            let rows = problem.attention.positions
            dq = FloatBlock([Float](repeating: .nan, count: rows * (problem.queryWidth + 2)))
            dk = FloatBlock([Float](repeating: .nan, count: rows * (problem.keyWidth + 1)))
            dv = FloatBlock([Float](repeating: .nan, count: rows * problem.keyWidth))
        }

        var bits: [[UInt32]] { [dq.bits, dk.bits, dv.bits] }
    }
}
