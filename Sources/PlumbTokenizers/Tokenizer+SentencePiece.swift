internal import PlumbBasics

extension Tokenizer {
    /// What a GGUF file says of a tokenizer whose tokens have scores, beside them.
    public struct ScoredOptions: Sendable {
        /// The id of the beginning-of-sequence token.
        public var bos: Int?
        /// The id of the end-of-sequence token.
        public var eos: Int?
        /// The id of the padding token.
        public var padding: Int?
        /// The id of the token for what is not in the vocabulary.
        public var unknown: Int?
        /// Whether ``bos`` begins every text (`tokenizer.ggml.add_bos_token`).
        public var addsBOS = true
        /// Whether ``eos`` ends every text (`tokenizer.ggml.add_eos_token`).
        public var addsEOS = false
        /// Whether a space is put before every text (`tokenizer.ggml.add_space_prefix`).
        public var addsSpacePrefix = true
        /// Further special tokens that the file names, by the chat template's names: "cls_token" and the like.
        public var others: [String: Int] = [:]
        /// Tokens that end a generated text besides ``eos``.
        public var stopTokens: [Int] = []
        /// SentencePiece's compiled rules for characters (`tokenizer.ggml.precompiled_charsmap`); none if empty.
        public var characterMap: [UInt8] = []
        /// Whether white space at the ends goes and that between words becomes one space
        /// (`tokenizer.ggml.remove_extra_whitespaces`).
        public var removesExtraSpace = false
        /// The source of the chat template.
        public var chatTemplate: String?

        /// Options as SentencePiece has them by default.
        public init() {}
    }

    /// A SentencePiece tokenizer of pairs from plain values, as a GGUF file's metadata holds them
    /// (`tokenizer.ggml.model` being "llama").
    ///
    /// The pair whose token has the highest score merges first, the leftmost of equals; a character that is no token
    /// becomes its bytes' tokens. A space is put before each stretch between special tokens, as SentencePiece and
    /// llama.cpp do it, unless the file says otherwise.
    ///
    /// Source: Kudo and Richardson, SentencePiece (2018), arXiv 1808.06226.
    ///
    /// - Parameters:
    ///   - vocabulary: Every token, with "▁" for a space (`tokenizer.ggml.tokens`).
    ///   - scores: One a token (`tokenizer.ggml.scores`).
    ///   - tokenTypes: One a token (`tokenizer.ggml.token_type`).
    ///   - options: What else the file says.
    /// - Throws: ``TokenizerError`` where the lists do not fit together or an id is out of range.
    public init(
        sentencePieces vocabulary: [String], scores: [Double], tokenTypes: [Int], options: ScoredOptions
    ) throws(TokenizerError) {
        let list = try ScoredTokens(vocabulary, scores, tokenTypes, respellsSpaces: true)
        let encoder = list.pairs(unknown: options.unknown.map { Int32(clamping: $0) })
        var parts = Parts(
            vocabulary: list.vocabulary, encoder: .characterPairs(encoder),
            preTokenizer: PreTokenizer(steps: [], isByteLevel: false))
        let space = Array("▁".utf8)
        parts.normalizer.steps = [.replace(.text([0x20]), with: space)]
        parts.decoder.steps = [.replace(.text(space), with: [0x20]), .byteFallback, .fuse]
        if options.addsSpacePrefix {
            parts.normalizer.steps.insert(.prepend(space), at: 0)
            parts.decoder.steps.append(.strip([0x20], start: 1, stop: 0))
        }
        try list.finish(&parts, options)
        self.init(parts)
    }

    /// A unigram tokenizer from plain values, as a GGUF file's metadata holds them (`tokenizer.ggml.model` being "t5").
    ///
    /// - Parameters:
    ///   - vocabulary: Every token, with "▁" for a space.
    ///   - scores: The logarithm of each token's probability.
    ///   - tokenTypes: One a token (`tokenizer.ggml.token_type`).
    ///   - options: What else the file says.
    /// - Throws: ``TokenizerError`` where the lists do not fit together or an id is out of range.
    public init(
        unigrams vocabulary: [String], scores: [Double], tokenTypes: [Int], options: ScoredOptions
    ) throws(TokenizerError) {
        let list = try ScoredTokens(vocabulary, scores, tokenTypes, respellsSpaces: false)
        guard let unknown = options.unknown, vocabulary.indices.contains(unknown) else {
            throw TokenizerError("the tokenizer names no unknown token, which a unigram model needs")
        }
        let encoder = UnigramEncoder(
            vocabulary: list.vocabulary, scores: scores, unknown: Int32(unknown),
            byteTokens: list.hasByteTokens ? list.vocabulary.byteTokens : [])
        let metaspace = Metaspace(prepending: options.addsSpacePrefix ? .always : .never)
        var parts = Parts(
            vocabulary: list.vocabulary, encoder: .unigrams(encoder),
            preTokenizer: PreTokenizer(steps: [.metaspace(metaspace)], isByteLevel: false))
        if !options.characterMap.isEmpty {
            parts.normalizer.steps.append(.precompiled(try CharacterMap(options.characterMap)))
        }
        if options.removesExtraSpace {
            parts.normalizer.steps.append(.strip(left: false, right: true))
            parts.normalizer.steps.append(
                .replace(.expression(try RegularExpression(" {2,}")), with: Array("▁".utf8)))
        }
        parts.decoder.steps = (list.hasByteTokens ? [.byteFallback] : []) + [.metaspace(metaspace)]
        try list.finish(&parts, options)
        self.init(parts)
    }

    /// A WordPiece tokenizer from plain values, as a GGUF file's metadata holds them (`tokenizer.ggml.model` being
    /// "bert"): text is cleaned, without accents and in lower case, as BERT's.
    ///
    /// - Parameters:
    ///   - vocabulary: Every token: those that begin a word with "▁" before them, others without; or those that go on
    ///     with "##" before them. Tokens in brackets stand for themselves.
    ///   - tokenTypes: One a token (`tokenizer.ggml.token_type`).
    ///   - options: What else the file says; "cls_token" and "sep_token" of its others, or ``ScoredOptions/bos`` and
    ///     ``ScoredOptions/eos``, are put around a text.
    /// - Throws: ``TokenizerError`` where the lists do not fit together or an id is out of range.
    public init(wordPieces vocabulary: [String], tokenTypes: [Int], options: ScoredOptions) throws(TokenizerError) {
        var options = options
        let spellings = Self.withoutPhantoms(vocabulary)
        let list = try ScoredTokens(
            spellings, [Double](repeating: 0, count: spellings.count), tokenTypes, respellsSpaces: false)
        guard let unknown = options.unknown ?? vocabulary.firstIndex(of: "[UNK]") else {
            throw TokenizerError("the tokenizer names no unknown token, which a WordPiece model needs")
        }
        options.unknown = unknown
        options.bos = options.others["cls_token"] ?? options.bos ?? vocabulary.firstIndex(of: "[CLS]")
        options.eos = options.others["sep_token"] ?? options.eos ?? vocabulary.firstIndex(of: "[SEP]")
        let encoder = WordPieceEncoder(
            tokens: list.vocabulary.found, unknown: Int32(clamping: unknown), continuation: Array("##".utf8),
            longestWord: 100)
        var parts = Parts(
            vocabulary: list.vocabulary, encoder: .wordPieces(encoder),
            preTokenizer: PreTokenizer(steps: [.bert], isByteLevel: false))
        parts.normalizer.steps = [.bert(BertCleaning())]
        parts.decoder.steps = [.wordPiece(prefix: Array("##".utf8), cleansUp: true)]
        try list.finish(&parts, options)
        self.init(parts)
    }

    /// Tokens as BERT writes them: "##" before those that go on, nothing before those that begin a word.
    private static func withoutPhantoms(_ vocabulary: [String]) -> [String] {
        // By scalars: a token may begin with a mark that combines with what is before it. "▁" alone goes on a word.
        func begins(_ token: String) -> Bool { token.unicodeScalars.first == "▁" && token.unicodeScalars.count > 1 }
        guard vocabulary.contains(where: begins) else { return vocabulary }
        return vocabulary.map { token in
            if token.hasPrefix("[") && token.hasSuffix("]") { return token }
            return begins(token) ? String(token.unicodeScalars.dropFirst()) : "##" + token
        }
    }
}
