internal import PlumbBasics

extension TokenDecoder {
    /// The decoder of a `tokenizer.json`; none for a byte-level vocabulary, whose tokens are kept as bytes.
    init(_ file: TokenizerFile, isByteLevel: Bool) throws {
        let stages = TokenizerFile.stages(file.root["decoder"], "decoders")
        guard !isByteLevel else {
            for stage in stages where stage["type"]?.string != "ByteLevel" {
                // These find nothing in a byte-level vocabulary.
                guard ["ByteFallback", "Fuse"].contains(stage["type"]?.string) else {
                    throw file.unknown("of a ByteLevel vocabulary, the decoder", stage)
                }
            }
            return
        }
        steps = try stages.map { try Step($0, file) }
    }

    /// The decoder as `tokenizer.json` writes it.
    func json(isByteLevel: Bool) -> JSONValue {
        guard isByteLevel else { return TokenizerFile.sequence(steps.map(\.json), "decoders") }
        return .object([
            "type": .string("ByteLevel"), "add_prefix_space": .bool(true), "trim_offsets": .bool(true),
            "use_regex": .bool(true),
        ])
    }
}

extension TokenDecoder.Step {
    fileprivate init(_ stage: JSONValue, _ file: TokenizerFile) throws {
        switch stage["type"]?.string {
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            self = .strip(
                Array((stage["content"]?.string ?? " ").utf8), start: try Self.count(stage["start"]),
                stop: try Self.count(stage["stop"]))
        case "Replace":
            self = .replace(
                try TextPattern(json: stage["pattern"], in: "the decoder \"Replace\""),
                with: Array((stage["content"]?.string ?? "").utf8))
        case "Metaspace": self = .metaspace(try Metaspace(stage))
        case "WordPiece":
            self = .wordPiece(
                prefix: Array((stage["prefix"]?.string ?? "##").utf8), cleansUp: stage["cleanup"]?.bool ?? true)
        default: throw file.unknown("decoder", stage)
        }
    }

    private static func count(_ value: JSONValue?) throws -> Int {
        guard let value, !value.isNull else { return 0 }
        guard let count = value.integer, (0...1_000_000).contains(count) else {
            throw TokenizerError("tokenizer.json: the decoder \"Strip\" has a count that is none")
        }
        return count
    }

    fileprivate var json: JSONValue {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }
        switch self {
        case .byteFallback: return .object(["type": .string("ByteFallback")])
        case .fuse: return .object(["type": .string("Fuse")])
        case .strip(let content, let start, let stop):
            return .object([
                "type": .string("Strip"), "content": text(content), "start": JSONValue(start), "stop": JSONValue(stop),
            ])
        case .replace(let pattern, let content):
            return .object(["type": .string("Replace"), "pattern": pattern.json, "content": text(content)])
        case .metaspace(let metaspace): return metaspace.json
        case .wordPiece(let prefix, let cleansUp):
            return .object(["type": .string("WordPiece"), "prefix": text(prefix), "cleanup": .bool(cleansUp)])
        }
    }
}
