internal import CPlumbKernels
internal import Foundation
internal import PlumbBasics
public import PlumbTensor
internal import Synchronization

/// Rotary position embedding: each pair of a head's features turns by an angle that grows with the position
/// (Su et al. 2021, arXiv:2104.09864).
public struct RotaryEmbedding: Sendable {
    /// Which features turn together.
    public enum Pairing: Sendable, Equatable {
        /// Feature i and i + width/2, as most models have it.
        case halves
        /// Feature 2i and 2i + 1, as GPT-J has it.
        case neighbors
    }

    /// The number of features of a head that turn.
    public let width: Int
    /// The number of positions that there are angles for.
    public let positions: Int
    /// The slowest pair turns by an angle of about `1 / base` at each position.
    public let base: Double
    /// How frequencies are stretched.
    public let scaling: Scaling
    /// Which features turn together.
    public let pairing: Pairing
    private let tables: AngleTables

    /// Angles for `positions` positions, worked out as far as runs need them.
    public init(
        width: Int, positions: Int, base: Double, scaling: Scaling = .none, pairing: Pairing = .halves
    ) {
        (self.width, self.positions, self.base, self.scaling) = (width, positions, base, scaling)
        self.pairing = pairing
        let frequencies = scaling.frequencies(width: width, base: base)
        tables = AngleTables(
            short: frequencies.short, long: frequencies.long, split: scaling.originalContext ?? positions,
            amplitude: Float(scaling.amplitude(positions: positions)))
    }

    /// The row of the angles that each row of a batch turns by: its position, and for a sequence that is long for
    /// LongRoPE, its place among the angles of long ones.
    func rows(of batch: RaggedBatch) -> [Int32] {
        var rows = batch.positions
        guard let limit = scaling.originalContext else { return rows }
        for sequence in batch.sequences where sequence.startPosition + sequence.rows > limit {
            for row in sequence.offset..<sequence.offset + sequence.rows { rows[row] += Int32(limit) }
        }
        return rows
    }

    /// Whether a sequence that grows from `old` to `new` positions turns by other angles at every one of them, so that
    /// the keys of a cache no longer hold.
    public func changes(from old: Int, to new: Int) -> Bool {
        scaling.originalContext.map { old > 0 && old <= $0 && new > $0 } ?? false
    }

    /// Turns `heads` heads of `headWidth` features, found at column `offset` of each row of `x`, in place.
    ///
    /// - Shapes: `x` `[R, C]`, R the rows of `batch`.
    public func rotate(_ x: inout Tensor, heads: Int, headWidth: Int, at offset: Int = 0, in batch: RaggedBatch) {
        rotate(&x, heads: heads, headWidth: headWidth, at: offset, positions: rows(of: batch))
    }

    /// Turns `heads` heads of `headWidth` features, found at column `offset` of each row of `x`, in place.
    ///
    /// - Shapes: `x` `[R, C]`, `positions` `[R]`.
    public func rotate(
        _ x: inout Tensor, heads: Int, headWidth: Int, at offset: Int = 0, positions: [Int32]
    ) {
        guard !x.isTraced else {
            x = rotated(x, heads: heads, headWidth: headWidth, at: offset, positions: positions)
            return
        }
        turn(&x, heads, headWidth, offset, positions, isInverse: false)
    }

    /// The rows with `heads` heads of `headWidth` features, found at column `offset`, turned.
    ///
    /// - Shapes: `x` and result `[R, …]`, `positions` `[R]`.
    public func rotated(
        _ x: Tensor, heads: Int, headWidth: Int, at offset: Int = 0, positions: [Int32]
    ) -> Tensor {
        rotated(x, heads, headWidth, offset, positions, isInverse: false)
    }

    /// A rotation's gradient is turned back by the same angles.
    private func rotated(
        _ x: Tensor, _ heads: Int, _ headWidth: Int, _ offset: Int, _ positions: [Int32], isInverse: Bool
    ) -> Tensor {
        var y = x.detached()
        turn(&y, heads, headWidth, offset, positions, isInverse: isInverse)
        return y.recorded(from: [x]) { dy, into in
            into.add(rotated(dy, heads, headWidth, offset, positions, isInverse: !isInverse), to: x.trace)
        }
    }

    private func turn(
        _ x: inout Tensor, _ heads: Int, _ headWidth: Int, _ offset: Int, _ positions: [Int32], isInverse: Bool
    ) {
        let stride = x.shape.dropFirst().reduce(1, *)
        require(
            x.shape.first == positions.count && offset + heads * headWidth <= stride && width <= headWidth,
            "cannot rotate \(heads) heads of \(headWidth) at \(offset) in \(x.shape)")
        let (needed, limit) = (Int(positions.max() ?? -1) + 1, self.positions + (scaling.originalContext ?? 0))
        require(needed <= limit, "position \(needed - 1) is beyond the \(limit) there are")
        var (cosines, sines) = tables.reaching(needed, of: limit)
        if isInverse { sines = -sines }
        x.withUnsafeMutableElements { x in
            cosines.withUnsafeElements { cosines in
                sines.withUnsafeElements { sines in
                    guard let base = x.baseAddress else { return }
                    guard pairing == .halves else {
                        return turnNeighbors(base + offset, stride, cosines, sines, positions, heads, headWidth)
                    }
                    plumb_rope(
                        base + offset, stride, base + offset, stride, cosines.baseAddress, sines.baseAddress, positions,
                        positions.count, heads, headWidth, width)
                }
            }
        }
    }

    private func turnNeighbors(
        _ x: UnsafeMutablePointer<Float>, _ stride: Int, _ cosines: UnsafeBufferPointer<Float>,
        _ sines: UnsafeBufferPointer<Float>, _ positions: [Int32], _ heads: Int, _ headWidth: Int
    ) {
        for (row, position) in positions.enumerated() {
            let angles = Int(position) * (width / 2)
            for head in 0..<heads {
                let pairs = x + row * stride + head * headWidth
                for index in 0..<width / 2 {
                    let (c, s) = (cosines[angles + index], sines[angles + index])
                    let (a, b) = (pairs[2 * index], pairs[2 * index + 1])
                    (pairs[2 * index], pairs[2 * index + 1]) = (a * c - b * s, b * c + a * s)
                }
            }
        }
    }
}

/// Cosines and sines of the angles of the first positions, made longer when a run goes further: contexts of a hundred
/// thousand positions and more are rarely used up. Rows from `split` on are the positions again by the long frequencies,
/// where there are any.
private final class AngleTables: Sendable {
    private let short: [Float]
    private let long: [Float]?
    private let split: Int
    private let amplitude: Float
    private let held: Mutex<(cosines: Tensor, sines: Tensor)>

    init(short: [Float], long: [Float]?, split: Int, amplitude: Float) {
        (self.short, self.long, self.split, self.amplitude) = (short, long, split, amplitude)
        let none = Tensor.zeros([0, short.count])
        held = Mutex((none, none))
    }

    /// Tables `[rows, width / 2]` of at least `needed` rows and, for the next time, up to twice as many.
    func reaching(_ needed: Int, of limit: Int) -> (cosines: Tensor, sines: Tensor) {
        held.withLock { held in
            if held.cosines.shape[0] < needed {
                let length = min(limit, max(2 * needed, 256))
                held = (table(length, cos), table(length, sin))
            }
            return held
        }
    }

    private func table(_ rows: Int, _ function: (Double) -> Double) -> Tensor {
        Tensor(shape: [rows, short.count]) { result in
            for row in 0..<rows {
                let isLong = long != nil && row >= split
                let position = Float(isLong ? row - split : row)
                for (index, frequency) in (isLong ? long ?? short : short).enumerated() {
                    result[row * short.count + index] = Float(function(Double(position * frequency))) * amplitude
                }
            }
        }
    }
}
