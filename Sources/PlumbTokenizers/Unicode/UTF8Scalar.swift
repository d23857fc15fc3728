/// Unicode scalars in UTF-8 bytes that may be broken.
enum UTF8Scalar {
    /// The scalar that begins at `index`; where the bytes are no valid UTF-8, the replacement character of length 1.
    ///
    /// `index < end <= bytes.count`; no byte from `end` on is read.
    @inline(__always)
    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, end: Int) -> (
        value: UInt32, length: Int
    ) {
        let first = UInt32(bytes[index])
        if first < 0x80 { return (first, 1) }
        return decodeMultibyte(first, bytes, at: index, end: end)
    }

    @inline(__always)
    static func decodeMultibyte(
        _ first: UInt32, _ bytes: UnsafeBufferPointer<UInt8>, at index: Int, end: Int
    ) -> (value: UInt32, length: Int) {
        func continuation(_ offset: Int) -> UInt32? {
            guard index + offset < end else { return nil }
            let byte = UInt32(bytes[index + offset])
            return byte & 0xC0 == 0x80 ? byte & 0x3F : nil
        }
        let invalid: (UInt32, Int) = (0xFFFD, 1)
        guard first >= 0xC2, first <= 0xF4, let second = continuation(1) else { return invalid }
        if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
        guard let third = continuation(2) else { return invalid }
        if first < 0xF0 {
            let value = (first & 0x0F) << 12 | second << 6 | third
            return value >= 0x800 && !(0xD800..<0xE000).contains(value) ? (value, 3) : invalid
        }
        guard let fourth = continuation(3) else { return invalid }
        let value = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
        return value >= 0x10000 && value <= 0x10FFFF ? (value, 4) : invalid
    }
}
