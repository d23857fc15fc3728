/// What a `tokenizer.json` file says, checked part by part against what is implemented.
///
/// A part that is not known stops the reading with its name: leaving it out would change ids.
struct TokenizerFile {
    let root: JSONValue

    /// One token of the file, by id.
    enum Entry {
        case model([UInt8])
        case added
    }

    init(_ json: [UInt8]) throws {
        do {
            root = try JSONReader.read(json)
        } catch let error as JSONError {
            throw TokenizerError("tokenizer.json: \(error)")
        }
        guard root.members != nil else { throw TokenizerError("tokenizer.json holds \(root.kind), not an object") }
    }

    /// The parts of a pipeline stage: the members of a "Sequence", or the stage itself; none for null.
    static func stages(_ stage: JSONValue?, _ members: String) -> [JSONValue] {
        guard let stage, !stage.isNull else { return [] }
        guard stage["type"]?.text == "Sequence" else { return [stage] }
        return (stage[members]?.array ?? []).flatMap { stages($0, members) }
    }

    func unknown(_ part: String, _ stage: JSONValue?) -> TokenizerError {
        let name = stage?["type"]?.text ?? stage?.kind ?? "none"
        return TokenizerError("tokenizer.json: \(part) \"\(name)\" is not known; this reads byte-level BPE tokenizers")
    }
}

// MARK: - Model

extension TokenizerFile {
    /// Vocabulary, added tokens and merges.
    func vocabulary() throws -> VocabularyBuilder {
        guard let model = root["model"] else { throw TokenizerError("tokenizer.json has no \"model\"") }
        try checkModel(model)
        guard let vocabulary = model["vocab"]?.members else {
            throw TokenizerError("tokenizer.json: the model has no vocabulary (\"vocab\")")
        }
        guard let merges = model["merges"]?.array else {
            throw TokenizerError("tokenizer.json: the model has no merges (\"merges\"); the file is incomplete")
        }
        let added = try addedTokens()
        var builder = VocabularyBuilder(capacity: vocabulary.count + added.count)
        try fill(&builder, vocabulary, added)
        for merge in merges { try append(merge, to: &builder) }
        return builder
    }

    private func checkModel(_ model: JSONValue) throws {
        if let type = model["type"]?.text, type != "BPE" { throw unknown("model", model) }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = model[name]?.text, !text.isEmpty {
                throw TokenizerError("tokenizer.json: \(name) \"\(text)\" is not known; byte-level models have none")
            }
        }
        if model["byte_fallback"]?.boolean == true {
            throw TokenizerError(
                "tokenizer.json: byte_fallback (SentencePiece) is not known; this reads byte-level BPE")
        }
        if let dropout = model["dropout"]?.number, dropout != 0 {
            throw TokenizerError("tokenizer.json: dropout \(dropout) makes ids random; set it to null")
        }
    }

    private func append(_ merge: JSONValue, to builder: inout VocabularyBuilder) throws {
        if let text = merge.string { return try builder.append(merge: text.bytes) }
        guard let pair = merge.array, pair.count == 2, let left = pair[0].string, let right = pair[1].string else {
            throw TokenizerError("tokenizer.json: a merge is neither \"left right\" nor [\"left\", \"right\"]")
        }
        try builder.append(merge: left.bytes[...], right.bytes[...])
    }

    private func addedTokens() throws -> [AddedTokens.Token] {
        try (root["added_tokens"]?.array ?? []).map { token in
            guard let id = token["id"]?.integer, let content = token["content"]?.string else {
                throw TokenizerError("tokenizer.json: an added token has no id or content")
            }
            func flag(_ name: String) -> Bool { token[name]?.boolean ?? false }
            return AddedTokens.Token(
                id: id, content: content.bytes, isSpecial: flag("special"), isSingleWord: flag("single_word"),
                stripsLeft: flag("lstrip"), stripsRight: flag("rstrip"), isNormalized: flag("normalized"))
        }
    }

    /// Appends all tokens in the order of their ids.
    private func fill(
        _ builder: inout VocabularyBuilder, _ vocabulary: [JSONValue.Member], _ added: [AddedTokens.Token]
    ) throws {
        // A few ids may be unused, but memory must not follow a single huge one.
        let limit = vocabulary.count + added.count + (1 << 20)
        func check(_ id: Int?, _ token: [UInt8]) throws -> Int {
            guard let id, id >= 0, id < limit else {
                let text = String(decoding: token.prefix(100), as: UTF8.self)
                throw TokenizerError("tokenizer.json: the id of token \"\(text)\" is no number from 0 to \(limit - 1)")
            }
            return id
        }
        var tokens: [Int: [UInt8]] = [:]
        var largest = -1
        for member in vocabulary {
            let id = try check(member.value.integer, member.key.bytes)
            guard tokens.updateValue(member.key.bytes, forKey: id) == nil else {
                throw TokenizerError("tokenizer.json: two tokens have the id \(id); the file is damaged")
            }
            largest = max(largest, id)
        }
        var special: [Int: AddedTokens.Token] = [:]
        for token in added {
            let id = try check(token.id, token.content)
            if let text = tokens[id], text != token.content {
                let found = String(decoding: text, as: UTF8.self)
                throw TokenizerError(
                    "tokenizer.json: the added token \"\(String(decoding: token.content, as: UTF8.self))\" has the id "
                        + "\(id), which the vocabulary gives to \"\(found)\"; the file is damaged")
            }
            special[id] = token
            largest = max(largest, id)
        }
        for id in 0..<largest + 1 {
            if let token = special[id] {
                builder.append(added: token)
            } else if let token = tokens[id] {
                try builder.append(token)
            } else {
                builder.appendGap()
            }
        }
    }
}

// MARK: - Pipeline

extension TokenizerFile {
    func normalization() throws -> Tokenizer.Normalization {
        var result = Tokenizer.Normalization.none
        for stage in Self.stages(root["normalizer"], "normalizers") {
            guard stage["type"]?.text == "NFC" else { throw unknown("normalizer", stage) }
            result = .nfc
        }
        return result
    }

    func preTokenizer() throws -> PreTokenizer {
        let stages = Self.stages(root["pre_tokenizer"], "pretokenizers")
        guard let last = stages.last, last["type"]?.text == "ByteLevel",
            stages.dropLast().allSatisfy({ $0["type"]?.text != "ByteLevel" })
        else { throw unknown("a pre-tokenizer that does not end in \"ByteLevel\", but in", stages.last) }
        var steps = try stages.dropLast().map(step)
        if last["use_regex"]?.boolean ?? true { steps.append(.gpt2) }
        let addsPrefixSpace = last["add_prefix_space"]?.boolean ?? true
        if addsPrefixSpace && stages.count > 1 {
            throw TokenizerError("tokenizer.json: add_prefix_space after another pre-tokenizer is not known")
        }
        return PreTokenizer(steps: steps, addsPrefixSpace: addsPrefixSpace)
    }

    private func step(_ stage: JSONValue) throws -> PreTokenizer.Step {
        switch stage["type"]?.text {
        case "Digits": return .digits(individual: stage["individual_digits"]?.boolean ?? false)
        case "Split":
            let behavior = stage["behavior"]?.text ?? ""
            let isInverted = stage["invert"]?.boolean ?? false
            // The known patterns match all text, so that inverted "Removed" is the same as "Isolated".
            guard behavior == "Isolated" || (behavior == "Removed" && isInverted) else {
                throw TokenizerError(
                    "tokenizer.json: the behavior \"\(behavior)\" of a Split pre-tokenizer is not known")
            }
            guard let pattern = stage["pattern"]?["Regex"]?.string,
                let step = PreTokenizer.step(pattern: pattern.bytes)
            else {
                let pattern = stage["pattern"]?["Regex"]?.text ?? stage["pattern"]?["String"]?.text ?? ""
                throw TokenizerError(
                    "tokenizer.json: the pattern \(pattern.prefix(200)) of a Split pre-tokenizer is not known; known are "
                        + "those of GPT-2, Llama 3 and Qwen 2")
            }
            return step
        default: throw unknown("pre-tokenizer", stage)
        }
    }

    func checkDecoder() throws {
        for stage in Self.stages(root["decoder"], "decoders") where stage["type"]?.text != "ByteLevel" {
            throw unknown("decoder", stage)
        }
    }

    /// The ids put before and after a text.
    func surroundings() throws -> (prefix: [Int32], suffix: [Int32]) {
        var prefix: [Int32] = []
        var suffix: [Int32] = []
        for stage in Self.stages(root["post_processor"], "processors") {
            switch stage["type"]?.text {
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
            } else if let name = item["SpecialToken"]?["id"]?.text, let special = stage["special_tokens"]?[name],
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
