public import struct Foundation.Data
internal import PlumbBasics

extension Tokenizer {
    /// The tokenizer of Hugging Face's `tokenizer.json`.
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
        let kind = try file.kind()
        let preTokenizer = try PreTokenizer(file)
        let isByteLevel = preTokenizer.isByteLevel
        guard !isByteLevel || kind == .bytePairs else {
            throw TokenizerError(
                "tokenizer.json: a \(kind.rawValue) model after the pre-tokenizer \"ByteLevel\" is not known")
        }
        let builder = try file.builder(kind, isByteLevel: isByteLevel)
        let (encoder, unknown) = try file.encoder(kind, builder)
        var parts = Parts(vocabulary: builder.vocabulary, encoder: encoder, preTokenizer: preTokenizer)
        parts.normalizer = try TextNormalizer(file)
        parts.decoder = try TokenDecoder(file, isByteLevel: isByteLevel)
        parts.ignoresMerges = kind == .bytePairs && file.model?["ignore_merges"]?.bool ?? false
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
}

extension Tokenizer.Parts {
    /// Normalizes the added tokens that are looked for in normalized text.
    mutating func normalizeAddedTokens() {
        for index in added.indices where added[index].isNormalized {
            added[index].content = normalizer.applied(to: added[index].content)
        }
    }
}
