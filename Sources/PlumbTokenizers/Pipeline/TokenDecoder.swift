internal import PlumbBasics

/// How the spellings of tokens become text: a sequence of steps, as the decoders of `tokenizer.json` are.
///
/// Byte-level vocabularies need none: their tokens are kept as the bytes that they stand for.
struct TokenDecoder: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        /// "<0x41>" is the byte 0x41.
        case byteFallback
        /// All tokens become one.
        case fuse
        /// Removes up to so many of a character at the beginning and the end of each token.
        case strip([UInt8], start: Int, stop: Int)
        case replace(TextPattern, with: [UInt8])
        case metaspace(Metaspace)
        case wordPiece(prefix: [UInt8], cleansUp: Bool)
    }

    /// Without a step, spaces are put between tokens.
    var steps: [Step] = []

    /// The text of tokens' spellings.
    ///
    /// - Parameter isText: whether a run of byte tokens that is no valid UTF-8 becomes a replacement character a byte, as
    ///   in Hugging Face's library, rather than those bytes.
    func decode(_ tokens: [[UInt8]], isText: Bool) -> [UInt8] {
        guard !steps.isEmpty else { return Array(tokens.joined(separator: [0x20])) }
        var tokens = tokens
        for step in steps { step.apply(to: &tokens, isText: isText) }
        return Array(tokens.joined())
    }

    /// The bytes that one token stands for in the middle of a text.
    ///
    /// - Parameter isShown: whether the token is shown by itself; a piece of a word then keeps its mark, as "##ing".
    func bytes(of token: [UInt8], isShown: Bool) -> [UInt8] {
        var token = token
        for step in steps {
            switch step {
            case .fuse, .strip: break
            case .byteFallback: if let byte = Self.byte(token) { token = [byte] }
            case .metaspace(let metaspace):
                token = Self.replaced(metaspace.replacement, by: [0x20], in: token)
            case .replace(let pattern, let content):
                token = TextNormalizer(steps: [.replace(pattern, with: content)]).applied(to: token)
            case .wordPiece(let prefix, _):
                guard !isShown else { break }
                token = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
            }
        }
        return token
    }

    /// The byte of a token "<0x41>".
    static func byte(_ token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }

    fileprivate static func replaced(_ old: [UInt8], by new: [UInt8], in token: [UInt8]) -> [UInt8] {
        TextNormalizer(steps: [.replace(.text(old), with: new)]).applied(to: token)
    }
}

extension TokenDecoder.Step {
    fileprivate func apply(to tokens: inout [[UInt8]], isText: Bool) {
        switch self {
        case .fuse: tokens = [Array(tokens.joined())]
        case .byteFallback: tokens = Self.joinBytes(tokens, isText: isText)
        case .strip(let content, let start, let stop):
            for index in tokens.indices { Self.strip(&tokens[index], content, start, stop) }
        case .replace(let pattern, let content):
            let normalizer = TextNormalizer(steps: [.replace(pattern, with: content)])
            for index in tokens.indices { tokens[index] = normalizer.applied(to: tokens[index]) }
        case .metaspace(let metaspace):
            for index in tokens.indices {
                let space: [UInt8] = index == 0 && metaspace.prepending != .never ? [] : [0x20]
                tokens[index] = TokenDecoder.replaced(metaspace.replacement, by: space, in: tokens[index])
            }
        case .wordPiece(let prefix, let cleansUp):
            for index in tokens.indices {
                if index > 0 {
                    let token = tokens[index]
                    tokens[index] = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
                }
                if cleansUp { Self.cleanUp(&tokens[index]) }
            }
        }
    }

    private static func joinBytes(_ tokens: [[UInt8]], isText: Bool) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func flush() {
            guard !run.isEmpty else { return }
            if isText, String(validating: run, as: UTF8.self) == nil {
                for _ in run { result.append(Array("\u{FFFD}".utf8)) }
            } else {
                result.append(run)
            }
            run.removeAll(keepingCapacity: true)
        }
        for token in tokens {
            if let byte = TokenDecoder.byte(token) {
                run.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    private static func strip(_ token: inout [UInt8], _ content: [UInt8], _ start: Int, _ stop: Int) {
        guard !content.isEmpty else { return }
        var (first, last) = (0, token.count)
        for _ in 0..<start where token[first..<last].starts(with: content) { first += content.count }
        for _ in 0..<stop
        where last - first >= content.count && token[(last - content.count)..<last].elementsEqual(content) {
            last -= content.count
        }
        token = Array(token[first..<last])
    }

    /// Takes back spaces before punctuation and English contractions.
    private static func cleanUp(_ token: inout [UInt8]) {
        for (old, new) in [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
            (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ] { token = TokenDecoder.replaced(Array(old.utf8), by: Array(new.utf8), in: token) }
    }
}
