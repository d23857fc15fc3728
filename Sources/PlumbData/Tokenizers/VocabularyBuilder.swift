/// Collects tokens in the order of their ids, then merges, and checks them against each other.
struct VocabularyBuilder {
    private(set) var vocabulary: Vocabulary
    private(set) var added: [AddedTokens.Token] = []
    private var merges: [(left: Int32, right: Int32, result: Int32)] = []
    private var hasLongTokens = false
    private var scratch: [UInt8] = []

    init(capacity: Int) {
        vocabulary = Vocabulary(capacity: capacity)
    }

    /// Appends a token of the model's own, written in ``ByteAlphabet``; one that is not stands for its literal bytes.
    mutating func append(_ token: [UInt8]) throws(TokenizerError) {
        try checkSize(token.count)
        scratch.removeAll(keepingCapacity: true)
        let isFound =
            token.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) } && !token.isEmpty
        vocabulary.append(isFound ? scratch : token, isFound: isFound)
        if isFound && scratch.count > 1 { hasLongTokens = true }
    }

    /// Appends a token that stands for its literal text and is found in text as a whole.
    mutating func append(added token: AddedTokens.Token) {
        scratch.removeAll(keepingCapacity: true)
        let isEncoded = token.content.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) }
        let isFound = isEncoded && scratch == token.content && !scratch.isEmpty
        vocabulary.append(token.content, isFound: isFound)
        added.append(token)
    }

    /// The token written so: an added one by its text, another in ``ByteAlphabet``.
    func id(of token: [UInt8]) -> Int? {
        if let added = added.last(where: { $0.content == token }) { return added.id }
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
                "merge \(merges.count) of the tokenizer, \"\(String(decoding: merge, as: UTF8.self))\", "
                    + "is not two tokens with a space between")
        }
        try append(merge: halves[0], halves[1])
    }

    /// Appends the merge of a pair, both written in ``ByteAlphabet``.
    mutating func append(merge left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>)
        throws(TokenizerError)
    {
        scratch.removeAll(keepingCapacity: true)
        let isLeft = left.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) }
        let middle = scratch.count
        let isRight = right.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) }
        guard isLeft, isRight, let first = vocabulary.id(of: scratch[..<middle]),
            let second = vocabulary.id(of: scratch[middle...]), let result = vocabulary.id(of: scratch)
        else {
            let pair =
                "\(String(decoding: left, as: UTF8.self)) \(String(decoding: right, as: UTF8.self))"
            throw TokenizerError(
                "merge \(merges.count) of the tokenizer, \"\(pair)\", names a token that is not in the vocabulary"
            )
        }
        merges.append((first, second, result))
    }

    /// The merges as tables.
    ///
    /// - Throws: ``TokenizerError`` where a vocabulary with tokens of several bytes has no merges.
    func encoder(unknown: Int32? = nil, fusesUnknown: Bool = false) throws(TokenizerError)
        -> BytePairEncoder
    {
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
        let bytes = (0..<256).map { vocabulary.id(of: CollectionOfOne(UInt8($0))) ?? -1 }
        return BytePairEncoder(
            byteTokens: bytes, merges: table, unknown: unknown, fusesUnknown: fusesUnknown)
    }
}
