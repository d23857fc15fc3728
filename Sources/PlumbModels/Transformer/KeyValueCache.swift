internal import CPlumbKernels
internal import PlumbBasics
internal import PlumbTensor

/// Keys (rotated) and values of the positions a run has passed, block by block.
///
/// Keys are kept in the panels that the attention kernel reads, so that one kernel serves prompts, generation and
/// patched runs that share a prefix. A cache belongs to one run at a time.
final class KeyValueCache: @unchecked Sendable {
    private struct Memory {
        /// `[G][capacity / 32][K][32]`
        var keys: Tensor
        /// `[capacity][G · K]`
        var values: Tensor
    }

    private let keyValueHeads: Int
    private let headWidth: Int
    private var blocks: [Memory]
    /// Positions that fit, a multiple of 32.
    private(set) var capacity: Int
    /// Positions held.
    private(set) var length = 0

    init(_ configuration: TransformerConfiguration, capacity: Int) {
        keyValueHeads = configuration.keyValueHeads
        headWidth = configuration.headWidth
        self.capacity = KeyValueCache.rounded(capacity)
        let size = keyValueHeads * headWidth
        blocks = (0..<configuration.layers).map { [capacity = self.capacity] _ in
            Memory(keys: .zeros([capacity * size]), values: .zeros([capacity, size]))
        }
    }

    private static func rounded(_ positions: Int) -> Int { max(1, (positions + 31) / 32) * 32 }

    /// The bytes a cache for `positions` positions takes.
    static func bytes(_ configuration: TransformerConfiguration, capacity: Int) -> Int {
        rounded(capacity) * configuration.keyValueHeads * configuration.headWidth * 8 * configuration.layers
    }

    /// Makes room for `positions` positions, keeping what is held.
    func reserve(_ positions: Int) {
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
            blocks[index] = Memory(keys: keys, values: values)
        }
        capacity = grown
    }

    /// Writes rows of keys and values of `block` at positions `first...`.
    ///
    /// - Shapes: `keys` and `values` point at `[rows, G · K]` with the given strides.
    func write(
        block: Int, first: Int, rows: Int, keys: UnsafePointer<Float>, keyStride: Int, values: UnsafePointer<Float>,
        valueStride: Int
    ) {
        require(first + rows <= capacity, "a cache of \(capacity) positions cannot hold \(first + rows)")
        let size = keyValueHeads * headWidth
        blocks[block].keys.withUnsafeMutableElements {
            plumb_attention_append_keys(
                $0.baseAddress, capacity, keyValueHeads, headWidth, first, rows, keys, keyStride)
        }
        blocks[block].values.withUnsafeMutableElements { target in
            guard let to = target.baseAddress else { return }
            for row in 0..<rows {
                (to + (first + row) * size).update(from: values + row * valueStride, count: size)
            }
        }
        length = max(length, first + rows)
    }

    /// Forgets positions from `length` on.
    func truncate(to length: Int) { self.length = min(self.length, length) }

    /// Calls `body` with the panels of keys and the rows of values of `block`.
    func withMemory<R>(
        block: Int, _ body: (_ keys: UnsafePointer<Float>?, _ values: UnsafePointer<Float>?) throws -> R
    ) rethrows -> R {
        try blocks[block].keys.withUnsafeElements { keys in
            try blocks[block].values.withUnsafeElements { try body(keys.baseAddress, $0.baseAddress) }
        }
    }
}
