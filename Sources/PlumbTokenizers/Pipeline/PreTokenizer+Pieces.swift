internal import PlumbBasics

/// Text in pieces, as a pre-tokenizer leaves it.
struct TextPieces {
    var text: [UInt8]
    var ranges: [Range<Int>]
}

extension PreTokenizer {
    /// Cuts text by any steps, of which some may change it.
    ///
    /// - Parameter isStart: whether the text is the beginning of what the user gave.
    func pieces(of text: UnsafeBufferPointer<UInt8>, isStart: Bool) -> TextPieces {
        var pieces = TextPieces(text: Array(text), ranges: text.isEmpty ? [] : [0..<text.count])
        for step in steps { step.cut(&pieces, isStart: isStart) }
        return pieces
    }
}

extension PreTokenizer.Step {
    fileprivate func cut(_ pieces: inout TextPieces, isStart: Bool) {
        switch self {
        case .prefixSpace: Self.change(&pieces) { $1 == 0x20 ? [] : [0x20] }
        case .byteAlphabet: Self.spellBytes(&pieces)
        case .metaspace(let metaspace): metaspace.cut(&pieces, isStart: isStart)
        default:
            pieces.ranges = pieces.text.withUnsafeBufferPointer { text in
                pieces.ranges.flatMap { ranges(of: $0, in: text) }
            }
        }
    }

    /// The pieces of a piece.
    private func ranges(of range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        switch self {
        case .split(let pattern, let behavior, let isInverted):
            let inside = UnsafeBufferPointer(rebasing: text[range])
            let matches = pattern.matches(in: inside).map { $0.shifted(by: range.lowerBound) }
            return behavior.pieces(of: range, matches: matches, isInverted: isInverted)
        case .punctuation(let behavior):
            return behavior.pieces(
                of: range, matches: Self.scalars(of: range, in: text, where: ScalarSet.punctuation.contains))
        case .whitespaceSplit:
            return SplitBehavior.removed.pieces(
                of: range, matches: Self.scalars(of: range, in: text, where: ScalarSet.isSpace))
        case .bert:
            let words = SplitBehavior.removed.pieces(
                of: range, matches: Self.scalars(of: range, in: text, where: ScalarSet.isSpace))
            return words.flatMap { word in
                SplitBehavior.isolated.pieces(
                    of: word, matches: Self.scalars(of: word, in: text, where: ScalarSet.punctuation.contains))
            }
        case .whitespace: return Self.wordsAndSigns(of: range, in: text)
        case .digits, .gpt2, .llama3:
            var ranges: [Range<Int>] = []
            let scanner = PreTokenizerScanner(text: text, classes: .standard)
            PreTokenizer(steps: [self]).forEachPiece(of: range, in: scanner) { ranges.append($0..<$1) }
            return ranges
        case .prefixSpace, .byteAlphabet, .metaspace: return [range]
        }
    }

    /// Each scalar of which something holds.
    private static func scalars(
        of range: Range<Int>, in text: UnsafeBufferPointer<UInt8>, where holds: (UInt32) -> Bool
    ) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let (value, length) = UTF8Scalar.decode(text, at: index, end: range.upperBound)
            if holds(value) { found.append(index..<index + length) }
            index += length
        }
        return found
    }

    /// `\w+|[^\w\s]+`.
    private static func wordsAndSigns(of range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var index = range.lowerBound
        var last: Bool?
        while index < range.upperBound {
            let (value, length) = UTF8Scalar.decode(text, at: index, end: range.upperBound)
            let isWord = ScalarSet.isSpace(value) ? nil : ScalarSet.isWhitespaceWord(value)
            if let isWord {
                if isWord == last, let piece = pieces.popLast() {
                    pieces.append(piece.lowerBound..<index + length)
                } else {
                    pieces.append(index..<index + length)
                }
            }
            last = isWord
            index += length
        }
        return pieces
    }

    /// Puts something before each piece, given its number and first byte.
    static func change(_ pieces: inout TextPieces, prefix: (_ index: Int, _ first: UInt8) -> [UInt8]) {
        var text: [UInt8] = []
        text.reserveCapacity(pieces.text.count + 4)
        var ranges: [Range<Int>] = []
        for (index, range) in pieces.ranges.enumerated() {
            let start = text.count
            text.append(contentsOf: prefix(index, pieces.text[range.lowerBound]))
            text.append(contentsOf: pieces.text[range])
            ranges.append(start..<text.count)
        }
        pieces = TextPieces(text: text, ranges: ranges)
    }

    /// Writes every byte as the character that stands for it.
    private static func spellBytes(_ pieces: inout TextPieces) {
        var text: [UInt8] = []
        text.reserveCapacity(2 * pieces.text.count)
        var ranges: [Range<Int>] = []
        for range in pieces.ranges {
            let start = text.count
            for byte in pieces.text[range] { text.append(utf8: ByteAlphabet.scalars[Int(byte)].value) }
            ranges.append(start..<text.count)
        }
        pieces = TextPieces(text: text, ranges: ranges)
    }
}

/// Spaces written as a visible character, as SentencePiece does, with one before the text.
struct Metaspace: Sendable, Hashable {
    /// Which pieces get the character before them, if they do not begin with it.
    enum Prepending: String, Sendable, Hashable {
        case always, first, never
    }

    var replacement: [UInt8] = Array("▁".utf8)
    var prepending = Prepending.always
    /// Whether text is cut before each such character.
    var splits = true

    func cut(_ pieces: inout TextPieces, isStart: Bool) {
        var text: [UInt8] = []
        text.reserveCapacity(pieces.text.count * 5 / 4)
        var ranges: [Range<Int>] = []
        for (index, range) in pieces.ranges.enumerated() {
            let start = text.count
            let piece = pieces.text[range]
            if prepending == .always || (prepending == .first && isStart && index == 0 && range.lowerBound == 0),
                piece.first != 0x20, !piece.starts(with: replacement)
            {
                text.append(contentsOf: replacement)
            }
            for byte in piece {
                if byte == 0x20 { text.append(contentsOf: replacement) } else { text.append(byte) }
            }
            guard splits else {
                ranges.append(start..<text.count)
                continue
            }
            let whole = start..<text.count
            let matches = text.withUnsafeBufferPointer { all in
                TextPattern.text(replacement).matches(in: UnsafeBufferPointer(rebasing: all[whole]))
            }
            ranges += SplitBehavior.mergedWithNext.pieces(of: whole, matches: matches.map { $0.shifted(by: start) })
        }
        pieces = TextPieces(text: text, ranges: ranges)
    }
}

extension Range<Int> {
    func shifted(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}
