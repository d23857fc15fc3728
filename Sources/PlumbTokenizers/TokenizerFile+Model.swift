internal import PlumbBasics

extension TokenizerFile {
    /// The kinds of models that are read.
    enum Kind: String {
        case bytePairs = "BPE"
        case wordPieces = "WordPiece"
        case unigrams = "Unigram"
    }

    /// The model's kind; a file without a type is told by its parts, as older ones are.
    func kind() throws -> Kind {
        guard let model else { throw TokenizerError("tokenizer.json has no \"model\"") }
        guard let type = model["type"]?.string else {
            return scores != nil
                ? .unigrams
                : model["continuing_subword_prefix"]?.string == "##" && merges == nil
                    ? .wordPieces : .bytePairs
        }
        guard let kind = Kind(rawValue: type) else {
            throw TokenizerError(
                "tokenizer.json: model \"\(visible(type))\" is not known; known are BPE, WordPiece and Unigram")
        }
        return kind
    }

    /// Vocabulary and added tokens, and merges where there are some.
    func builder(_ kind: Kind, isByteLevel: Bool) throws -> VocabularyBuilder {
        guard let vocabulary, kind != .unigrams || scores != nil else {
            throw TokenizerError("tokenizer.json: the model has no vocabulary (\"vocab\")")
        }
        var builder = VocabularyBuilder(capacity: vocabulary.count + added.count, isByteLevel: isByteLevel)
        try builder.fill(vocabulary, added, from: "tokenizer.json")
        guard kind == .bytePairs else { return builder }
        try checkPairs()
        guard let merges else {
            throw TokenizerError("tokenizer.json: the model has no merges (\"merges\"); the file is incomplete")
        }
        for merge in merges {
            switch merge {
            case .text(let text): try builder.append(merge: text)
            case .pair(let left, let right): try builder.append(merge: left[...], right[...])
            }
        }
        return builder
    }

    private func checkPairs() throws {
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = model?[name]?.string, !text.isEmpty {
                throw TokenizerError("tokenizer.json: \(name) \"\(visible(text))\" of a BPE model is not known")
            }
        }
        if let dropout = model?["dropout"]?.double, dropout != 0 {
            throw TokenizerError("tokenizer.json: dropout \(dropout) makes ids random; set it to null")
        }
    }

    /// What makes tokens of pieces, and the unknown token.
    func encoder(_ kind: Kind, _ builder: VocabularyBuilder) throws -> (TokenEncoder, unknown: Int?) {
        switch kind {
        case .bytePairs:
            let unknown = try unknownToken(builder, standard: nil)
            let id = unknown.map { Int32($0) }
            let fuses = model?["fuse_unk"]?.bool ?? false
            let fallsBack = model?["byte_fallback"]?.bool ?? false
            guard builder.isByteLevel else {
                let pairs = try builder.characterPairs(unknown: id, fusesUnknown: fuses, fallsBackToBytes: fallsBack)
                return (.characterPairs(pairs), unknown)
            }
            let pairs = try builder.bytePairs(unknown: id, fusesUnknown: fuses)
            guard !fallsBack || pairs.byteTokens.allSatisfy({ $0 >= 0 }) else {
                throw TokenizerError(
                    "tokenizer.json: byte_fallback of a ByteLevel vocabulary without some bytes is not known")
            }
            return (.bytePairs(pairs), unknown)
        case .wordPieces:
            guard let unknown = try unknownToken(builder, standard: "[UNK]") else {
                throw TokenizerError("tokenizer.json: the WordPiece model has no unknown token")
            }
            let vocabulary = builder.vocabulary
            let words = WordPieceEncoder(
                tokens: vocabulary.found, unknown: Int32(unknown),
                continuation: Array((model?["continuing_subword_prefix"]?.string ?? "##").utf8),
                longestWord: model?["max_input_chars_per_word"]?.integer ?? 100)
            return (.wordPieces(words), unknown)
        case .unigrams:
            let own = vocabulary?.count ?? 0
            guard let unknown = model?["unk_id"]?.integer, unknown >= 0, unknown < own else {
                throw TokenizerError("tokenizer.json: the Unigram model has no unknown token (\"unk_id\")")
            }
            let bytes = model?["byte_fallback"]?.bool ?? false ? builder.vocabulary.byteTokens : []
            let unigrams = UnigramEncoder(
                vocabulary: builder.vocabulary, scores: scores ?? [], unknown: Int32(unknown), byteTokens: bytes)
            return (.unigrams(unigrams), unknown)
        }
    }

    private func unknownToken(_ builder: VocabularyBuilder, standard: String?) throws -> Int? {
        guard let token = model?["unk_token"]?.string ?? standard else { return nil }
        if let id = builder.id(of: Array(token.utf8)) { return id }
        throw TokenizerError("tokenizer.json: the unknown token \"\(visible(token))\" is not in the vocabulary")
    }
}

extension Vocabulary {
    /// The tokens that ``id(of:)`` answers with.
    var found: [(text: ArraySlice<UInt8>, id: Int32)] {
        (0..<count).compactMap { id in
            let text = self[id]
            return !text.isEmpty && self.id(of: text) == Int32(id) ? (text, Int32(id)) : nil
        }
    }
}
