internal import Synchronization

/// A tokenizer: text to token ids and back, as Hugging Face's `tokenizers` library gives them.
///
/// Text is normalized, cut into pieces and encoded: by byte-level BPE, BPE over characters (SentencePiece), WordPiece
/// or a unigram model; a decoder makes text of tokens. Each of these is a value of its own.
///
/// It is made from a GGUF file's metadata (`init(vocabulary:merges:tokenTypes:preTokenizer:)` and its further
/// parameters) or from `tokenizer.json`. A copy shares the tables; a tokenizer may be used from many tasks at once.
///
/// ```swift
/// let ids = tokenizer.encode("When Mary and John went to the store")
/// let text = tokenizer.decode(ids)
/// let answer = tokenizer.token(for: " Mary")
/// ```
public struct Tokenizer: Sendable {
    let core: Core

    /// Tokens that end a generated text: ``eos``, what the model's files say besides, and the end-of-turn tokens that
    /// are known by name, such as "<|im_end|>" and "<|eot_id|>".
    public var stopTokens: Set<Int>

    init(_ parts: Parts) {
        core = Core(parts)
        let known = parts.added.filter { Self.endOfTurn.contains(String(decoding: $0.content, as: UTF8.self)) }
        stopTokens = parts.stops.union(known.map(\.id)).union([parts.special.eos].compactMap { $0 })
    }

    /// The texts of tokens that end a turn or a text in published models.
    private static let endOfTurn: Set<String> = [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|end_of_turn|>", "<end_of_turn>", "<end_of_utterance>",
        "<|endoftext|>", "<|end_of_text|>", "<EOT>", "_<EOT>", "<｜end▁of▁sentence｜>",
    ]

    /// A token found in text as a whole before byte pairs are merged.
    public struct AddedToken: Sendable, Hashable {
        /// The number of the token, counted from 0.
        public let id: Int
        /// What is looked for in the text, to the letter.
        public let text: String
        /// Whether it steers the model (a control token) rather than being a word added to the vocabulary.
        public let isSpecial: Bool
    }

    /// The number of ids; the largest is one less. A model's embedding may have more rows.
    public var vocabularySize: Int { core.vocabulary.count }

    /// How a piece of text becomes tokens, in words.
    public var kind: String {
        switch core.encoder {
        case .bytePairs: "byte-level BPE"
        case .characterPairs(let encoder): encoder.byteTokens.isEmpty ? "BPE" : "BPE with byte fallback"
        case .wordPieces: "WordPiece"
        case .unigrams: "unigram"
        }
    }

    /// The token that begins a text, where the model has one.
    public var bos: Int? { core.special.bos }

    /// The token that ends a text or turn, where the model has one.
    public var eos: Int? { core.special.eos }

    /// The token that fills up a batch's shorter rows, where the model has one.
    public var padding: Int? { core.special.padding }

    /// The token for what the vocabulary cannot express, where the model names one.
    public var unknown: Int? { core.special.unknown }

    /// Whether ``encode(_:addSpecialTokens:parseSpecialTokens:)`` puts ``bos`` first, as the model's files ask.
    public var addsBOS: Bool { core.special.bos.map { core.prefix.contains(Int32($0)) } ?? false }

    /// All tokens that are found in text as a whole, by id.
    public var addedTokens: [AddedToken] {
        (core.rawTokens.tokens + core.normalizedTokens.tokens)
            .map {
                AddedToken(
                    id: $0.id, text: String(decoding: $0.content, as: UTF8.self), isSpecial: $0.isSpecial)
            }
            .sorted { $0.id < $1.id }
    }

    /// How text is cut before byte pairs are merged.
    public var preTokenizer: PreTokenizer { core.preTokenizer }

    /// Bytes for which a byte-level vocabulary has no token: text with them does not round-trip.
    ///
    /// SmolLM2's lacks 21: bytes that UTF-8 never uses, six control characters, and 0xF1 and 0xF2. As in Hugging
    /// Face's library they are left out, or become ``unknown`` where `tokenizer.json` asks for it.
    public var missingBytes: [UInt8] {
        guard case .bytePairs(let encoder) = core.encoder else { return [] }
        return (0..<256).compactMap { encoder.byteTokens[$0] < 0 ? UInt8($0) : nil }
    }

    /// The texts of the special tokens that the model's files name, such as "bos_token" and "pad_token": variables of
    /// the chat template.
    public var specialTokenTexts: [String: String] {
        var texts = core.special.texts
        for (name, id) in core.special.named where texts[name] == nil { texts[name] = string(of: id) }
        return texts
    }

    /// The source of the model's chat template, where it has one.
    public var chatTemplateSource: String? { core.chatTemplate }
}

extension Tokenizer {
    struct SpecialTokens: Sendable {
        var bos: Int?
        var eos: Int?
        var padding: Int?
        var unknown: Int?
        /// Texts by the names that files give them, also of tokens that the vocabulary lacks.
        var texts: [String: String] = [:]

        /// Those that are there, by the names that files give them.
        var named: [(name: String, id: Int)] {
            [("bos_token", bos), ("eos_token", eos), ("pad_token", padding), ("unk_token", unknown)]
                .compactMap { name, id in id.map { (name, $0) } }
        }
    }

    /// The tables all copies share.
    final class Core: Sendable {
        let vocabulary: Vocabulary
        let encoder: TokenEncoder
        let preTokenizer: PreTokenizer
        let normalizer: TextNormalizer
        let decoder: TokenDecoder
        /// Whether tokens are kept as the bytes that they stand for.
        let isByteLevel: Bool
        /// Whether a piece that is a token as a whole becomes that token without merging.
        let ignoresMerges: Bool
        /// Added tokens looked for before and after normalization.
        let rawTokens: AddedTokens
        let normalizedTokens: AddedTokens
        let addedIDs: [[UInt8]: Int]
        let addedTokenIDs: Set<Int>
        let specialIDs: Set<Int>
        /// What is put before and after a text with special tokens.
        let prefix: [Int32]
        let suffix: [Int32]
        let special: SpecialTokens
        let chatTemplate: String?
        /// Workspaces not in use.
        let workspaces = Mutex<[Workspace]>([])

        init(_ parts: Parts) {
            vocabulary = parts.vocabulary
            encoder = parts.encoder
            preTokenizer = parts.preTokenizer
            normalizer = parts.normalizer
            decoder = parts.decoder
            if case .bytePairs = parts.encoder { isByteLevel = true } else { isByteLevel = false }
            ignoresMerges = parts.ignoresMerges
            rawTokens = AddedTokens(parts.added.filter { !$0.isNormalized })
            normalizedTokens = AddedTokens(parts.added.filter(\.isNormalized))
            addedIDs = Dictionary(parts.added.map { ($0.content, $0.id) }) { _, last in last }
            addedTokenIDs = Set(parts.added.map(\.id))
            specialIDs = Set(parts.added.filter(\.isSpecial).map(\.id))
            prefix = parts.prefix
            suffix = parts.suffix
            special = parts.special
            chatTemplate = parts.chatTemplate
        }
    }

    /// What a tokenizer is put together from.
    struct Parts {
        var vocabulary: Vocabulary
        var encoder: TokenEncoder
        var preTokenizer: PreTokenizer
        var normalizer = TextNormalizer.none
        var decoder = TokenDecoder()
        var ignoresMerges = false
        var added: [AddedTokens.Token] = []
        var prefix: [Int32] = []
        var suffix: [Int32] = []
        var special = SpecialTokens()
        /// Tokens that end a generated text besides those known by name.
        var stops: Set<Int> = []
        var chatTemplate: String?
    }

    /// What one encoding needs and the next can use again.
    struct Workspace: Sendable {
        var cache = WordCache()
        var encoding = TokenEncoder.Workspace()
        var ids: [Int32] = []
    }
}
