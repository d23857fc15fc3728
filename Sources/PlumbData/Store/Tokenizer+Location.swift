public import Foundation
internal import PlumbBasics
internal import PlumbTensor
public import PlumbTokenizers

extension Tokenizer {
    /// The tokenizer of a model, whose weights need not be there: a GGUF file may hold a vocabulary alone.
    ///
    /// - Parameters:
    ///   - location: where the model's files are.
    ///   - preTokenizer: how text is cut first, where a GGUF file does not say; see ``init(gguf:preTokenizer:)``.
    /// - Throws: an error whose description says what is missing or not known; `FileError` also where there is no
    ///   tokenizer.
    public init(of location: ModelLocation, preTokenizer: PreTokenizer? = nil) throws {
        switch location {
        case .gguf(let url): try self.init(gguf: try GGUFFile(contentsOf: url), preTokenizer: preTokenizer)
        case .folder(let url):
            guard let tokenizer = try Tokenizer.read(in: url) else {
                throw FileError("\(url.path) has no tokenizer: neither tokenizer.json, nor vocab.json and merges.txt")
            }
            self = tokenizer
        }
    }

    /// The tokenizer in a model's folder: `tokenizer.json`, or else `vocab.json` and `merges.txt`, with what
    /// `tokenizer_config.json`, `special_tokens_map.json`, `chat_template.jinja`, `generation_config.json` and
    /// `config.json` say of special tokens and of those that end a text; nil where there is none.
    ///
    /// - Throws: an error whose description says what is not valid or not known.
    public static func read(in folder: URL) throws -> Tokenizer? {
        let files = TokenizerFiles(folder: folder)
        guard var tokenizer = try files.tokenizer() else { return nil }
        tokenizer.stopTokens.formUnion(try files.endTokens())
        return tokenizer
    }
}

/// The files of a folder that tell how text is cut.
private struct TokenizerFiles {
    let folder: URL

    /// The file's bytes, or nil where there is none.
    private func contents(_ name: String) throws -> Data? {
        let url = folder.appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        // A pipe would be waited for until somebody writes to it.
        let bytes = try MappedBytes(contentsOf: url)
        try GitLFS.refusePointer(bytes, at: url)
        return bytes.withUnsafeBytes { Data($0) }
    }

    func tokenizer() throws -> Tokenizer? {
        let template = try contents("chat_template.jinja").map { data in
            guard let text = String(validating: data, as: UTF8.self) else {
                throw FileError("\(folder.appendingPathComponent("chat_template.jinja").path) is not text in UTF-8")
            }
            return text
        }
        let configuration = try contents("tokenizer_config.json")
        let map = try contents("special_tokens_map.json")
        do {
            if let json = try contents("tokenizer.json") {
                return try Tokenizer(
                    json: json, configuration: configuration, specialTokensMap: map, chatTemplate: template)
            }
            guard let vocabulary = try contents("vocab.json"), let merges = try contents("merges.txt") else {
                return nil
            }
            return try Tokenizer(
                vocabulary: vocabulary, merges: merges, preTokenizer: try preTokenizer(configuration),
                addedTokens: try contents("added_tokens.json"), configuration: configuration, specialTokensMap: map,
                chatTemplate: template)
        } catch let error as TokenizerError {
            throw TokenizerError("\(folder.path): \(error.description)")
        }
    }

    /// `vocab.json` and `merges.txt` do not say how text is cut; the tokenizer's class or the model's kind does.
    private func preTokenizer(_ configuration: Data?) throws -> PreTokenizer {
        let named = configuration.flatMap { try? JSONValue(parsing: $0) }?["tokenizer_class"]?.string
        let kind = try json("config.json")["model_type"]?.string
        switch (named, kind) {
        case ("GPT2Tokenizer", _), ("GPT2TokenizerFast", _), ("CodeGenTokenizer", _), (nil, "gpt2"): return .gpt2
        case ("Qwen2Tokenizer", _), ("Qwen2TokenizerFast", _), (nil, "qwen2"): return .qwen2
        default:
            throw TokenizerError(
                "vocab.json and merges.txt do not say how text is cut, and the tokenizer "
                    + "\"\(visible(named ?? kind ?? "without a name"))\" is not known; known are GPT-2's and Qwen 2's. A "
                    + "tokenizer.json would say it")
        }
    }

    /// Every id that the files give for tokens that end a text.
    func endTokens() throws -> [Int] {
        try ["generation_config.json", "config.json"].flatMap { name in
            let ids = try json(name)["eos_token_id"]
            return (ids?.array ?? [ids].compactMap { $0 }).compactMap(\.int)
        }
    }

    private func json(_ name: String) throws -> JSONValue {
        guard let data = try contents(name) else { return .null }
        do {
            return try JSONValue(parsing: data)
        } catch let error as JSONError {
            throw FileError("\(folder.appendingPathComponent(name).path): \(error)")
        }
    }
}
