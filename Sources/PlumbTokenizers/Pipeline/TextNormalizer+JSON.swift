internal import struct Foundation.Data
internal import PlumbBasics

extension TextNormalizer {
    /// The normalizer of a `tokenizer.json`.
    init(_ file: TokenizerFile) throws {
        steps = try TokenizerFile.stages(file.root["normalizer"], "normalizers").map { try Step($0, file) }
    }

    /// The normalizer as `tokenizer.json` writes it.
    var json: JSONValue { TokenizerFile.sequence(steps.map(\.json), "normalizers") }
}

extension TextNormalizer.Step {
    fileprivate init(_ stage: JSONValue, _ file: TokenizerFile) throws {
        func flag(_ name: String, default standard: Bool) -> Bool { stage[name]?.bool ?? standard }
        switch stage["type"]?.string {
        case "Lowercase": self = .lowercase
        case "StripAccents": self = .stripAccents
        case "Replace":
            self = .replace(
                try TextPattern(json: stage["pattern"], in: "the normalizer \"Replace\""),
                with: Array((stage["content"]?.string ?? "").utf8))
        case "Prepend": self = .prepend(Array((stage["prepend"]?.string ?? "").utf8))
        case "Strip":
            self = .strip(left: flag("strip_left", default: true), right: flag("strip_right", default: true))
        case "BertNormalizer":
            self = .bert(
                BertCleaning(
                    cleansText: flag("clean_text", default: true),
                    spacesIdeographs: flag("handle_chinese_chars", default: true),
                    stripsAccents: stage["strip_accents"]?.bool, lowercases: flag("lowercase", default: true)))
        case "Precompiled":
            guard let text = stage["precompiled_charsmap"]?.string, let data = Data(base64Encoded: text) else {
                throw TokenizerError("tokenizer.json: the normalizer \"Precompiled\" has no character map")
            }
            self = .precompiled(try CharacterMap(Array(data)))
        case let name:
            guard let form = UnicodeNormalization.Form(rawValue: name ?? "") else {
                throw file.unknown("normalizer", stage)
            }
            self = .form(form)
        }
    }

    fileprivate var json: JSONValue {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }
        switch self {
        case .form(let form): return .object(["type": .string(form.rawValue)])
        case .lowercase: return .object(["type": .string("Lowercase")])
        case .stripAccents: return .object(["type": .string("StripAccents")])
        case .replace(let pattern, let content):
            return .object(["type": .string("Replace"), "pattern": pattern.json, "content": text(content)])
        case .prepend(let prefix): return .object(["type": .string("Prepend"), "prepend": text(prefix)])
        case .strip(let left, let right):
            return .object(["type": .string("Strip"), "strip_left": .bool(left), "strip_right": .bool(right)])
        case .bert(let bert):
            return .object([
                "type": .string("BertNormalizer"), "clean_text": .bool(bert.cleansText),
                "handle_chinese_chars": .bool(bert.spacesIdeographs),
                "strip_accents": bert.stripsAccents.map(JSONValue.bool) ?? .null, "lowercase": .bool(bert.lowercases),
            ])
        case .precompiled(let map):
            return .object([
                "type": .string("Precompiled"), "precompiled_charsmap": .string(Data(map.data).base64EncodedString()),
            ])
        }
    }
}
