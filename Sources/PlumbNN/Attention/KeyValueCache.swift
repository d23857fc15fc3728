internal import CPlumbKernels
internal import PlumbBasics
internal import PlumbTensor

/// Keys (rotated) and values of the positions that a sequence has passed, block by block.
///
/// Keys are kept in the panels that the attention kernel reads, so that one kernel serves prompts, generation and
/// patched runs that share a prefix. A cache belongs to one pass at a time.
public final class KeyValueCache: @unchecked Sendable {
    private struct Block {
        /// `[G][capacity / 32][K][32]`
        var keys: Tensor
        /// `[capacity][G · K]`
        var values: Tensor
    }

    private let keyValueHeads: Int
    private let headWidth: Int
    private var blocks: [Block]
    /// Positions that fit, a multiple of 32.
    public private(set) var capacity: Int
    /// Positions held.
    public private(set) var length = 0

    /// An empty cache.
    ///
    /// - Parameters:
    ///   - blocks: `L`, the attention layers that write to it.
    ///   - keyValueHeads: `G`.
    ///   - headWidth: `K`.
    ///   - capacity: positions that should fit.
    public init(blocks: Int, keyValueHeads: Int, headWidth: Int, capacity: Int) {
        let rounded = KeyValueCache.rounded(capacity)
        (self.keyValueHeads, self.headWidth, self.capacity) = (keyValueHeads, headWidth, rounded)
        let size = keyValueHeads * headWidth
        self.blocks = (0..<blocks).map { _ in
            Block(keys: .zeros([rounded * size]), values: .zeros([rounded, size]))
        }
    }

    private static func rounded(_ positions: Int) -> Int { max(1, (positions + 31) / 32) * 32 }

    /// Forgets every position.
    public func clear() { length = 0 }

    /// Makes room for `positions` positions, keeping what is held.
    public func reserve(_ positions: Int) {
        guard positions > capacity else { return }
        let grown = KeyValueCache.rounded(max(positions, capacity * 2))
        let size = keyValueHeads * headWidth
        for index in blocks.indices {
            var keys = Tensor.zeros([grown * size])
            var values = Tensor.zeros([grown, size])
            let old = blocks[index]
            keys.withUnsafeMutableElements { to in
                old.keys.withUnsafeElements { from in
                    for head in 0..<keyValueHeads {
                        let source = from[head * headWidth * capacity..<(head + 1) * headWidth * capacity]
                        _ = to[(head * headWidth * grown)...].update(fromContentsOf: source)
                    }
                }
            }
            values.withUnsafeMutableElements { to in
                old.values.withUnsafeElements { _ = to.update(fromContentsOf: $0) }
            }
            blocks[index] = Block(keys: keys, values: values)
        }
        capacity = grown
    }

    /// Writes rows of keys and values of `block` at positions `startPosition...`.
    ///
    /// - Shapes: `keys` and `values` point at `[rows, G · K]` with the given strides.
    func write(
        block: Int, startPosition: Int, rows: Int, keys: UnsafePointer<Float>, keyStride: Int,
        values: UnsafePointer<Float>, valueStride: Int
    ) {
        require(
            startPosition + rows <= capacity, "a cache of \(capacity) positions cannot hold \(startPosition + rows)")
        let size = keyValueHeads * headWidth
        blocks[block].keys.withUnsafeMutableElements {
            plumb_attention_append_keys(
                $0.baseAddress, capacity, keyValueHeads, headWidth, startPosition, rows, keys, keyStride)
        }
        blocks[block].values.withUnsafeMutableElements { target in
            guard let to = target.baseAddress else { return }
            for row in 0..<rows {
                (to + (startPosition + row) * size).update(from: values + row * valueStride, count: size)
            }
        }
        length = max(length, startPosition + rows)
    }

    /// Calls `body` with the panels of keys and the rows of values of `block`.
    func withBlock<R>(
        _ block: Int, _ body: (_ keys: UnsafePointer<Float>?, _ values: UnsafePointer<Float>?) throws -> R
    ) rethrows -> R {
        try blocks[block].keys.withUnsafeElements { keys in
            try blocks[block].values.withUnsafeElements { try body(keys.baseAddress, $0.baseAddress) }
        }
    }
}
