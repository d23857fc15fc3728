/// The tokens of words seen before: a table of fixed size in which a new word takes the place of an old one.
///
/// Words of up to 23 bytes that make up to six tokens are kept; others are few enough to merge anew.
struct WordCache: Sendable {
    /// The bytes of a word and, in the topmost, their number.
    struct Key: Sendable, Equatable {
        var low: UInt64 = 0
        var middle: UInt64 = 0
        var high: UInt64 = 0
    }

    private struct Entry {
        var key = Key()
        var count: Int32 = 0
        var tokens: (Int32, Int32, Int32, Int32, Int32, Int32) = (0, 0, 0, 0, 0, 0)
    }

    static let longestWord = 23
    private static let mostTokens = 6
    private static let bits: UInt64 = 14
    private var entries: [Entry] = []

    /// The key of the bytes `start..<end`, of which there are at most ``longestWord``.
    @inline(__always)
    static func key(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Key {
        let count = end - start
        var key = Key()
        if start + 24 <= text.count, let base = text.baseAddress {
            let words = UnsafeRawPointer(base + start)
            func word(_ offset: Int) -> UInt64 {
                let present = min(max(count - offset, 0), 8)
                let word = UInt64(
                    littleEndian: words.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                return present == 8 ? word : word & (1 << UInt64(8 * present) - 1)
            }
            key = Key(low: word(0), middle: word(8), high: word(16))
        } else {
            for index in 0..<count {
                let byte = UInt64(text[start + index]) << UInt64(8 * (index & 7))
                switch index >> 3 {
                case 0: key.low |= byte
                case 1: key.middle |= byte
                default: key.high |= byte
                }
            }
        }
        key.high |= UInt64(count) << 56
        return key
    }

    @inline(__always)
    private static func slot(_ key: Key) -> Int {
        var hash = key.low &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 32 ^ key.middle) &* 0xD6E8_FEB8_6659_FD93
        hash = (hash ^ hash >> 32 ^ key.high) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: hash >> (64 - bits))
    }

    /// Appends the tokens of a word seen before; false for a new one.
    @inline(__always)
    func append(_ key: Key, to ids: inout [Int32]) -> Bool {
        guard !entries.isEmpty else { return false }
        let slot = Self.slot(key)
        guard entries[slot].key == key else { return false }
        let tokens = entries[slot].tokens
        switch entries[slot].count {
        case 0: break
        case 1: ids.append(tokens.0)
        case 2:
            ids.append(tokens.0)
            ids.append(tokens.1)
        default:
            let all = [tokens.0, tokens.1, tokens.2, tokens.3, tokens.4, tokens.5]
            ids.append(contentsOf: all.prefix(Int(entries[slot].count)))
        }
        return true
    }

    /// Keeps the tokens of a word if they are few.
    mutating func insert(_ key: Key, _ tokens: ArraySlice<Int32>) {
        guard tokens.count <= Self.mostTokens else { return }
        if entries.isEmpty { entries = [Entry](repeating: Entry(), count: 1 << Int(Self.bits)) }
        var entry = Entry(key: key, count: Int32(tokens.count))
        withUnsafeMutableBytes(of: &entry.tokens) { room in
            for (index, token) in tokens.enumerated() {
                room.storeBytes(of: token, toByteOffset: 4 * index, as: Int32.self)
            }
        }
        entries[Self.slot(key)] = entry
    }
}
