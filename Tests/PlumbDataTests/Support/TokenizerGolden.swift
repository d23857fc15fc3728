import Foundation
import PlumbBasics

@testable import PlumbData
@testable import PlumbTokenizers

/// What Scripts/record-tokenizers.py wrote down, and the text it was written down for.
enum TokenizerGolden {
    static func data(_ name: String) throws -> Data {
        let folder = Bundle.module.resourceURL ?? URL(fileURLWithPath: "Tests/PlumbDataTests")
        return try Data(contentsOf: folder.appendingPathComponent("Golden").appendingPathComponent(name))
    }

    static func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: try data(name)) }

    /// A small committed tokenizer, its `tokenizer.json` changed first if asked.
    static func small(_ name: String, replacing old: String? = nil, with new: String = "") throws -> Tokenizer {
        guard let old else { return try Tokenizer(json: try data("tokenizer-\(name).json")) }
        let text = String(decoding: try data("tokenizer-\(name).json"), as: UTF8.self)
        return try Tokenizer(json: Data(text.replacingOccurrences(of: old, with: new).utf8))
    }

    /// The tokenizer a recording is of.
    static func tokenizer(_ name: String) throws -> Tokenizer {
        switch name {
        case "gpt2-prefix":
            try small("gpt2", replacing: #""add_prefix_space":false"#, with: #""add_prefix_space":true"#)
        case "smollm2-transformers": try smolLM2(.transformers)
        case "smollm2-published": try smolLM2(.published)
        default: try small(name)
        }
    }

    // MARK: The SmolLM2 file

    static let model = CacheFolder.url()
        .appendingPathComponent("models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf")

    static let hasModel = FileManager.default.fileExists(atPath: model.path)

    static func smolLM2(_ reading: PreTokenizer.Reading) throws -> Tokenizer {
        let file = try GGUFFile(contentsOf: model)
        return try Tokenizer(
            vocabulary: try file.strings("tokenizer.ggml.tokens"), merges: try file.strings("tokenizer.ggml.merges"),
            tokenTypes: try file.integers("tokenizer.ggml.token_type"),
            preTokenizer: try PreTokenizer(gguf: try file.string("tokenizer.ggml.pre"), reading: reading), bos: 1,
            eos: 2, addsBOS: false, chatTemplate: try file.string("tokenizer.chat_template"))
    }

    // MARK: The text

    static let folder: URL = {
        if let chosen = ProcessInfo.processInfo.environment["PLUMB_SHARED_DATA"] { return URL(fileURLWithPath: chosen) }
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        return package.deletingLastPathComponent().appendingPathComponent("shared/data")
    }()

    static let hasText = ["wikitext2-test.txt", "wikitext2-valid.txt", "tinyshakespeare.txt"].allSatisfy {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
    }

    /// The lines of WikiText-2's test and validation text, then 5,000 of Shakespeare.
    static func lines() throws -> [String] {
        func lines(_ name: String) throws -> [String] {
            let data = try Data(contentsOf: folder.appendingPathComponent(name))
            return data.split(separator: 0x0A, omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        return try lines("wikitext2-test.txt") + lines("wikitext2-valid.txt")
            + lines("tinyshakespeare.txt").prefix(5000)
    }

    // MARK: Hashes

    /// FNV-1a of ids, each as four bytes, lowest first.
    static func hash(_ ids: some Sequence<Int>, _ seed: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        var hash = seed
        for id in ids {
            var rest = id
            for _ in 0..<4 {
                hash = (hash ^ UInt64(rest & 0xFF)) &* 0x100_0000_01B3
                rest >>= 8
            }
        }
        return hash
    }

    static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension JSONValue {
    var text: String? { string }

    static func boolean(_ value: Bool) -> JSONValue { .bool(value) }
}
