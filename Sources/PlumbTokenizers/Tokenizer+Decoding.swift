extension Tokenizer {
    /// The text of tokens; bytes that are no valid UTF-8 become replacement characters.
    ///
    /// Ids outside the vocabulary stand for nothing.
    public func decode(_ ids: some Sequence<Int>, skipSpecialTokens: Bool = false) -> String {
        String(decoding: decodeBytes(ids, skipSpecialTokens: skipSpecialTokens), as: UTF8.self)
    }

    /// The exact bytes of tokens.
    public func decodeBytes(_ ids: some Sequence<Int>, skipSpecialTokens: Bool = false) -> [UInt8] {
        let vocabulary = core.vocabulary
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ids.underestimatedCount * 4)
        vocabulary.bytes.withUnsafeBufferPointer { all in
            for id in ids where id >= 0 && id < vocabulary.count {
                if skipSpecialTokens && core.specialIDs.contains(id) { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: all[vocabulary.range(id)]))
            }
        }
        return bytes
    }

    /// The exact bytes of one token; none for an id outside the vocabulary.
    public func bytes(of id: Int) -> [UInt8] {
        id >= 0 && id < core.vocabulary.count ? Array(core.vocabulary[id]) : []
    }

    /// The exact text of one token, for display; a part of a character becomes a replacement character.
    public func string(of id: Int) -> String {
        String(decoding: bytes(of: id), as: UTF8.self)
    }

    /// The one token that has exactly this text, such as " Mary"; nil where there is none.
    public func token(for text: String) -> Int? {
        let bytes = Array(text.utf8)
        return core.addedIDs[bytes] ?? core.vocabulary.id(of: bytes).map { Int($0) }
    }

    /// Text that comes token by token: characters are handed out once all their bytes are there.
    public struct TextStream: Sendable {
        private let tokenizer: Tokenizer
        private let skipSpecialTokens: Bool
        private var pending: [UInt8] = []

        init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
            self.tokenizer = tokenizer
            self.skipSpecialTokens = skipSpecialTokens
        }

        /// The text that this token completes; the beginning of a character is kept for later.
        public mutating func append(_ id: Int) -> String {
            pending += tokenizer.decodeBytes(CollectionOfOne(id), skipSpecialTokens: skipSpecialTokens)
            let whole = pending.count - Self.unfinished(pending)
            defer { pending.removeFirst(whole) }
            return String(decoding: pending[..<whole], as: UTF8.self)
        }

        /// What is left when no token follows.
        public mutating func finish() -> String {
            defer { pending = [] }
            return String(decoding: pending, as: UTF8.self)
        }

        /// How many bytes at the end could be the beginning of a character.
        private static func unfinished(_ bytes: [UInt8]) -> Int {
            for count in 1...3 where count <= bytes.count {
                let byte = bytes[bytes.count - count]
                if byte & 0xC0 == 0x80 { continue }
                let needed = byte >= 0xF0 && byte < 0xF5 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1
                return needed > count ? count : 0
            }
            return 0
        }
    }

    /// A stream for text that is generated token by token.
    public func textStream(skipSpecialTokens: Bool = true) -> TextStream {
        TextStream(self, skipSpecialTokens: skipSpecialTokens)
    }
}
