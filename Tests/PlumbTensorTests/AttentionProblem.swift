import CPlumbKernels
import Foundation

/// Uniform numbers from -scale to scale, the same for the same seed.
struct SeededFloats {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in Float(below(1 << 24) - (1 << 23)) / Float(1 << 23) * scale }
    }
}

/// Memory whose address stays.
final class FloatBlock {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(_ values: [Float]) {
        count = values.count
        base = .allocate(capacity: max(count, 1))
        base.initialize(from: values, count: count)
    }

    deinit { base.deallocate() }

    var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }
    var bits: [UInt32] { values.map(\.bitPattern) }
}

/// One run of T positions: queries, keys and values side by side as a fused projection leaves them.
struct AttentionProblem {
    var positions: Int
    var heads: Int
    var keyHeads: Int
    var width: Int
    var fused: FloatBlock

    var stride: Int { (heads + 2 * keyHeads) * width + 3 }
    var scale: Float { 1 / Float(width).squareRoot() }

    init(positions: Int, heads: Int, keyHeads: Int, width: Int, seed: UInt64) {
        var random = SeededFloats(seed: seed)
        self.positions = positions
        self.heads = heads
        self.keyHeads = keyHeads
        self.width = width
        fused = FloatBlock(random.floats(positions * ((heads + 2 * keyHeads) * width + 3), scale: 1.5))
    }

    func query(_ position: Int) -> UnsafeMutablePointer<Float> { fused.base + position * stride }
    func key(_ position: Int) -> UnsafeMutablePointer<Float> { query(position) + heads * width }
    func value(_ position: Int) -> UnsafeMutablePointer<Float> { key(position) + keyHeads * width }

    /// softmax(scale · q·kᵀ)·v in double precision, [T, heads, width]; causal, or over all keys.
    func reference(allKeys: Bool = false) -> [Double] {
        var z: [Double] = []
        for position in 0..<positions {
            for head in 0..<heads {
                let at = head / (heads / keyHeads) * width
                let scores = (0..<(allKeys ? positions : position + 1)).map { other in
                    (0..<width).reduce(0.0) {
                        $0 + Double(query(position)[head * width + $1]) * Double(key(other)[at + $1])
                    } * Double(scale)
                }
                let largest = scores.reduce(-.infinity, max)
                let weights = scores.map { exp($0 - largest) }
                let sum = weights.reduce(0, +)
                for element in 0..<width {
                    z.append(weights.indices.reduce(0) { $0 + weights[$1] / sum * Double(value($1)[at + element]) })
                }
            }
        }
        return z
    }

    /// Keys and values of the first `count` positions as a prefix, keys appended in two pieces.
    func prefix(_ count: Int, spare: Int = 0) -> AttentionPrefix {
        let capacity = (count + spare + 31) / 32 * 32
        let prefix = AttentionPrefix(
            capacity: capacity, keys: FloatBlock([Float](repeating: .nan, count: capacity * keyHeads * width)),
            values: FloatBlock([Float](repeating: .nan, count: capacity * keyHeads * width)))
        for (first, rows) in [(0, count / 3), (count / 3, count - count / 3)] where rows > 0 {
            plumb_attention_append_keys(
                prefix.keys.base, capacity, keyHeads, width, first, rows, key(first), stride)
        }
        for position in 0..<count {
            (prefix.values.base + position * keyHeads * width).update(from: value(position), count: keyHeads * width)
        }
        return prefix
    }

    /// The rows first ..< end as a segment that writes to its place in z [T, heads, width].
    func segment(
        _ first: Int, _ end: Int, prefix: AttentionPrefix?, z: FloatBlock, scores: FloatBlock? = nil,
        pattern: FloatBlock? = nil, keyStride: Int = 0
    ) -> plumb_attention_segment {
        var segment = plumb_attention_segment()
        segment.first = first
        segment.rows = end - first
        segment.q = UnsafePointer(query(first))
        segment.k = UnsafePointer(key(first))
        segment.v = UnsafePointer(value(first))
        segment.q_stride = stride
        segment.k_stride = stride
        segment.v_stride = stride
        segment.prefix_k = first > 0 ? prefix.map { UnsafePointer($0.keys.base) } : nil
        segment.prefix_v = first > 0 ? prefix.map { UnsafePointer($0.values.base) } : nil
        segment.prefix_capacity = prefix?.capacity ?? 0
        segment.z = z.base + first * heads * width
        segment.z_stride = heads * width
        segment.scores = scores.map { $0.base + first * heads * keyStride }
        segment.pattern = pattern.map { $0.base + first * heads * keyStride }
        segment.key_stride = keyStride
        return segment
    }

    func attend(
        _ segments: [plumb_attention_segment], stages: Int = Int(PLUMB_ATTEND_ALL), allKeys: Bool = false
    ) {
        segments.withUnsafeBufferPointer { pointer in
            var call = plumb_attention_call()
            call.heads = heads
            call.kv_heads = keyHeads
            call.width = width
            call.scale = scale
            call.stages = Int32(stages)
            call.all_keys = allKeys ? 1 : 0
            call.segments = segments.count
            call.segment = pointer.baseAddress
            plumb_attention(&call)
        }
    }

    /// z of the whole run at once.
    func plain() -> FloatBlock {
        let z = FloatBlock([Float](repeating: .nan, count: positions * heads * width))
        attend([segment(0, positions, prefix: nil, z: z)])
        return z
    }
}

struct AttentionPrefix {
    var capacity: Int
    var keys: FloatBlock
    var values: FloatBlock
}

/// How far two numbers are apart; infinite where that is not a number, which `max` would pass over.
func gap(_ a: Double, _ b: Double) -> Double {
    let difference = a == b ? 0 : abs(a - b)
    return difference.isNaN ? .infinity : difference
}
