/// GPT-2's printable stand-ins for bytes, in which byte-level vocabularies are written ("Ġthe" for " the").
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes, in order, for U+0100 and on.
enum ByteAlphabet {
    /// The byte each scalar below U+0144 stands for; -1 where it stands for none.
    private static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        var next = 0x100
        for byte in 0..<256 {
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE {
                table[byte] = Int16(byte)
            } else {
                table[next] = Int16(byte)
                next += 1
            }
        }
        return table
    }()

    /// Appends the bytes that a token stands for; false, and nothing appended, where some scalar stands for no byte.
    static func decode(_ token: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]) -> Bool {
        let count = result.count
        var index = 0
        while index < token.count {
            let (value, length) = UTF8Scalar.decode(token, at: index, end: token.count)
            guard value < 0x144, bytes[Int(value)] >= 0 else {
                result.removeSubrange(count...)
                return false
            }
            result.append(UInt8(truncatingIfNeeded: bytes[Int(value)]))
            index += length
        }
        return true
    }

    /// The scalar that stands for each byte.
    static let scalars: [Unicode.Scalar] = {
        var table = [Unicode.Scalar](repeating: "\0", count: 256)
        for (value, byte) in bytes.enumerated() where byte >= 0 {
            table[Int(byte)] = Unicode.Scalar(UInt32(value)) ?? "\0"
        }
        return table
    }()

    /// The token that stands for `bytes`.
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(scalars[Int(byte)]) }
        return String(text)
    }
}
