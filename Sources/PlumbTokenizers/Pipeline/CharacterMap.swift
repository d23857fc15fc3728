internal import struct Foundation.Data
internal import PlumbBasics

/// SentencePiece's compiled rules for characters: a trie in a double array, and the texts that replace.
///
/// As in Hugging Face's library a character with its marks is looked up as a whole where it has fewer than six bytes,
/// else scalar by scalar, and of several rules that fit the shortest counts. Which scalars make up one character is the
/// standard library's answer.
struct CharacterMap: Sendable, Hashable {
    private let units: [UInt32]
    private let texts: [UInt8]
    let data: [UInt8]

    /// The rules of bytes: the trie's size, its units, and the texts with a zero byte after each.
    init(_ data: [UInt8]) throws(TokenizerError) {
        func unit(_ index: Int) -> UInt32 {
            data[index..<index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard data.count >= 4, Int(unit(0)) % 4 == 0, Int(unit(0)) <= data.count - 4 else {
            throw TokenizerError("the tokenizer's precompiled character map is damaged")
        }
        let size = Int(unit(0))
        units = stride(from: 4, to: 4 + size, by: 4).map(unit)
        texts = Array(data[(4 + size)...])
        self.data = data
    }

    func apply(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        func append(_ part: Range<Int>) {
            if let other = replacement(of: text, part) {
                result.append(contentsOf: texts[other])
            } else {
                result.append(contentsOf: UnsafeBufferPointer(rebasing: text[part]))
            }
        }
        var start = 0
        for end in Self.ends(text) {
            if end - start < 6, let other = replacement(of: text, start..<end) {
                result.append(contentsOf: texts[other])
                start = end
            }
            while start < end {
                let length = UTF8Scalar.decode(text, at: start, end: end).length
                append(start..<start + length)
                start += length
            }
        }
        return result
    }

    /// Where each character ends. Text that is no valid UTF-8 is taken scalar by scalar.
    private static func ends(_ text: UnsafeBufferPointer<UInt8>) -> [Int] {
        var ends: [Int] = []
        var index = 0
        guard let whole = String(validating: text, as: UTF8.self) else {
            while index < text.count {
                index += UTF8Scalar.decode(text, at: index, end: text.count).length
                ends.append(index)
            }
            return ends
        }
        for character in whole {
            index += character.utf8.count
            ends.append(index)
        }
        return ends
    }

    /// Where the text that replaces `part`, or its beginning, is.
    private func replacement(of text: UnsafeBufferPointer<UInt8>, _ part: Range<Int>) -> Range<Int>? {
        guard var unit = units.first else { return nil }
        var node = Self.offset(unit)
        for index in part {
            guard text[index] != 0 else { return nil }
            node ^= Int(text[index])
            guard node < units.count else { return nil }
            unit = units[node]
            guard unit & 0x8000_00FF == UInt32(text[index]) else { return nil }
            node ^= Self.offset(unit)
            guard unit & 0x100 == 0 else {
                guard node < units.count else { return nil }
                let start = Int(units[node] & 0x7FFF_FFFF)
                guard start < texts.count else { return nil }
                return start..<(texts[start...].firstIndex(of: 0) ?? texts.count)
            }
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
}
