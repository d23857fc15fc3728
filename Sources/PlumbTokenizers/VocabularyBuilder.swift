internal import PlumbBasics

/// Collects tokens in the order of their ids, then merges, and checks them against each other.
struct VocabularyBuilder {
    private(set) var vocabulary: Vocabulary
    private(set) var added: [AddedTokens.Token] = []
    private var merges: [(left: Int32, right: Int32, result: Int32)] = []
    private var hasLongTokens = false
    private var scratch: [UInt8] = []
    /// Whether tokens are written in ``ByteAlphabet``; otherwise they stand as they are written.
    let isByteLevel: Bool

    init(capacity: Int, isByteLevel: Bool = true) {
        vocabulary = Vocabulary(capacity: capacity)
        self.isByteLevel = isByteLevel
    }

    /// Appends a token of the model's own; a byte-level one that is not written in ``ByteAlphabet`` stands for its
    /// literal bytes.
    mutating func append(_ token: [UInt8]) throws(TokenizerError) {
        try checkSize(token.count)
        guard isByteLevel else {
            if TokenDecoder.byte(token) == nil, token.count(where: { $0 & 0xC0 != 0x80 }) > 1 { hasLongTokens = true }
            return vocabulary.append(token, isFound: !token.isEmpty)
        }
        scratch.removeAll(keepingCapacity: true)
        let isFound =
            token.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) } && !token.isEmpty
        vocabulary.append(isFound ? scratch : token, isFound: isFound)
        if isFound && scratch.count > 1 { hasLongTokens = true }
    }

    /// Appends a token that stands for its literal text and is found in text as a whole.
    ///
    /// - Parameter isOwn: whether the model's vocabulary has it too.
    mutating func append(added token: AddedTokens.Token, isOwn: Bool = true) {
        guard isByteLevel else {
            vocabulary.append(token.content, isFound: isOwn && !token.content.isEmpty)
            return added.append(token)
        }
        scratch.removeAll(keepingCapacity: true)
        let isEncoded = token.content.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) }
        let isFound = isEncoded && scratch == token.content && !scratch.isEmpty
        vocabulary.append(token.content, isFound: isFound)
        added.append(token)
    }

    /// The token written so: an added one by its text, another in ``ByteAlphabet``.
    func id(of token: [UInt8]) -> Int? {
        if let added = added.last(where: { $0.content == token }) { return added.id }
        guard isByteLevel else { return vocabulary.id(of: token).map { Int($0) } }
        var bytes: [UInt8] = []
        guard token.withUnsafeBufferPointer({ ByteAlphabet.decode($0, into: &bytes) }) else { return nil }
        return vocabulary.id(of: bytes).map { Int($0) }
    }

    /// Appends an id without a token.
    mutating func appendGap() {
        vocabulary.append([], isFound: false)
    }

    private func checkSize(_ count: Int) throws(TokenizerError) {
        guard vocabulary.bytes.count < 1 << 30, count < 1 << 30 else {
            throw TokenizerError("the vocabulary is larger than 1 GiB; the file is damaged")
        }
    }

    /// Appends the merge of a pair "left right".
    mutating func append(merge: [UInt8]) throws(TokenizerError) {
        let halves = merge.split(separator: 0x20, omittingEmptySubsequences: false)
        guard halves.count == 2 else {
            throw TokenizerError(
                "merge \(merges.count) of the tokenizer, \"\(shown(merge))\", is not two tokens with a "
                    + "space between")
        }
        try append(merge: halves[0], halves[1])
    }

    /// Appends the merge of a pair, both written in ``ByteAlphabet``.
    mutating func append(merge left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>)
        throws(TokenizerError)
    {
        scratch.removeAll(keepingCapacity: true)
        let isLeft = read(left)
        let middle = scratch.count
        let isRight = read(right)
        guard isLeft, isRight, let first = vocabulary.id(of: scratch[..<middle]),
            let second = vocabulary.id(of: scratch[middle...]), let result = vocabulary.id(of: scratch)
        else {
            throw TokenizerError(
                "merge \(merges.count) of the tokenizer, \"\(shown(Array(left) + [0x20] + right))\", names a token that is "
                    + "not in the vocabulary")
        }
        merges.append((first, second, result))
    }

    /// Appends the bytes of a token as it is written.
    private mutating func read(_ token: ArraySlice<UInt8>) -> Bool {
        guard isByteLevel else {
            scratch.append(contentsOf: token)
            return true
        }
        return token.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) }
    }

    /// The merges as tables of a byte-level model.
    ///
    /// - Throws: ``TokenizerError`` where a vocabulary with tokens of several bytes has no merges.
    func bytePairs(unknown: Int32? = nil, fusesUnknown: Bool = false) throws(TokenizerError)
        -> BytePairEncoder
    {
        let table = try mergeTable()
        let bytes = (0..<256).map { vocabulary.id(of: CollectionOfOne(UInt8($0))) ?? -1 }
        return BytePairEncoder(
            byteTokens: bytes, merger: PairMerger(merges: table), unknown: unknown, fusesUnknown: fusesUnknown)
    }

    /// The merges as tables of a model over characters.
    ///
    /// - Throws: ``TokenizerError`` where a vocabulary with tokens of several characters has no merges.
    func characterPairs(unknown: Int32?, fusesUnknown: Bool, fallsBackToBytes: Bool) throws(TokenizerError)
        -> CharacterPairEncoder
    {
        CharacterPairEncoder(
            vocabulary: vocabulary, characters: vocabulary.characters, hidden: [], merges: try mergeTable(),
            byteTokens: fallsBackToBytes ? vocabulary.byteTokens : [], unknown: unknown, fusesUnknown: fusesUnknown)
    }

    private func mergeTable() throws(TokenizerError) -> MergeTable {
        guard !merges.isEmpty || !hasLongTokens else {
            throw TokenizerError(
                "the tokenizer has no merges, so words cannot be put together; the file is incomplete")
        }
        guard merges.count < UInt32.max else {
            throw TokenizerError("the tokenizer has too many merges")
        }
        var table = MergeTable(capacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            table.insert(merge.left, merge.right, rank: UInt32(rank), result: merge.result)
        }
        return table
    }

    /// Appends all tokens in the order of their ids; ids that no token has stay without one.
    ///
    /// - Parameters:
    ///   - tokens: the model's own, and their ids; nil for an id that is no whole number.
    ///   - added: those found in text as a whole; one that is also among `tokens` must have the same id there.
    ///   - file: the name of the file, for error messages.
    mutating func fill(
        _ tokens: [(token: [UInt8], id: Int?)], _ added: [AddedTokens.Token], from file: String
    ) throws(TokenizerError) {
        // A few ids may be unused, but memory must not follow a single huge one.
        let limit = tokens.count + added.count + (1 << 20)
        func check(_ id: Int?, _ token: [UInt8]) throws(TokenizerError) -> Int {
            guard let id, id >= 0, id < limit else {
                throw TokenizerError(
                    "\(file): the id of token \"\(shown(token))\" is no number from 0 to \(limit - 1)")
            }
            return id
        }
        var own: [Int: [UInt8]] = [:]
        var largest = -1
        for (token, id) in tokens {
            let id = try check(id, token)
            guard own.updateValue(token, forKey: id) == nil else {
                throw TokenizerError("\(file): two tokens have the id \(id); the file is damaged")
            }
            largest = max(largest, id)
        }
        var whole: [Int: AddedTokens.Token] = [:]
        for token in added {
            let id = try check(token.id, token.content)
            if let text = own[id], text != token.content {
                throw TokenizerError(
                    "\(file): the added token \"\(shown(token.content))\" has the id \(id), which the vocabulary gives "
                        + "to \"\(shown(text))\"; the file is damaged")
            }
            whole[id] = token
            largest = max(largest, id)
        }
        for id in 0..<largest + 1 {
            if let token = whole[id] {
                append(added: token, isOwn: own[id] != nil)
            } else if let token = own[id] {
                try append(token)
            } else {
                appendGap()
            }
        }
    }

    private func shown(_ token: [UInt8]) -> String { visible(String(decoding: token, as: UTF8.self), limit: 100) }
}

extension Vocabulary {
    /// The tokens of one character.
    var characters: [(scalar: UInt32, token: Int32)] {
        bytes.withUnsafeBufferPointer { all in
            (0..<count).compactMap { id in
                let range = range(id)
                guard !range.isEmpty, range.count <= 4 else { return nil }
                let token = UnsafeBufferPointer(rebasing: all[range])
                let (value, length) = UTF8Scalar.decode(token, at: 0, end: token.count)
                guard length == token.count, value != 0xFFFD || length > 1, self.id(of: token) == Int32(id) else {
                    return nil
                }
                return (value, Int32(id))
            }
        }
    }

    /// The tokens "<0x00>" to "<0xFF>"; -1 for one that is missing.
    var byteTokens: [Int32] {
        (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return id(of: Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)) ?? -1
        }
    }
}
