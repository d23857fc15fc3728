internal import PlumbBasics

extension PreTokenizer {
    /// The pre-tokenizer of a `tokenizer.json`.
    init(_ file: TokenizerFile) throws {
        var steps: [Step] = []
        var isByteLevel = false
        for stage in TokenizerFile.stages(file.root["pre_tokenizer"], "pretokenizers") {
            guard stage["type"]?.string == "ByteLevel" else {
                // A stage after "ByteLevel" sees bytes as characters.
                if isByteLevel, !steps.contains(.byteAlphabet) { steps.append(.byteAlphabet) }
                steps.append(try Step(stage, file))
                continue
            }
            guard !isByteLevel else {
                throw TokenizerError("tokenizer.json: more than one pre-tokenizer \"ByteLevel\" is not known")
            }
            isByteLevel = true
            if stage["add_prefix_space"]?.bool ?? true { steps.append(.prefixSpace) }
            if stage["use_regex"]?.bool ?? true { steps.append(.gpt2) }
        }
        self.init(steps: steps, isByteLevel: isByteLevel)
    }

    /// The pre-tokenizer as `tokenizer.json` writes it.
    var json: JSONValue {
        guard isByteLevel else { return TokenizerFile.sequence(steps.map(\.json), "pretokenizers") }
        let end = steps.firstIndex(of: .byteAlphabet) ?? steps.count
        var before = steps[..<end]
        let usesPattern = before.last == .gpt2
        if usesPattern { before.removeLast() }
        let addsPrefixSpace = before.last == .prefixSpace
        if addsPrefixSpace { before.removeLast() }
        var stages = before.map { $0 == .prefixSpace ? Self.prefixSpaceStage : $0.json }
        stages.append(
            .object([
                "type": .string("ByteLevel"), "add_prefix_space": .bool(addsPrefixSpace), "trim_offsets": .bool(true),
                "use_regex": .bool(usesPattern),
            ]))
        stages += steps[end...].dropFirst().map(\.json)
        return TokenizerFile.sequence(stages, "pretokenizers")
    }

    /// A space before the text where other stages follow: spaces written as spaces, with one before.
    private static let prefixSpaceStage = JSONValue.object([
        "type": .string("Metaspace"), "replacement": .string(" "), "prepend_scheme": .string("always"),
        "split": .bool(false),
    ])
}

extension PreTokenizer.Step {
    fileprivate init(_ stage: JSONValue, _ file: TokenizerFile) throws {
        switch stage["type"]?.string {
        case "Digits": self = .digits(individual: stage["individual_digits"]?.bool ?? false)
        case "Punctuation":
            self = .punctuation(try SplitBehavior(json: stage["behavior"], in: "Punctuation", default: .isolated))
        case "Whitespace": self = .whitespace
        case "WhitespaceSplit": self = .whitespaceSplit
        case "BertPreTokenizer": self = .bert
        case "Metaspace": self = .metaspace(try Metaspace(stage))
        case "Split": self = try Self.split(stage)
        default: throw file.unknown("pre-tokenizer", stage)
        }
    }

    private static func split(_ stage: JSONValue) throws -> PreTokenizer.Step {
        let behavior = try SplitBehavior(json: stage["behavior"], in: "Split")
        let isInverted = stage["invert"]?.bool ?? false
        // The scanned patterns match all text, so that inverted "Removed" is the same as "Isolated".
        if let source = stage["pattern"]?["Regex"]?.string, let step = PreTokenizer.step(pattern: source),
            behavior == .isolated || (behavior == .removed && isInverted)
        {
            return step
        }
        return .split(
            try TextPattern(json: stage["pattern"], in: "the pre-tokenizer \"Split\""), behavior, isInverted: isInverted
        )
    }

    fileprivate var json: JSONValue {
        switch self {
        case .digits(let individual):
            return .object(["type": .string("Digits"), "individual_digits": .bool(individual)])
        case .punctuation(let behavior):
            return .object(["type": .string("Punctuation"), "behavior": .string(behavior.rawValue)])
        case .whitespace: return .object(["type": .string("Whitespace")])
        case .whitespaceSplit: return .object(["type": .string("WhitespaceSplit")])
        case .bert: return .object(["type": .string("BertPreTokenizer")])
        case .metaspace(let metaspace): return metaspace.json
        case .split(let pattern, let behavior, let isInverted):
            return .object([
                "type": .string("Split"), "pattern": pattern.json, "behavior": .string(behavior.rawValue),
                "invert": .bool(isInverted),
            ])
        case .gpt2, .llama3:
            return .object([
                "type": .string("Split"), "pattern": .object(["Regex": .string(PreTokenizer.pattern(of: self) ?? "")]),
                "behavior": .string("Isolated"), "invert": .bool(false),
            ])
        case .prefixSpace, .byteAlphabet: return .null
        }
    }
}

extension Metaspace {
    init(_ stage: JSONValue) throws {
        let character = stage["replacement"]?.string ?? "▁"
        guard character.unicodeScalars.count == 1 else {
            throw TokenizerError(
                "tokenizer.json: the replacement \"\(visible(character))\" of Metaspace is no character")
        }
        replacement = Array(character.utf8)
        splits = stage["split"]?.bool ?? true
        if let name = stage["prepend_scheme"]?.string {
            guard let prepending = Prepending(rawValue: name) else {
                throw TokenizerError(
                    "tokenizer.json: the prepend_scheme \"\(visible(name))\" of Metaspace is not known")
            }
            self.prepending = prepending
        } else if stage["add_prefix_space"]?.bool == false {
            prepending = .never
        }
    }

    var json: JSONValue {
        .object([
            "type": .string("Metaspace"), "replacement": .string(String(decoding: replacement, as: UTF8.self)),
            "prepend_scheme": .string(prepending.rawValue), "split": .bool(splits),
        ])
    }
}
