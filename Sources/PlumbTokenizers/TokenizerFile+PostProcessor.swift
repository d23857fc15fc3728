internal import PlumbBasics

extension TokenizerFile {
    /// The ids put before and after a text.
    func surroundings() throws -> (prefix: [Int32], suffix: [Int32]) {
        var prefix: [Int32] = []
        var suffix: [Int32] = []
        for stage in Self.stages(root["post_processor"], "processors") {
            let sides: (prefix: [Int32], suffix: [Int32])
            switch stage["type"]?.string {
            case "ByteLevel": continue
            case "TemplateProcessing": sides = try template(stage)
            case "BertProcessing", "RobertaProcessing":
                sides = ([try pair(stage["cls"])], [try pair(stage["sep"])])
            default: throw unknown("post-processor", stage)
            }
            prefix = sides.prefix + prefix
            suffix += sides.suffix
        }
        return (prefix, suffix)
    }

    /// The id of `["[CLS]", 101]`.
    private func pair(_ value: JSONValue?) throws -> Int32 {
        guard let id = value?[1]?.integer.flatMap({ Int32(exactly: $0) }) else {
            throw TokenizerError("tokenizer.json: the post-processor names a special token without an id")
        }
        return id
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

    /// Stages as one: none as null, several as a "Sequence".
    static func sequence(_ stages: [JSONValue], _ members: String) -> JSONValue {
        switch stages.count {
        case 0: .null
        case 1: stages[0]
        default: .object(["type": .string("Sequence"), members: .array(stages)])
        }
    }
}
