public import struct Foundation.Data
internal import PlumbBasics

extension Tokenizer {
    /// A byte-level BPE tokenizer from `vocab.json` and `merges.txt`, the form that came before `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - vocabulary: The contents of `vocab.json`: token to id.
    ///   - merges: The contents of `merges.txt`: a pair a line, earliest first.
    ///   - preTokenizer: How text is cut first, which these files do not say.
    ///   - normalizesToNFC: Whether text is composed first; nil: Qwen 2's is.
    ///   - addedTokens: The contents of `added_tokens.json`: token to id.
    ///   - configuration: The contents of `tokenizer_config.json`.
    ///   - specialTokensMap: The contents of `special_tokens_map.json`. Where neither of the two names an end token,
    ///     "<|endoftext|>" begins and ends a text if the vocabulary has it.
    ///   - chatTemplate: The contents of `chat_template.jinja`; it comes before the configuration's.
    /// - Throws: ``TokenizerError``, naming what is not valid.
    public init(
        vocabulary: Data, merges: Data, preTokenizer: PreTokenizer, normalizesToNFC: Bool? = nil,
        addedTokens: Data? = nil, configuration: Data? = nil, specialTokensMap: Data? = nil,
        chatTemplate: String? = nil
    ) throws {
        let names = try SpecialTokenNames(configuration: configuration, map: specialTokensMap)
        let own = try Self.tokens(vocabulary, "vocab.json")
        var added = names.addedTokens
        for entry in try Self.tokens(addedTokens, "added_tokens.json") {
            guard let id = entry.id else { continue }
            let token = entry.token
            if added[id] == nil { added[id] = AddedTokens.Token(id: id, content: token, isSpecial: false) }
        }
        let special = Set(names.texts.values.map { Array($0.utf8) } + [Array("<|endoftext|>".utf8)])
        for (token, id) in own where special.contains(token) {
            if let id, added[id] == nil { added[id] = AddedTokens.Token(id: id, content: token) }
        }
        var builder = VocabularyBuilder(capacity: own.count + added.count)
        try builder.fill(own, added.values.sorted { $0.id < $1.id }, from: "vocab.json")
        for line in Array(merges).split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard !line.starts(with: "#version".utf8) else { continue }
            try builder.append(merge: Array(line))
        }
        var parts = Parts(
            vocabulary: builder.vocabulary, encoder: .bytePairs(try builder.bytePairs()),
            preTokenizer: preTokenizer.addingPrefixSpace(
                names.configuration["add_prefix_space"]?.bool ?? preTokenizer.addsPrefixSpace))
        parts.normalizer = normalizesToNFC ?? (preTokenizer == .qwen2) ? .nfc : .none
        parts.added = builder.added
        parts.normalizeAddedTokens()
        if names.texts["eos_token"] == nil,
            let end = parts.added.first(where: { $0.content == Array("<|endoftext|>".utf8) })
        {
            parts.special = SpecialTokens(bos: end.id, eos: end.id, unknown: end.id)
        }
        try names.apply(to: &parts)
        if names.configuration["add_bos_token"]?.bool ?? false, let bos = parts.special.bos {
            parts.prefix = [Int32(bos)]
        }
        parts.chatTemplate = chatTemplate ?? names.chatTemplate
        self.init(parts)
    }

    /// An object of token to id; nil for an id that is no whole number.
    private static func tokens(_ data: Data?, _ name: String) throws -> [(token: [UInt8], id: Int?)] {
        guard let data else { return [] }
        var tokens: [(token: [UInt8], id: Int?)] = []
        do {
            try JSONCursor.read(data) { json in try json.object { tokens.append(($0, try $1.value().integer)) } }
        } catch let error as JSONError {
            throw TokenizerError("\(name): \(error)")
        }
        return tokens
    }
}

extension SpecialTokenNames {
    /// The tokens that `added_tokens_decoder` lists, by id.
    fileprivate var addedTokens: [Int: AddedTokens.Token] {
        var tokens: [Int: AddedTokens.Token] = [:]
        for (key, value) in configuration["added_tokens_decoder"]?.object ?? [:] {
            guard let id = Int(key), let content = value["content"]?.string else { continue }
            func flag(_ name: String) -> Bool { value[name]?.bool ?? false }
            tokens[id] = AddedTokens.Token(
                id: id, content: Array(content.utf8), isSpecial: flag("special"), isSingleWord: flag("single_word"),
                stripsLeft: flag("lstrip"), stripsRight: flag("rstrip"), isNormalized: flag("normalized"))
        }
        return tokens
    }
}
