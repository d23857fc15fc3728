public import struct Foundation.Data
internal import PlumbBasics

extension Tokenizer {
    /// A byte-level BPE tokenizer from Hugging Face's `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - json: The contents of `tokenizer.json`.
    ///   - configuration: The contents of `tokenizer_config.json`, which names the special tokens and may hold the chat
    ///     template. Without it ``bos`` and ``eos`` are what the post-processor puts around a text.
    ///   - specialTokensMap: The contents of `special_tokens_map.json`, which names the special tokens that the
    ///     configuration does not name.
    ///   - chatTemplate: The contents of `chat_template.jinja` where the model has that file; it comes before the
    ///     configuration's.
    /// - Throws: ``TokenizerError``, naming what is not valid or not known.
    public init(
        json: Data, configuration: Data? = nil, specialTokensMap: Data? = nil, chatTemplate: String? = nil
    ) throws {
        let file = try TokenizerFile(Array(json))
        let builder = try file.builder()
        try file.checkDecoder()
        let unknown = try Self.unknown(file.model, builder)
        let encoder = try builder.encoder(
            unknown: unknown.map { Int32($0) }, fusesUnknown: file.model?["fuse_unk"]?.bool ?? false)
        var parts = Parts(vocabulary: builder.vocabulary, encoder: encoder, preTokenizer: try file.preTokenizer())
        parts.normalization = try file.normalization()
        parts.ignoresMerges = file.model?["ignore_merges"]?.bool ?? false
        parts.added = builder.added
        parts.normalizeAddedTokens()
        (parts.prefix, parts.suffix) = try file.surroundings()
        for id in parts.prefix + parts.suffix where id < 0 || Int(id) >= builder.vocabulary.count {
            throw TokenizerError("tokenizer.json: the post-processor adds token \(id), which is not in the vocabulary")
        }
        parts.special = SpecialTokens(
            bos: parts.prefix.first.map { Int($0) }, eos: parts.suffix.last.map { Int($0) }, unknown: unknown)
        let names = try SpecialTokenNames(configuration: configuration, map: specialTokensMap)
        try names.apply(to: &parts)
        parts.chatTemplate = chatTemplate ?? names.chatTemplate
        self.init(parts)
    }

    private static func unknown(_ model: JSONValue?, _ builder: VocabularyBuilder) throws -> Int? {
        guard let token = model?["unk_token"]?.string else { return nil }
        if let id = builder.id(of: Array(token.utf8)) { return id }
        throw TokenizerError("tokenizer.json: the unknown token \"\(visible(token))\" is not in the vocabulary")
    }
}

extension Tokenizer.Parts {
    /// Composes the added tokens that are looked for in composed text.
    mutating func normalizeAddedTokens() {
        guard normalization == .nfc else { return }
        for index in added.indices where added[index].isNormalized {
            let content = added[index].content.withUnsafeBufferPointer { UnicodeNormalization.standard.composed($0) }
            if let content { added[index].content = content }
        }
    }
}
