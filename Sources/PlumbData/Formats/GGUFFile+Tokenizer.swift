internal import Foundation
internal import PlumbBasics
public import PlumbTokenizers

extension Tokenizer {
    /// The tokenizer that a GGUF file carries.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - preTokenizer: how text is cut first, in the place of what the file says of it; needed where the file does not
    ///     name its pre-tokenizer, as those of Llama 3 from before May 2024.
    /// - Throws: ``TokenizerError`` for a kind that is not known, one whose parts do not fit together, or one that does
    ///   not name its pre-tokenizer where none is given: its ids cannot be known.
    public init(gguf file: GGUFFile, preTokenizer: PreTokenizer? = nil) throws {
        let keys = TokenizerKeys(file: file)
        let model = try file.string("tokenizer.ggml.model")
        let tokens = try file.strings("tokenizer.ggml.tokens")
        switch model {
        case "gpt2": try self.init(pairs: tokens, keys, preTokenizer: try preTokenizer ?? Self.preTokenizer(of: file))
        case "llama":
            try self.init(
                sentencePieces: tokens, scores: try keys.scores(), tokenTypes: try keys.types(tokens.count),
                options: try keys.options(addsBOS: true))
        case "bert":
            var options = try keys.options(addsBOS: true)
            options.addsEOS = try keys.flag("add_eos_token") ?? true
            try self.init(wordPieces: tokens, tokenTypes: try keys.types(tokens.count), options: options)
        case "t5":
            var options = try keys.options(addsBOS: false)
            options.addsEOS = try keys.flag("add_eos_token") ?? true
            try self.init(
                unigrams: tokens, scores: try keys.scores(), tokenTypes: try keys.types(tokens.count), options: options)
        default:
            throw TokenizerError(
                "the file's tokenizer is of the kind \"\(visible(model))\"; known are byte-level BPE (\"gpt2\"), SentencePiece "
                    + "(\"llama\"), WordPiece (\"bert\") and unigrams (\"t5\")")
        }
    }

    private init(pairs tokens: [String], _ keys: TokenizerKeys, preTokenizer: PreTokenizer) throws {
        let options = try keys.options(addsBOS: false)
        try self.init(
            vocabulary: tokens, merges: try keys.file.strings("tokenizer.ggml.merges"),
            tokenTypes: keys.has("token_type") ? try keys.types(tokens.count) : nil, preTokenizer: preTokenizer,
            bos: options.bos, eos: options.eos, padding: options.padding, unknown: options.unknown,
            addsBOS: try keys.flag("add_bos_token"), addsEOS: options.addsEOS, otherSpecialTokens: options.others,
            stopTokens: options.stopTokens, chatTemplate: options.chatTemplate)
    }

    private static func preTokenizer(of file: GGUFFile) throws -> PreTokenizer {
        let key = "tokenizer.ggml.pre"
        guard file.metadata[key] != nil else {
            throw TokenizerError(
                "\(file.url.lastPathComponent) does not name its pre-tokenizer (\(key)), so that its tokens cannot be known: "
                    + "convert the model again with a converter from after May 2024, or name it, as in "
                    + "plumb tokens --pre llama-bpe")
        }
        return try PreTokenizer(gguf: try file.string(key))
    }
}

/// The keys below "tokenizer.ggml." that files may have.
private struct TokenizerKeys {
    let file: GGUFFile

    func has(_ name: String) -> Bool { file.metadata["tokenizer.ggml.\(name)"] != nil }

    func integer(_ name: String) throws -> Int? {
        has(name) ? try file.integer("tokenizer.ggml.\(name)") : nil
    }

    func flag(_ name: String) throws -> Bool? { has(name) ? try file.bool("tokenizer.ggml.\(name)") : nil }

    /// Without types, all tokens are normal ones.
    func types(_ count: Int) throws -> [Int] {
        has("token_type") ? try file.integers("tokenizer.ggml.token_type") : [Int](repeating: 1, count: count)
    }

    func scores() throws -> [Double] { try file.numbers("tokenizer.ggml.scores") }

    func options(addsBOS: Bool) throws -> Tokenizer.ScoredOptions {
        var options = Tokenizer.ScoredOptions()
        options.bos = try integer("bos_token_id")
        options.eos = try integer("eos_token_id")
        options.padding = try integer("padding_token_id")
        options.unknown = try integer("unknown_token_id")
        options.addsBOS = try flag("add_bos_token") ?? addsBOS
        options.addsEOS = try flag("add_eos_token") ?? false
        options.addsSpacePrefix = try flag("add_space_prefix") ?? true
        options.removesExtraSpace = try flag("remove_extra_whitespaces") ?? false
        if has("precompiled_charsmap") {
            options.characterMap = try file.integers("tokenizer.ggml.precompiled_charsmap").map(
                UInt8.init(truncatingIfNeeded:))
        }
        // The format's own spelling of "separator".
        let others = [
            ("sep_token", "seperator_token_id"), ("cls_token", "cls_token_id"), ("mask_token", "mask_token_id"),
        ]
        options.others = Dictionary(
            try others.compactMap { name, key in try integer(key).map { (name, $0) } }, uniquingKeysWith: { $1 })
        options.stopTokens = try ["eot_token_id", "eom_token_id"].compactMap(integer)
        let template = "tokenizer.chat_template"
        options.chatTemplate = file.metadata[template] != nil ? try file.string(template) : nil
        return options
    }
}
