/// A set of Unicode scalars, one bit each.
struct ScalarSet: Sendable {
    private var bits = [UInt64](repeating: 0, count: 0x110000 / 64)

    /// The scalars of alternating gaps and lengths.
    init(runs: [UInt32]) {
        var next: UInt32 = 0
        for index in stride(from: 0, to: runs.count - 1, by: 2) {
            let start = next + runs[index]
            next = start + runs[index + 1]
            for scalar in start..<next { bits[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63) }
        }
    }

    /// Whether a scalar, which must be below 0x110000, is in the set.
    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool { bits[Int(scalar >> 6)] & (1 << UInt64(scalar & 63)) != 0 }

    static let words = ScalarSet(runs: wordsRuns)
    static let han = ScalarSet(runs: hanRuns)
    static let punctuation = ScalarSet(runs: punctuationRuns)
    static let controls = ScalarSet(runs: controlsRuns)
    static let nonspacingMarks = ScalarSet(runs: nonspacingMarksRuns)
    static let marks = ScalarSet(runs: marksRuns)
    static let ideographs = ScalarSet(runs: ideographsRuns)

    /// `\s`.
    @inline(__always)
    static func isSpace(_ scalar: UInt32) -> Bool {
        CharacterClasses.standard[scalar] == CharacterClasses.Class.space
    }

    /// `\w` as the Whitespace pre-tokenizer and added tokens have it: without fractions and superscripts of Latin-1.
    static func isWhitespaceWord(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x200C, 0x200D: true
        default: words.contains(scalar) && !isLatin1Number(scalar)
        }
    }

    /// Whether a scalar is one of "²³¹¼½¾".
    static func isLatin1Number(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE: true
        default: false
        }
    }
}
