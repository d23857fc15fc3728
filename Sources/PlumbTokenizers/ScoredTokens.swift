internal import PlumbBasics

/// The tokens of a GGUF file that have scores: checked, and told apart by their types.
struct ScoredTokens {
    private(set) var vocabulary: Vocabulary
    private(set) var added: [AddedTokens.Token] = []
    private(set) var hasByteTokens = false
    /// The order in which tokens come about by merging, earliest first; equal numbers are equally early.
    private var ranks: [UInt32]
    private static let never = UInt32.max

    /// - Parameter respellsSpaces: whether a token of spaces that the user defined is one that merges, with "▁" for each.
    init(
        _ tokens: [String], _ scores: [Double], _ types: [Int], respellsSpaces: Bool
    ) throws(TokenizerError) {
        guard scores.count == tokens.count, types.count == tokens.count, tokens.count < Int32.max else {
            throw TokenizerError(
                "the tokenizer has \(tokens.count) tokens but \(scores.count) scores and \(types.count) token types; the file "
                    + "is damaged")
        }
        vocabulary = Vocabulary(capacity: tokens.count)
        ranks = [UInt32](repeating: Self.never, count: tokens.count)
        var early: [Int] = []
        var scored: [Int] = []
        for (id, token) in tokens.enumerated() {
            let content = Array(token.utf8)
            switch Tokenizer.TokenType(rawValue: types[id]) ?? .normal {
            case .control, .unknown:
                vocabulary.append(content, isFound: false)
                added.append(.init(id: id, content: content))
            case .userDefined where respellsSpaces && !content.isEmpty && content.allSatisfy { $0 == 0x20 }:
                vocabulary.append(Array(String(repeating: "▁", count: content.count).utf8), isFound: true)
                early.append(id)
            case .userDefined:
                vocabulary.append(content, isFound: true)
                added.append(.init(id: id, content: content, isSpecial: false))
                early.append(id)
            case .byte:
                vocabulary.append(content, isFound: TokenDecoder.byte(content) != nil)
                hasByteTokens = true
            case .normal, .unused:
                vocabulary.append(content, isFound: !content.isEmpty)
                scored.append(id)
            }
        }
        rank(early, scored, scores)
    }

    /// What the user defined comes first, in the order of ids; then the highest scores.
    private mutating func rank(_ early: [Int], _ scored: [Int], _ scores: [Double]) {
        for (rank, id) in early.enumerated() { ranks[id] = UInt32(rank) }
        var rank = UInt32(early.count)
        var last: Double?
        for id in scored.sorted(by: { (scores[$1], $0) < (scores[$0], $1) }) {
            if let last, last != scores[id] { rank += 1 }
            last = scores[id]
            ranks[id] = rank
        }
    }

    /// Every way in which two tokens, or a character that is none, make one.
    func pairs(unknown: Int32?) -> CharacterPairEncoder {
        let characters = vocabulary.characters.filter { ranks[Int($0.token)] != Self.never }
        var symbols = Dictionary(characters.map { ($0.scalar, $0.token) }) { $1 }
        var hidden: [UInt32] = []
        var found: [(left: Int32, right: Int32, result: Int32)] = []
        func symbol(_ text: UnsafeBufferPointer<UInt8>) -> Int32? {
            if let id = vocabulary.id(of: text), ranks[Int(id)] != Self.never { return id }
            let (value, length) = UTF8Scalar.decode(text, at: 0, end: text.count)
            guard length == text.count, value != 0xFFFD || length > 1 else { return nil }
            if let symbol = symbols[value] { return symbol }
            let symbol = Int32(vocabulary.count + hidden.count)
            hidden.append(value)
            symbols[value] = symbol
            return symbol
        }
        vocabulary.bytes.withUnsafeBufferPointer { all in
            for id in 0..<vocabulary.count where ranks[id] != Self.never {
                let token = UnsafeBufferPointer(rebasing: all[vocabulary.range(id)])
                guard token.count > 1, vocabulary.id(of: token) == Int32(id) else { continue }
                for cut in 1..<token.count where token[cut] & 0xC0 != 0x80 {
                    if let left = symbol(UnsafeBufferPointer(rebasing: token[..<cut])),
                        let right = symbol(UnsafeBufferPointer(rebasing: token[cut...]))
                    {
                        found.append((left, right, Int32(id)))
                    }
                }
            }
        }
        var table = MergeTable(capacity: found.count)
        for (left, right, result) in found { table.insert(left, right, rank: ranks[Int(result)], result: result) }
        return CharacterPairEncoder(
            vocabulary: vocabulary, characters: characters, hidden: hidden, merges: table,
            byteTokens: hasByteTokens ? vocabulary.byteTokens : [], unknown: unknown, fusesUnknown: true)
    }

    /// Puts the rest of what the file says into a tokenizer's parts.
    func finish(_ parts: inout Tokenizer.Parts, _ options: Tokenizer.ScoredOptions) throws(TokenizerError) {
        let ids = 0..<vocabulary.count
        // A padding token is not needed here, so that one outside the vocabulary does no harm.
        var special = Tokenizer.SpecialTokens(
            bos: options.bos, eos: options.eos, padding: options.padding.flatMap { ids.contains($0) ? $0 : nil },
            unknown: options.unknown)
        for (name, id) in special.named where !ids.contains(id) {
            throw TokenizerError("the tokenizer's \(name) is \(id), but the vocabulary has \(ids.count) tokens")
        }
        for (name, id) in options.others where ids.contains(id) {
            special.texts[name] = String(decoding: vocabulary[id], as: UTF8.self)
        }
        parts.added = added
        parts.special = special
        if options.addsBOS, let bos = options.bos { parts.prefix = [Int32(bos)] }
        if options.addsEOS, let eos = options.eos { parts.suffix = [Int32(eos)] }
        parts.stops = Set(options.stopTokens.filter(ids.contains))
        parts.chatTemplate = options.chatTemplate
    }
}
