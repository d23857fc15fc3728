extension Tokenizer {
    /// The text of tokens; bytes that are no valid UTF-8 become replacement characters.
    ///
    /// Ids outside the vocabulary stand for nothing.
    public func decode(_ ids: some Sequence<Int>, skipSpecialTokens: Bool = false) -> String {
        guard !core.isByteLevel else {
            return String(decoding: decodeBytes(ids, skipSpecialTokens: skipSpecialTokens), as: UTF8.self)
        }
        return String(decoding: core.decode(ids, skipSpecialTokens, isText: true), as: UTF8.self)
    }

    /// The exact bytes of tokens.
    public func decodeBytes(_ ids: some Sequence<Int>, skipSpecialTokens: Bool = false) -> [UInt8] {
        guard core.isByteLevel else { return core.decode(ids, skipSpecialTokens, isText: false) }
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

    /// The bytes that one token stands for in the middle of a text; none for an id outside the vocabulary.
    ///
    /// A piece of a word in a WordPiece vocabulary keeps its mark, as "##ing".
    public func bytes(of id: Int) -> [UInt8] { core.bytes(of: id, isShown: true) }

    /// The exact text of one token, for display; a part of a character becomes a replacement character.
    public func string(of id: Int) -> String {
        String(decoding: bytes(of: id), as: UTF8.self)
    }

    /// Whether a token steers the model, such as ``bos``, rather than standing for text.
    public func isSpecial(_ id: Int) -> Bool { core.specialIDs.contains(id) }

    /// The one token that has exactly this text, such as " Mary"; nil where there is none.
    public func token(for text: String) -> Int? {
        let bytes = Array(text.utf8)
        if let added = core.addedIDs[bytes] { return added }
        if core.isByteLevel { return core.vocabulary.id(of: bytes).map { Int($0) } }
        let spaced = text.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "\u{2581}")
        let digits = String(bytes.first ?? 0, radix: 16, uppercase: true)
        let spellings = [text, spaced] + (bytes.count == 1 ? ["<0x\(digits.count == 1 ? "0" : "")\(digits)>"] : [])
        return spellings.lazy.compactMap { core.vocabulary.id(of: Array($0.utf8)).map { Int($0) } }
            .first { self.bytes(of: $0) == bytes }
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
            if !(skipSpecialTokens && tokenizer.isSpecial(id)) {
                pending += tokenizer.core.bytes(of: id, isShown: false)
            }
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

extension Tokenizer.Core {
    fileprivate func decode(_ ids: some Sequence<Int>, _ skipSpecial: Bool, isText: Bool) -> [UInt8] {
        var tokens: [[UInt8]] = []
        tokens.reserveCapacity(ids.underestimatedCount)
        for id in ids where id >= 0 && id < vocabulary.count && !vocabulary.range(id).isEmpty {
            if skipSpecial && specialIDs.contains(id) { continue }
            tokens.append(Array(vocabulary[id]))
        }
        return decoder.decode(tokens, isText: isText)
    }

    fileprivate func bytes(of id: Int, isShown: Bool) -> [UInt8] {
        guard id >= 0, id < vocabulary.count else { return [] }
        let token = Array(vocabulary[id])
        return isByteLevel ? token : decoder.bytes(of: token, isShown: isShown)
    }
}
