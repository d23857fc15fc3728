import CZlib
import Foundation
import PlumbBasics

@testable import PlumbData
@testable import PlumbTokenizers

/// What Scripts/record-tokenizer-kinds.py wrote down.
enum TokenizerKinds {
    static func golden() throws -> JSONValue { try TokenizerGolden.json("tokenizer-kinds.json") }

    /// A committed tokenizer, or the fixture "gemma" with a variant's stages.
    static func tokenizer(_ name: String) throws -> Tokenizer {
        if name == "scored" { return try scored() }
        guard let changes = try golden()["variants"]?[name]?.object else {
            return try Tokenizer(json: try TokenizerGolden.data("tokenizer-\(name).json"))
        }
        guard case .object(var parts) = try TokenizerGolden.json("tokenizer-gemma.json") else { return try scored() }
        for (key, value) in changes {
            switch (key, value, parts[key]) {
            case ("model", .object(let changed), .object(let model)?):
                parts[key] = .object(model.merging(changed) { $1 })
            case ("added_tokens", .array(let more), .array(let tokens)?): parts[key] = .array(tokens + more)
            default: parts[key] = value
            }
        }
        return try Tokenizer(json: JSONValue.object(parts).data(.compact))
    }

    /// The vocabulary with scores, as a GGUF file would give it.
    static func scored(addsSpacePrefix: Bool = true) throws -> Tokenizer {
        let lists = try TokenizerGolden.json("tokenizer-scored.json")
        var options = Tokenizer.ScoredOptions()
        (options.unknown, options.bos, options.eos) = (0, 1, 2)
        options.addsSpacePrefix = addsSpacePrefix
        return try Tokenizer(
            sentencePieces: (lists["tokens"]?.array ?? []).compactMap(\.string),
            scores: (lists["scores"]?.array ?? []).compactMap(\.double),
            tokenTypes: (lists["types"]?.array ?? []).compactMap(\.int), options: options)
    }

    /// The tokenizer of a real model in the cache folder, or of files that the environment names.
    static func real(_ name: String) -> URL? {
        let chosen = ProcessInfo.processInfo.environment["PLUMB_TEST_MODELS"].map { URL(fileURLWithPath: $0) }
        let folder = (chosen ?? CacheFolder.url().appendingPathComponent("models")).appendingPathComponent(name)
        let file = name == "minilm" ? "tokenizer.json" : "gemma-3-270m-q4_k_m.gguf"
        let url = folder.appendingPathComponent(file)
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }

    /// A tokenizer file with one stage in it.
    static func file(_ key: String, _ stage: JSONValue) throws -> TokenizerFile {
        try TokenizerFile(Array(JSONValue.object([key: stage]).data(.compact)))
    }

    /// The CRC-32 of bytes, going on from that of what is before them.
    static func hash(_ bytes: some Collection<UInt8>, _ before: UInt32 = 0) -> UInt32 {
        // zlib begins anew where it gets no bytes.
        if bytes.isEmpty { return before }
        return ContiguousArray(bytes).withUnsafeBufferPointer {
            UInt32(crc32(uLong(before), $0.baseAddress, uInt($0.count)))
        }
    }

    /// The CRC-32 of ids of four bytes each, lowest first.
    static func hash(ids: [Int], _ before: UInt32 = 0) -> UInt32 {
        hash(ids.flatMap { id in (0..<4).map { UInt8(truncatingIfNeeded: id >> (8 * $0)) } }, before)
    }

    /// A hash as the golden file holds it.
    static func hex(_ hash: UInt32) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    static func pieces(_ pre: PreTokenizer, _ text: String) -> TextPieces {
        Array(text.utf8).withUnsafeBufferPointer { pre.pieces(of: $0, isStart: true) }
    }
}
