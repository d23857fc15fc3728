internal import PlumbBasics

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
        let isLeft = left.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) }
        let middle = scratch.count
        let isRight = right.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &scratch) }
        guard isLeft, isRight, let first = vocabulary.id(of: scratch[..<middle]),
            let second = vocabulary.id(of: scratch[middle...]), let result = vocabulary.id(of: scratch)
        else {
            throw TokenizerError(
                "merge \(merges.count) of the tokenizer, \"\(shown(Array(left) + [0x20] + right))\", names a token that is "
                    + "not in the vocabulary")
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
                append(added: token)
            } else if let token = own[id] {
                try append(token)
            } else {
                appendGap()
            }
        }
    }

    private func shown(_ token: [UInt8]) -> String { visible(String(decoding: token, as: UTF8.self), limit: 100) }
}
