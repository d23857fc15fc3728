extension Tokenizer {
    /// What a token is, as `tokenizer.ggml.token_type` counts.
    enum TokenType: Int {
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    /// A byte-level BPE tokenizer from plain values, as a GGUF file's metadata holds them
    /// (`tokenizer.ggml.model` being "gpt2").
    ///
    /// - Parameters:
    ///   - vocabulary: Every token in GPT-2's printable stand-ins for bytes (`tokenizer.ggml.tokens`).
    ///   - merges: Pairs "left right", earliest first (`tokenizer.ggml.merges`).
    ///   - tokenTypes: One a token (`tokenizer.ggml.token_type`): 3 is a control token, 4 one added to the vocabulary;
    ///     both stand for their literal text. Without it only the special tokens named here are control tokens.
    ///   - preTokenizer: How text is cut first; ``PreTokenizer/init(gguf:reading:)`` knows the names of
    ///     `tokenizer.ggml.pre`.
    ///   - bos: The id of the beginning-of-sequence token (`tokenizer.ggml.bos_token_id`).
    ///   - eos: The id of the end-of-sequence token (`tokenizer.ggml.eos_token_id`).
    ///   - padding: The id of the padding token (`tokenizer.ggml.padding_token_id`).
    ///   - unknown: The id of the token for what is not in the vocabulary (`tokenizer.ggml.unknown_token_id`).
    ///   - addsBOS: Whether ``bos`` begins every text (`tokenizer.ggml.add_bos_token`); nil: Llama 3's do.
    ///   - addsEOS: Whether ``eos`` ends every text (`tokenizer.ggml.add_eos_token`).
    ///   - ignoresMerges: Whether a piece that is a token needs no merges; nil: Llama 3's do not.
    ///   - normalizesToNFC: Whether text is composed first; nil: Qwen 2's is.
    ///   - otherSpecialTokens: Further special tokens that the file names, for the chat template: "cls_token" and the like.
    ///   - stopTokens: Tokens that end a generated text besides ``eos`` and those known by name
    ///     (`tokenizer.ggml.eot_token_id`, `tokenizer.ggml.eom_token_id`).
    ///   - chatTemplate: The source of the chat template (`tokenizer.chat_template`).
    /// - Throws: ``TokenizerError`` where merges are missing or name no tokens, or an id is out of range.
    public init(
        vocabulary: [String], merges: [String], tokenTypes: [Int]? = nil, preTokenizer: PreTokenizer,
        bos: Int? = nil, eos: Int? = nil, padding: Int? = nil, unknown: Int? = nil,
        addsBOS: Bool? = nil,
        addsEOS: Bool = false, ignoresMerges: Bool? = nil, normalizesToNFC: Bool? = nil,
        otherSpecialTokens: [String: Int] = [:], stopTokens: [Int] = [], chatTemplate: String? = nil
    ) throws(TokenizerError) {
        // A padding token is not needed here, so that one outside the vocabulary does no harm.
        let padding = padding.flatMap { vocabulary.indices.contains($0) ? $0 : nil }
        var special = SpecialTokens(bos: bos, eos: eos, padding: padding, unknown: unknown)
        for (name, id) in special.named where !vocabulary.indices.contains(id) {
            throw TokenizerError(
                "the tokenizer's \(name) is \(id), but the vocabulary has \(vocabulary.count) tokens")
        }
        for (name, id) in otherSpecialTokens where vocabulary.indices.contains(id) {
            special.texts[name] = vocabulary[id]
        }
        if let tokenTypes, tokenTypes.count != vocabulary.count {
            throw TokenizerError(
                "the tokenizer has \(vocabulary.count) tokens but \(tokenTypes.count) token types; the file is damaged"
            )
        }
        var builder = VocabularyBuilder(capacity: vocabulary.count)
        let named = Set(special.named.map(\.id))
        for (id, token) in vocabulary.enumerated() {
            let type =
                tokenTypes.map { TokenType(rawValue: $0[id]) ?? .normal }
                ?? (named.contains(id) ? .control : .normal)
            switch type {
            case .control, .unknown: builder.append(added: .init(id: id, content: Array(token.utf8)))
            case .userDefined: builder.append(added: .init(id: id, content: Array(token.utf8), isSpecial: false))
            case .normal, .unused, .byte: try builder.append(Array(token.utf8))
            }
        }
        for merge in merges { try builder.append(merge: Array(merge.utf8)) }
        let isLlama3 = preTokenizer == .llama3
        let encoder = TokenEncoder.bytePairs(try builder.bytePairs())
        var parts = Parts(vocabulary: builder.vocabulary, encoder: encoder, preTokenizer: preTokenizer)
        parts.normalizer = normalizesToNFC ?? (preTokenizer == .qwen2) ? .nfc : .none
        parts.ignoresMerges = ignoresMerges ?? isLlama3
        parts.added = builder.added
        parts.special = special
        if addsBOS ?? isLlama3, let bos { parts.prefix = [Int32(bos)] }
        if addsEOS, let eos { parts.suffix = [Int32(eos)] }
        parts.stops = Set(stopTokens.filter(vocabulary.indices.contains))
        parts.chatTemplate = chatTemplate
        self.init(parts)
    }
}
