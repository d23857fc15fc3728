internal import PlumbBasics

/// BPE over characters, as SentencePiece's: a character that the vocabulary lacks becomes its bytes' tokens or unknown.
struct CharacterPairEncoder: Sendable {
    /// The symbol of a character; -1 where there is none.
    ///
    /// Symbols are tokens; those past the vocabulary are characters that only merge (a file with scores may have
    /// "qu" without "q").
    private let symbols: SymbolTable
    let merger: PairMerger
    /// The tokens "<0x00>" to "<0xFF>", -1 where one is missing; empty without byte fallback.
    let byteTokens: [Int32]
    let unknown: Int32?
    let fusesUnknown: Bool
    /// Characters that are no tokens, by their symbol less the number of tokens.
    private let hidden: [UInt32]
    private let tokenCount: Int32
    /// Whether text may be cut before "▁": the characters after which it may not, because some token has both.
    private let joinsSpace: Set<UInt32>?

    static let space: UInt32 = 0x2581

    init(
        vocabulary: Vocabulary, characters: [(scalar: UInt32, token: Int32)], hidden: [UInt32], merges: MergeTable,
        byteTokens: [Int32], unknown: Int32?, fusesUnknown: Bool
    ) {
        let count = Int32(vocabulary.count)
        let all = characters + hidden.enumerated().map { ($1, count + Int32($0)) }
        symbols = SymbolTable(all)
        merger = PairMerger(merges: merges)
        self.byteTokens = byteTokens
        self.unknown = unknown
        self.fusesUnknown = fusesUnknown
        self.hidden = hidden
        tokenCount = count
        joinsSpace = symbols[Self.space] < 0 ? nil : Self.joins(merges, vocabulary)
    }

    /// The characters that come directly before "▁" in what pairs merge into.
    private static func joins(_ merges: MergeTable, _ vocabulary: Vocabulary) -> Set<UInt32> {
        var before: Set<UInt32> = []
        vocabulary.bytes.withUnsafeBufferPointer { all in
            for result in merges.results {
                let token = UnsafeBufferPointer(rebasing: all[vocabulary.range(Int(result))])
                var index = 0
                var last: UInt32 = space
                while index < token.count {
                    let (value, length) = UTF8Scalar.decode(token, at: index, end: token.count)
                    if value == space, last != space { before.insert(last) }
                    last = value
                    index += length
                }
            }
        }
        return before
    }

    /// Whether no token reaches over the place before `index`, where "▁" begins and `last` ends.
    @inline(__always)
    func mayCut(beforeSpaceAfter last: UInt32) -> Bool {
        guard last != Self.space, let joinsSpace else { return false }
        return !joinsSpace.contains(last)
    }

    /// Whether ``mayCut(beforeSpaceAfter:)`` is ever true.
    var cutsWords: Bool { joinsSpace != nil }

    /// Appends the tokens of a piece.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, _ work: inout PairMerger.Workspace, into ids: inout [Int32]) {
        work.tokens.removeAll(keepingCapacity: true)
        var isPending = false
        var index = 0
        func flush(_ tokens: inout [Int32]) {
            if isPending, let unknown { tokens.append(unknown) }
            isPending = false
        }
        while index < piece.count {
            let (value, length) = UTF8Scalar.decode(piece, at: index, end: piece.count)
            let bytes = piece[index..<index + length]
            index += length
            let symbol = length == 1 && value == 0xFFFD ? -1 : symbols[value]
            if symbol >= 0 {
                flush(&work.tokens)
                work.tokens.append(symbol)
            } else if !byteTokens.isEmpty, bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                // As in Hugging Face's library, an unknown token before them comes after them.
                for byte in bytes { work.tokens.append(byteTokens[Int(byte)]) }
            } else {
                if isPending, !fusesUnknown { flush(&work.tokens) }
                isPending = unknown != nil
            }
        }
        flush(&work.tokens)
        merger.merge(&work)
        guard !hidden.isEmpty else { return ids.append(contentsOf: work.tokens) }
        for token in work.tokens { appendSeen(token, to: &ids) }
    }

    private func appendSeen(_ token: Int32, to ids: inout [Int32]) {
        guard token >= tokenCount else { return ids.append(token) }
        var bytes: [UInt8] = []
        bytes.append(utf8: hidden[Int(token - tokenCount)])
        if !byteTokens.isEmpty, bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
            for byte in bytes { ids.append(byteTokens[Int(byte)]) }
        } else if let unknown {
            ids.append(unknown)
        }
    }
}

/// The symbol of every scalar, in two levels.
struct SymbolTable: Sendable {
    private var pages = [Int32](repeating: -1, count: 0x1100)
    private var values: [Int32] = []

    init(_ symbols: [(scalar: UInt32, token: Int32)]) {
        for (scalar, token) in symbols {
            let page = Int(scalar >> 8)
            if pages[page] < 0 {
                pages[page] = Int32(values.count)
                values.append(contentsOf: repeatElement(-1, count: 256))
            }
            values[Int(pages[page]) + Int(scalar & 0xFF)] = token
        }
    }

    /// The symbol of a scalar, which must be below 0x110000; -1 where it has none.
    @inline(__always)
    subscript(scalar: UInt32) -> Int32 {
        let page = pages[Int(scalar >> 8)]
        return page < 0 ? -1 : values[Int(page) + Int(scalar & 0xFF)]
    }
}
