/// Tokens that are found in text before anything else is done with it, such as "<|im_start|>".
struct AddedTokens: Sendable {
    struct Token: Sendable, Hashable {
        var id: Int
        var content: [UInt8]
        /// Control tokens are special; others are words added to the vocabulary.
        var isSpecial = true
        /// Whether the token is found only where no word character adjoins.
        var isSingleWord = false
        /// Whether white space before, and after, belongs to the token.
        var stripsLeft = false
        var stripsRight = false
        /// Whether the token is looked for in the text after normalization.
        var isNormalized = false
    }

    /// One stretch of text: a token, or text between tokens.
    struct Part {
        let id: Int?
        let range: Range<Int>
    }

    let tokens: [Token]
    private let trie: TokenTrie
    private let begins: [Bool]

    init(_ tokens: [Token]) {
        let tokens = tokens.filter { !$0.content.isEmpty }
        var trie = TokenTrie(bytes: tokens.reduce(0) { $0 + $1.content.count })
        var begins = [Bool](repeating: false, count: 256)
        // Of equal texts the first counts.
        for (index, token) in tokens.enumerated().reversed() {
            trie.insert(token.content, token: Int32(index))
            begins[Int(token.content[0])] = true
        }
        self.tokens = tokens
        self.trie = trie
        self.begins = begins
    }

    /// Cuts text at the tokens in it: leftmost first, longest of those that begin at one place.
    ///
    /// Empty text has no parts, as in Hugging Face's library: no space is put before it.
    func split(_ text: UnsafeBufferPointer<UInt8>, parsingSpecial: Bool) -> [Part] {
        guard !text.isEmpty else { return [] }
        let all = Part(id: nil, range: 0..<text.count)
        guard !tokens.isEmpty else { return [all] }
        var parts: [Part] = []
        var partStart = 0
        var index = 0
        while index < text.count {
            guard let token = match(text, at: index) else {
                index += 1
                continue
            }
            var start = index
            var end = index + token.content.count
            index = end
            if token.isSpecial && !parsingSpecial { continue }
            if token.isSingleWord,
                TextEdges.endsWithWord(text, before: start) || TextEdges.beginsWithWord(text, at: end)
            {
                continue
            }
            if token.stripsLeft { start = max(TextEdges.startOfSpace(text, before: start), partStart) }
            if token.stripsRight { end = TextEdges.endOfSpace(text, from: end) }
            if partStart < start { parts.append(Part(id: nil, range: partStart..<start)) }
            parts.append(Part(id: token.id, range: min(start, end)..<end))
            partStart = end
        }
        if partStart < text.count { parts.append(Part(id: nil, range: partStart..<text.count)) }
        return parts
    }

    /// The longest token at a place.
    @inline(__always)
    private func match(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Token? {
        guard begins[Int(text[index])] else { return nil }
        var longest: Int32 = -1
        trie.forEachMatch(text, from: index) { longest = $1 }
        return longest < 0 ? nil : tokens[Int(longest)]
    }
}

/// What adjoins a place in text.
enum TextEdges {
    /// `\s*` from `start` on.
    static func endOfSpace(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count {
            let (value, length) = UTF8Scalar.decode(text, at: index, end: text.count)
            guard ScalarSet.isSpace(value) else { break }
            index += length
        }
        return index
    }

    /// Where `\s*` before `end` begins.
    static func startOfSpace(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int {
        var index = end
        while let previous = scalar(text, before: index), ScalarSet.isSpace(previous.value) {
            index -= previous.length
        }
        return index
    }

    static func beginsWithWord(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        index < text.count && ScalarSet.isWhitespaceWord(UTF8Scalar.decode(text, at: index, end: text.count).value)
    }

    static func endsWithWord(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Bool {
        scalar(text, before: index).map { ScalarSet.isWhitespaceWord($0.value) } ?? false
    }

    /// The scalar that ends at a place; nil at the beginning.
    static func scalar(
        _ text: UnsafeBufferPointer<UInt8>, before end: Int
    ) -> (value: UInt32, length: Int)? {
        for length in 1...4 where length <= end && text[end - length] & 0xC0 != 0x80 {
            let found = UTF8Scalar.decode(text, at: end - length, end: end)
            if found.length == length { return found }
            break
        }
        return end > 0 ? (0xFFFD, 1) : nil
    }
}
