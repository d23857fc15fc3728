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
    /// - Throws: ``TokenizerError`` for a kind other than byte-level BPE, one whose parts do not fit together, or one
    ///   that does not name its pre-tokenizer where none is given: its ids cannot be known.
    public init(gguf file: GGUFFile, preTokenizer: PreTokenizer? = nil) throws {
        let model = try file.string("tokenizer.ggml.model")
        guard model == "gpt2" else {
            throw TokenizerError(
                "the file's tokenizer is of the kind \"\(visible(model))\"; byte-level BPE (\"gpt2\") is supported")
        }
        func has(_ key: String) -> Bool { file.metadata[key] != nil }
        func integer(_ name: String) throws -> Int? {
            let key = "tokenizer.ggml.\(name)"
            return has(key) ? try file.integer(key) : nil
        }
        func flag(_ name: String) throws -> Bool? {
            let key = "tokenizer.ggml.\(name)"
            return has(key) ? try file.bool(key) : nil
        }
        let types = "tokenizer.ggml.token_type"
        let template = "tokenizer.chat_template"
        // The format's own spelling of "separator".
        let others = [
            ("sep_token", "seperator_token_id"), ("cls_token", "cls_token_id"), ("mask_token", "mask_token_id"),
        ]
        try self.init(
            vocabulary: try file.strings("tokenizer.ggml.tokens"), merges: try file.strings("tokenizer.ggml.merges"),
            tokenTypes: has(types) ? try file.integers(types) : nil,
            preTokenizer: try preTokenizer ?? Self.preTokenizer(of: file),
            bos: try integer("bos_token_id"), eos: try integer("eos_token_id"),
            padding: try integer("padding_token_id"), unknown: try integer("unknown_token_id"),
            addsBOS: try flag("add_bos_token"), addsEOS: try flag("add_eos_token") ?? false,
            otherSpecialTokens: Dictionary(
                try others.compactMap { name, key in try integer(key).map { (name, $0) } }, uniquingKeysWith: { $1 }),
            stopTokens: try ["eot_token_id", "eom_token_id"].compactMap(integer),
            chatTemplate: has(template) ? try file.string(template) : nil)
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
