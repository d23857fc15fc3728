/// The bytes of every token, and the token of given bytes.
struct Vocabulary: Sendable {
    /// All tokens' bytes end to end.
    private(set) var bytes: [UInt8] = []
    /// Where each token's bytes begin; one more entry than tokens.
    private(set) var offsets: [Int32] = [0]
    /// An open-addressing hash table of ids; -1 is free.
    private var slots: [Int32] = []
    private var mask = 0

    var count: Int { offsets.count - 1 }

    /// Makes room for so many tokens.
    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
        mask = size - 1
        offsets.reserveCapacity(capacity + 1)
        bytes.reserveCapacity(capacity * 6)
    }

    @inline(__always)
    func range(_ id: Int) -> Range<Int> { Int(offsets[id])..<Int(offsets[id + 1]) }

    /// The bytes of a token.
    subscript(id: Int) -> ArraySlice<UInt8> { bytes[range(id)] }

    /// Appends the next token. One that is `isFound` answers ``id(of:)``; the last of equal ones does.
    mutating func append(_ token: some Collection<UInt8>, isFound: Bool) {
        let id = Int32(count)
        let start = bytes.count
        bytes.append(contentsOf: token)
        offsets.append(Int32(bytes.count))
        guard isFound else { return }
        bytes.withUnsafeBufferPointer { all in
            let new = UnsafeBufferPointer(rebasing: all[start...])
            var slot = Self.hash(new) & mask
            while slots[slot] >= 0 {
                let other = range(Int(slots[slot]))
                if UnsafeBufferPointer(rebasing: all[other]).elementsEqual(new) { break }
                slot = (slot + 1) & mask
            }
            slots[slot] = id
        }
    }

    /// The token of exactly these bytes.
    func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
        bytes.withUnsafeBufferPointer { all in
            var slot = Self.hash(token) & mask
            while slots[slot] >= 0 {
                let other = range(Int(slots[slot]))
                if other.count == token.count,
                    UnsafeBufferPointer(rebasing: all[other]).elementsEqual(token)
                {
                    return slots[slot]
                }
                slot = (slot + 1) & mask
            }
            return nil
        }
    }

    func id(of token: some Collection<UInt8>) -> Int32? {
        if let id = token.withContiguousStorageIfAvailable({ id(of: $0) }) { return id }
        return Array(token).withUnsafeBufferPointer { id(of: $0) }
    }

    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: (hash ^ hash >> 29) & 0x7FFF_FFFF_FFFF_FFFF)
    }
}
