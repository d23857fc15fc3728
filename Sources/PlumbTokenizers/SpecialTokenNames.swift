internal import struct Foundation.Data
internal import PlumbBasics

/// What `tokenizer_config.json` and `special_tokens_map.json` say about special tokens.
struct SpecialTokenNames {
    /// The contents of `tokenizer_config.json`; null without one.
    let configuration: JSONValue
    private let map: JSONValue

    init(configuration: Data?, map: Data?) throws {
        self.configuration = try Self.read(configuration, "tokenizer_config.json")
        self.map = try Self.read(map, "special_tokens_map.json")
    }

    static func read(_ data: Data?, _ name: String) throws -> JSONValue {
        guard let data else { return .null }
        do {
            return try JSONValue(parsing: data)
        } catch let error as JSONError {
            throw TokenizerError("\(name): \(error)")
        }
    }

    /// The source of the chat template: the only one, or the one called "default" of several.
    var chatTemplate: String? {
        let template = configuration["chat_template"]
        return template?.string ?? template?.array?.last { $0["name"]?.string == "default" }?["template"]?.string
    }

    /// The text of every token that is named, as text or as an object with its text; the configuration comes first.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        for source in [map, configuration] {
            for (name, value) in source.object ?? [:] where name.hasSuffix("_token") {
                if let text = value.string ?? value["content"]?.string { texts[name] = text }
            }
        }
        return texts
    }

    /// Puts the special tokens into a tokenizer's parts.
    ///
    /// - Throws: ``TokenizerError`` where the token that begins or ends a text is not in the vocabulary. The others
    ///   are not needed: `transformers` would append them to the vocabulary.
    func apply(to parts: inout Tokenizer.Parts) throws {
        let texts = texts
        func id(_ name: String, isNeeded: Bool = false) throws -> Int? {
            for (source, file) in [(configuration, "tokenizer_config.json"), (map, "special_tokens_map.json")] {
                guard let value = source[name], !value.isNull, value.string == nil, value["content"]?.string == nil
                else { continue }
                throw TokenizerError("\(file): \(name) is \(value.kind), not a token")
            }
            guard let text = texts[name] else { return nil }
            let content = Array(text.utf8)
            let added = parts.added.first { $0.content == content }?.id
            if let id = added ?? parts.vocabulary.id(of: content).map({ Int($0) }) { return id }
            guard isNeeded else { return nil }
            let isConfigured = configuration[name].map { !$0.isNull } ?? false
            throw TokenizerError(
                "\(isConfigured ? "tokenizer_config.json" : "special_tokens_map.json"): \(name) \"\(visible(text))\" is not "
                    + "in the vocabulary")
        }
        parts.special.bos = try id("bos_token", isNeeded: true) ?? parts.special.bos
        parts.special.eos = try id("eos_token", isNeeded: true) ?? parts.special.eos
        parts.special.padding = try id("pad_token")
        parts.special.unknown = try id("unk_token") ?? parts.special.unknown
        parts.special.texts = texts
    }
}
