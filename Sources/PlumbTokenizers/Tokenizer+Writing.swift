public import struct Foundation.Data
internal import PlumbBasics

// A tokenizer as the files that Hugging Face's library and this one read.

extension Tokenizer {
    /// The contents of a `tokenizer.json` that gives the same ids.
    public var json: Data {
        let parts = [
            #""version":"1.0","truncation":null,"padding":null"#,
            #""added_tokens":[\#(core.allAddedTokens.map(added).joined(separator: ",\n"))]"#,
            #""normalizer":\#(core.normalizer.json.text(.compact))"#,
            #""pre_tokenizer":\#(core.preTokenizer.json.text(.compact))"#, #""post_processor":\#(postProcessor)"#,
            #""decoder":\#(core.decoder.json(isByteLevel: core.isByteLevel).text(.compact))"#,
            #""model":\#(model)"#,
        ]
        return Data("{\(parts.joined(separator: ",\n"))}\n".utf8)
    }

    /// The contents of the `tokenizer_config.json` that belongs to ``json``: the special tokens by name, and the chat
    /// template.
    public var configurationJSON: Data {
        var fields = [#""tokenizer_class":"PreTrainedTokenizerFast""#, #""clean_up_tokenization_spaces":false"#]
        let special = core.special.named
        for (name, id) in special { fields.append("\"\(name)\":\(LearnedBytePairs.quoted(spelling(of: id)))") }
        for (name, text) in core.special.texts.sorted(by: { $0.key < $1.key })
        where !special.contains(where: { $0.name == name }) {
            fields.append("\(LearnedBytePairs.quoted(name)):\(LearnedBytePairs.quoted(text))")
        }
        if let template = chatTemplateSource { fields.append("\"chat_template\":\(LearnedBytePairs.quoted(template))") }
        return Data("{\(fields.joined(separator: ",\n"))}\n".utf8)
    }

    /// A token as files write it: an added one by its text, another in the alphabet of bytes.
    private func spelling(of id: Int) -> String {
        let bytes = core.vocabulary[id]
        guard core.isByteLevel, !core.addedTokenIDs.contains(id), core.vocabulary.id(of: bytes) == Int32(id) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return ByteAlphabet.encode(bytes)
    }

    /// An added token by its text before any normalization.
    private func added(_ token: AddedTokens.Token) -> String {
        #"{"id":\#(token.id),"content":\#(quoted(Int32(token.id))),"single_word":\#(token.isSingleWord),"#
            + #""lstrip":\#(token.stripsLeft),"rstrip":\#(token.stripsRight),"normalized":\#(token.isNormalized),"#
            + #""special":\#(token.isSpecial)}"#
    }

    private var model: String {
        switch core.encoder {
        case .bytePairs(let encoder):
            return pairModel(encoder.merger.merges, encoder.unknown, encoder.fusesUnknown, fallsBack: false)
        case .characterPairs(let encoder):
            let fallsBack = !encoder.byteTokens.isEmpty
            return pairModel(encoder.merger.merges, encoder.unknown, encoder.fusesUnknown, fallsBack: fallsBack)
        case .wordPieces(let encoder):
            let continuation = LearnedBytePairs.quoted(String(decoding: encoder.continuation, as: UTF8.self))
            return """
                {"type":"WordPiece","unk_token":\(quoted(encoder.unknown)),"continuing_subword_prefix":\(continuation),
                "max_input_chars_per_word":\(encoder.longestWord),"vocab":{\(vocabulary)}}
                """
        case .unigrams(let encoder):
            let entries = encoder.scores.enumerated().map { "[\(quoted(Int32($0))),\($1)]" }
            return """
                {"type":"Unigram","unk_id":\(encoder.unknown),"byte_fallback":\(!encoder.byteTokens.isEmpty),
                "vocab":[\(entries.joined(separator: ",\n"))]}
                """
        }
    }

    private func quoted(_ id: Int32) -> String { LearnedBytePairs.quoted(spelling(of: Int(id))) }

    private var vocabulary: String {
        (0..<vocabularySize).filter { !core.vocabulary[$0].isEmpty }.map { "\(quoted(Int32($0))):\($0)" }
            .joined(separator: ",\n")
    }

    private func pairModel(_ merges: MergeTable, _ unknown: Int32?, _ fuses: Bool, fallsBack: Bool) -> String {
        // Characters that are no tokens cannot be written; what they merge into is left to other merges.
        let pairs = merges.pairs.filter { max($0.left, $0.right) < Int32(vocabularySize) }
            .map { #"[\#(quoted($0.left)),\#(quoted($0.right))]"# }
        return """
            {"type":"BPE","dropout":null,"unk_token":\(unknown.map(quoted) ?? "null"),"continuing_subword_prefix":null,
            "end_of_word_suffix":null,"fuse_unk":\(fuses),"byte_fallback":\(fallsBack),
            "ignore_merges":\(core.ignoresMerges),
            "vocab":{\(vocabulary)},
            "merges":[\(pairs.joined(separator: ",\n"))]}
            """
    }

    /// What puts special tokens around a text.
    private var postProcessor: String {
        let around = core.prefix + core.suffix
        guard !around.isEmpty else { return "null" }
        func special(_ ids: [Int32], _ type: Int) -> [String] {
            ids.map {
                #"{"SpecialToken":{"id":\#(LearnedBytePairs.quoted(spelling(of: Int($0)))),"type_id":\#(type)}}"#
            }
        }
        func text(_ name: String, _ type: Int) -> [String] {
            special(core.prefix, type) + [#"{"Sequence":{"id":"\#(name)","type_id":\#(type)}}"#]
                + special(core.suffix, type)
        }
        let names = Set(around).sorted().map { id in
            let name = LearnedBytePairs.quoted(spelling(of: Int(id)))
            return #"\#(name):{"id":\#(name),"ids":[\#(id)],"tokens":[\#(name)]}"#
        }
        let (single, pair) = (text("A", 0), text("A", 0) + text("B", 1))
        return """
            {"type":"TemplateProcessing","single":[\(single.joined(separator: ","))],
            "pair":[\(pair.joined(separator: ","))],"special_tokens":{\(names.joined(separator: ","))}}
            """
    }
}

extension Tokenizer.Core {
    fileprivate var allAddedTokens: [AddedTokens.Token] {
        (rawTokens.tokens + normalizedTokens.tokens).sorted { $0.id < $1.id }
    }
}
