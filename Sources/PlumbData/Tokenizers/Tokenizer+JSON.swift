public import struct Foundation.Data

extension Tokenizer {
    /// A byte-level BPE tokenizer from Hugging Face's `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - json: The contents of `tokenizer.json`.
    ///   - configuration: The contents of `tokenizer_config.json`, which names the special tokens and may hold the chat
    ///     template. Without it ``bos`` and ``eos`` are what the post-processor puts around a text.
    ///   - chatTemplate: The contents of `chat_template.jinja` where the model has that file; it comes before the
    ///     configuration's.
    /// - Throws: ``TokenizerError``, naming what is not valid or not known.
    public init(json: Data, configuration: Data? = nil, chatTemplate: String? = nil) throws {
        let file = try TokenizerFile(Array(json))
        let builder = try file.vocabulary()
        try file.checkDecoder()
        let model = file.root["model"]
        let unknown = try Self.unknown(model, builder)
        let encoder = try builder.encoder(
            unknown: unknown.map { Int32($0) }, fusesUnknown: model?["fuse_unk"]?.boolean ?? false)
        var parts = Parts(vocabulary: builder.vocabulary, encoder: encoder, preTokenizer: try file.preTokenizer())
        parts.normalization = try file.normalization()
        parts.ignoresMerges = model?["ignore_merges"]?.boolean ?? false
        parts.added = builder.added
        if parts.normalization == .nfc {
            for index in parts.added.indices where parts.added[index].isNormalized {
                let content = parts.added[index].content.withUnsafeBufferPointer { Composition.standard.composed($0) }
                if let content { parts.added[index].content = content }
            }
        }
        (parts.prefix, parts.suffix) = try file.surroundings()
        for id in parts.prefix + parts.suffix where id < 0 || Int(id) >= builder.vocabulary.count {
            throw TokenizerError("tokenizer.json: the post-processor adds token \(id), which is not in the vocabulary")
        }
        parts.special = SpecialTokens(
            bos: parts.prefix.first.map { Int($0) }, eos: parts.suffix.last.map { Int($0) }, unknown: unknown)
        parts.chatTemplate = chatTemplate
        if let configuration { try Self.apply(Array(configuration), to: &parts) }
        core = Core(parts)
    }

    private static func unknown(_ model: JSONValue?, _ builder: VocabularyBuilder) throws -> Int? {
        guard let token = model?["unk_token"]?.string else { return nil }
        if let id = builder.id(of: token.bytes) { return id }
        throw TokenizerError("tokenizer.json: the unknown token \"\(token.text)\" is not in the vocabulary")
    }

    /// Takes special tokens and chat template from `tokenizer_config.json`.
    private static func apply(_ configuration: [UInt8], to parts: inout Parts) throws {
        let root: JSONValue
        do {
            root = try JSONReader.read(configuration)
        } catch let error as JSONError {
            throw TokenizerError("tokenizer_config.json: \(error)")
        }
        func id(_ name: String) throws -> Int? {
            guard let value = root[name], !value.isNull else { return nil }
            guard let content = (value.string ?? value["content"]?.string)?.bytes else {
                throw TokenizerError("tokenizer_config.json: \(name) is \(value.kind), not a token")
            }
            let added = parts.added.first { $0.content == content }?.id
            guard let id = added ?? parts.vocabulary.id(of: content).map({ Int($0) }) else {
                let text = String(decoding: content, as: UTF8.self)
                throw TokenizerError("tokenizer_config.json: \(name) \"\(text)\" is not in the vocabulary")
            }
            return id
        }
        parts.special.bos = try id("bos_token") ?? parts.special.bos
        parts.special.eos = try id("eos_token") ?? parts.special.eos
        parts.special.padding = try id("pad_token")
        parts.special.unknown = try id("unk_token") ?? parts.special.unknown
        guard parts.chatTemplate == nil, let template = root["chat_template"] else { return }
        let named = template.array?.last { $0["name"]?.text == "default" }?["template"]
        parts.chatTemplate = template.text ?? named?.text
    }
}
