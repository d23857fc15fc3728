internal import PlumbBasics

/// What a `tokenizer.json` file says, checked part by part against what is implemented.
///
/// A part that is not known stops the reading with its name: leaving it out would change ids.
struct TokenizerFile {
    /// All but the vocabulary, the merges and the added tokens.
    private(set) var root: JSONValue = .null
    /// The model but its vocabulary and merges.
    var model: JSONValue? { root["model"] }
    /// Token and id; nil where the file gives something else than a whole number.
    private var vocabulary: [(token: [UInt8], id: Int?)]?
    private var merges: [Merge]?
    private var added: [AddedTokens.Token] = []

    private enum Merge {
        case text([UInt8])
        case pair([UInt8], [UInt8])
    }

    init(_ json: [UInt8]) throws {
        do {
            try JSONCursor.read(json) { try read(&$0) }
        } catch let error as JSONError {
            throw TokenizerError("tokenizer.json: \(error)")
        }
        guard root.object != nil else { throw TokenizerError("tokenizer.json holds \(root.kind), not an object") }
    }

    private mutating func read(_ json: inout JSONCursor) throws {
        guard json.isAtObject() else {
            root = try json.value()
            return
        }
        var members: [String: JSONValue] = [:]
        try json.object { key, json in
            switch String(decoding: key, as: UTF8.self) {
            case "model" where json.isAtObject(): members["model"] = try readModel(&json)
            case "added_tokens" where json.isAtArray():
                added = []
                try json.array { added.append(try Self.addedToken(&$0)) }
            case let name: members[name] = try json.value()
            }
        }
        root = .object(members)
    }

    private mutating func readModel(_ json: inout JSONCursor) throws -> JSONValue {
        (vocabulary, merges) = (nil, nil)
        var members: [String: JSONValue] = [:]
        try json.object { key, json in
            switch String(decoding: key, as: UTF8.self) {
            case "vocab" where json.isAtObject():
                var tokens: [(token: [UInt8], id: Int?)] = []
                try json.object { tokens.append(($0, try $1.value().integer)) }
                vocabulary = tokens
            case "merges" where json.isAtArray():
                var read: [Merge] = []
                try json.array { read.append(try Self.merge(&$0)) }
                merges = read
            // A model of another kind writes these otherwise; it is refused by its name.
            case "vocab", "merges": try json.skip()
            case let name: members[name] = try json.value()
            }
        }
        return .object(members)
    }

    private static func merge(_ json: inout JSONCursor) throws -> Merge {
        if json.isAtString() { return .text(try json.string()) }
        let problem = TokenizerError("tokenizer.json: a merge is neither \"left right\" nor [\"left\", \"right\"]")
        guard json.isAtArray() else { throw problem }
        var halves: [[UInt8]] = []
        try json.array { json in
            guard halves.count < 2, json.isAtString() else { throw problem }
            halves.append(try json.string())
        }
        guard halves.count == 2 else { throw problem }
        return .pair(halves[0], halves[1])
    }

    private static func addedToken(_ json: inout JSONCursor) throws -> AddedTokens.Token {
        let problem = TokenizerError("tokenizer.json: an added token has no id or content")
        guard json.isAtObject() else { throw problem }
        var content: [UInt8]?
        var members: [String: JSONValue] = [:]
        try json.object { key, json in
            let name = String(decoding: key, as: UTF8.self)
            if name == "content", json.isAtString() {
                content = try json.string()
            } else {
                members[name] = try json.value()
            }
        }
        guard let id = members["id"]?.integer, let content else { throw problem }
        func flag(_ name: String) -> Bool { members[name]?.bool ?? false }
        return AddedTokens.Token(
            id: id, content: content, isSpecial: flag("special"), isSingleWord: flag("single_word"),
            stripsLeft: flag("lstrip"), stripsRight: flag("rstrip"), isNormalized: flag("normalized"))
    }

    /// The parts of a pipeline stage: the members of a "Sequence", or the stage itself; none for null.
    static func stages(_ stage: JSONValue?, _ members: String) -> [JSONValue] {
        guard let stage, !stage.isNull else { return [] }
        guard stage["type"]?.string == "Sequence" else { return [stage] }
        return (stage[members]?.array ?? []).flatMap { stages($0, members) }
    }

    func unknown(_ part: String, _ stage: JSONValue?) -> TokenizerError {
        let name = stage?["type"]?.string ?? stage?.kind ?? "none"
        return TokenizerError(
            "tokenizer.json: \(part) \"\(visible(name))\" is not known; this reads byte-level BPE tokenizers")
    }
}

extension JSONValue {
    /// A number written without fraction or exponent that fits.
    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }
}

// MARK: - Model

extension TokenizerFile {
    /// Vocabulary, added tokens and merges.
    func builder() throws -> VocabularyBuilder {
        guard let model else { throw TokenizerError("tokenizer.json has no \"model\"") }
        try checkModel(model)
        guard let vocabulary else {
            throw TokenizerError("tokenizer.json: the model has no vocabulary (\"vocab\")")
        }
        guard let merges else {
            throw TokenizerError("tokenizer.json: the model has no merges (\"merges\"); the file is incomplete")
        }
        var builder = VocabularyBuilder(capacity: vocabulary.count + added.count)
        try builder.fill(vocabulary, added, from: "tokenizer.json")
        for merge in merges {
            switch merge {
            case .text(let text): try builder.append(merge: text)
            case .pair(let left, let right): try builder.append(merge: left[...], right[...])
            }
        }
        return builder
    }

    private func checkModel(_ model: JSONValue) throws {
        if let type = model["type"]?.string, type != "BPE" { throw unknown("model", model) }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = model[name]?.string, !text.isEmpty {
                throw TokenizerError(
                    "tokenizer.json: \(name) \"\(visible(text))\" is not known; byte-level models have none")
            }
        }
        if model["byte_fallback"]?.bool == true {
            throw TokenizerError(
                "tokenizer.json: byte_fallback (SentencePiece) is not known; this reads byte-level BPE")
        }
        if let dropout = model["dropout"]?.double, dropout != 0 {
            throw TokenizerError("tokenizer.json: dropout \(dropout) makes ids random; set it to null")
        }
    }
}

// MARK: - Pipeline

extension TokenizerFile {
    func normalization() throws -> Tokenizer.Normalization {
        var result = Tokenizer.Normalization.none
        for stage in Self.stages(root["normalizer"], "normalizers") {
            guard stage["type"]?.string == "NFC" else { throw unknown("normalizer", stage) }
            result = .nfc
        }
        return result
    }

    func preTokenizer() throws -> PreTokenizer {
        let stages = Self.stages(root["pre_tokenizer"], "pretokenizers")
        guard let last = stages.last, last["type"]?.string == "ByteLevel",
            stages.dropLast().allSatisfy({ $0["type"]?.string != "ByteLevel" })
        else { throw unknown("a pre-tokenizer that does not end in \"ByteLevel\", but in", stages.last) }
        var steps = try stages.dropLast().map(step)
        if last["use_regex"]?.bool ?? true { steps.append(.gpt2) }
        let addsPrefixSpace = last["add_prefix_space"]?.bool ?? true
        if addsPrefixSpace && stages.count > 1 {
            throw TokenizerError("tokenizer.json: add_prefix_space after another pre-tokenizer is not known")
        }
        return PreTokenizer(steps: steps, addsPrefixSpace: addsPrefixSpace)
    }

    private func step(_ stage: JSONValue) throws -> PreTokenizer.Step {
        switch stage["type"]?.string {
        case "Digits": return .digits(individual: stage["individual_digits"]?.bool ?? false)
        case "Split":
            let behavior = stage["behavior"]?.string ?? ""
            let isInverted = stage["invert"]?.bool ?? false
            // The known patterns match all text, so that inverted "Removed" is the same as "Isolated".
            guard behavior == "Isolated" || (behavior == "Removed" && isInverted) else {
                throw TokenizerError(
                    "tokenizer.json: the behavior \"\(visible(behavior))\" of a Split pre-tokenizer is not known")
            }
            guard let pattern = stage["pattern"]?["Regex"]?.string,
                let step = PreTokenizer.step(pattern: pattern)
            else {
                let pattern = stage["pattern"]?["Regex"]?.string ?? stage["pattern"]?["String"]?.string ?? ""
                throw TokenizerError(
                    "tokenizer.json: the pattern \(visible(pattern)) of a Split pre-tokenizer is not known; known are "
                        + "those of GPT-2, Llama 3 and Qwen 2")
            }
            return step
        default: throw unknown("pre-tokenizer", stage)
        }
    }

    func checkDecoder() throws {
        for stage in Self.stages(root["decoder"], "decoders") where stage["type"]?.string != "ByteLevel" {
            throw unknown("decoder", stage)
        }
    }

    /// The ids put before and after a text.
    func surroundings() throws -> (prefix: [Int32], suffix: [Int32]) {
        var prefix: [Int32] = []
        var suffix: [Int32] = []
        for stage in Self.stages(root["post_processor"], "processors") {
            switch stage["type"]?.string {
            case "ByteLevel": break
            case "TemplateProcessing":
                let sides = try template(stage)
                prefix = sides.prefix + prefix
                suffix += sides.suffix
            default: throw unknown("post-processor", stage)
            }
        }
        return (prefix, suffix)
    }

    private func template(_ stage: JSONValue) throws -> (prefix: [Int32], suffix: [Int32]) {
        var sides: [[Int32]] = [[]]
        for item in stage["single"]?.array ?? [] {
            if item["Sequence"] != nil {
                sides.append([])
            } else if let name = item["SpecialToken"]?["id"]?.string, let special = stage["special_tokens"]?[name],
                let ids = special["ids"]?.array
            {
                sides[sides.count - 1] += ids.compactMap { $0.integer.flatMap { Int32(exactly: $0) } }
            } else {
                throw TokenizerError("tokenizer.json: the post-processor's template names an unknown special token")
            }
        }
        guard sides.count == 2 else {
            throw TokenizerError("tokenizer.json: the post-processor's template should hold the text once")
        }
        return (sides[0], sides[1])
    }
}
