/// What two adjacent tokens merge into, and how early.
struct MergeTable: Sendable {
    /// Rank of pairs that do not merge.
    static let none = UInt32.max

    private static let free = UInt64.max
    private var keys: [UInt64]
    private var values: [(rank: UInt32, result: Int32)]
    private var shift: UInt64

    /// Makes room for so many merges.
    init(capacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        keys = [UInt64](repeating: Self.free, count: 1 << bits)
        values = [(rank: UInt32, result: Int32)](repeating: (Self.none, -1), count: 1 << bits)
        shift = 64 - bits
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }

    @inline(__always)
    private func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Adds a merge; of equal pairs the last counts.
    mutating func insert(_ left: Int32, _ right: Int32, rank: UInt32, result: Int32) {
        let key = key(left, right)
        let slot = slot(key)
        keys[slot] = key
        values[slot] = (rank, result)
    }

    /// The rank of a pair, lower merging earlier, and the token it becomes.
    @inline(__always)
    func find(_ left: Int32, _ right: Int32) -> (rank: UInt32, result: Int32) {
        let key = key(left, right)
        let slot = slot(key)
        return keys[slot] == key ? values[slot] : (Self.none, -1)
    }

    /// The pairs that merge, the earliest first.
    var pairs: [(left: Int32, right: Int32)] {
        keys.indices.filter { keys[$0] != Self.free }.sorted { values[$0].rank < values[$1].rank }
            .map { (Int32(truncatingIfNeeded: keys[$0] >> 32), Int32(truncatingIfNeeded: keys[$0])) }
    }
}
