extension Tokenizer {
    /// The tokenizer that a GGUF file carries.
    ///
    /// - Throws: ``TokenizerError`` for a kind other than byte-level BPE, or one whose parts do not fit together.
    public init(gguf file: GGUFFile) throws {
        let model = try file.string("tokenizer.ggml.model")
        guard model == "gpt2" else {
            throw TokenizerError(
                "the file's tokenizer is of the kind \"\(model)\"; byte-level BPE (\"gpt2\") is supported")
        }
        func integer(_ name: String) throws -> Int? {
            let key = "tokenizer.ggml.\(name)"
            return file.metadata[key] == nil ? nil : try file.integer(key)
        }
        func flag(_ name: String) throws -> Bool? {
            let key = "tokenizer.ggml.\(name)"
            return file.metadata[key] == nil ? nil : try file.bool(key)
        }
        let types = "tokenizer.ggml.token_type"
        let template = "tokenizer.chat_template"
        try self.init(
            vocabulary: try file.strings("tokenizer.ggml.tokens"), merges: try file.strings("tokenizer.ggml.merges"),
            tokenTypes: file.metadata[types] == nil ? nil : try file.integers(types),
            preTokenizer: try PreTokenizer(gguf: try file.string("tokenizer.ggml.pre", default: "default")),
            bos: try integer("bos_token_id"), eos: try integer("eos_token_id"),
            padding: try integer("padding_token_id"), unknown: try integer("unknown_token_id"),
            addsBOS: try flag("add_bos_token"), addsEOS: try flag("add_eos_token") ?? false,
            chatTemplate: file.metadata[template] == nil ? nil : try file.string(template))
    }
}
