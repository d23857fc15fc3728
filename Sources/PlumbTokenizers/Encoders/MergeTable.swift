/// What two adjacent tokens merge into, and how early.
struct MergeTable: Sendable {
    /// Rank of pairs that do not merge.
    static let none = UInt32.max

    private static let free = UInt64.max
    private var slots: [(key: UInt64, rank: UInt32, result: Int32)]
    private var shift: UInt64

    /// Makes room for so many merges.
    init(capacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        slots = [(key: UInt64, rank: UInt32, result: Int32)](repeating: (Self.free, Self.none, -1), count: 1 << bits)
        shift = 64 - bits
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while slots[slot].key != key, slots[slot].key != Self.free { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    @inline(__always)
    private func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Adds a merge; of equal pairs the last counts.
    mutating func insert(_ left: Int32, _ right: Int32, rank: UInt32, result: Int32) {
        let key = key(left, right)
        slots[slot(key)] = (key, rank, result)
    }

    /// The rank of a pair, lower merging earlier, and the token it becomes.
    @inline(__always)
    func find(_ left: Int32, _ right: Int32) -> (rank: UInt32, result: Int32) {
        // A free slot holds the answer for pairs that do not merge.
        let slot = slots[slot(key(left, right))]
        return (slot.rank, slot.result)
    }

    /// The pairs that merge, the earliest first.
    var pairs: [(left: Int32, right: Int32)] {
        slots.filter { $0.key != Self.free }.sorted { ($0.rank, $0.key) < ($1.rank, $1.key) }
            .map { (Int32(truncatingIfNeeded: $0.key >> 32), Int32(truncatingIfNeeded: $0.key)) }
    }
}

extension MergeTable {
    /// What pairs merge into, in no order.
    var results: [Int32] { slots.compactMap { $0.key == Self.free ? nil : $0.result } }
}
