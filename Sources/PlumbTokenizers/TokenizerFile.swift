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
    private(set) var vocabulary: [(token: [UInt8], id: Int?)]?
    /// The scores of a unigram model's tokens, in the order of their ids.
    private(set) var scores: [Double]?
    private(set) var merges: [Merge]?
    private(set) var added: [AddedTokens.Token] = []

    enum Merge {
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
        (vocabulary, scores, merges) = (nil, nil, nil)
        var members: [String: JSONValue] = [:]
        try json.object { key, json in
            switch String(decoding: key, as: UTF8.self) {
            case "vocab" where json.isAtObject():
                var tokens: [(token: [UInt8], id: Int?)] = []
                try json.object { tokens.append(($0, try $1.value().integer)) }
                vocabulary = tokens
            case "vocab" where json.isAtArray(): try readScored(&json)
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

    /// A unigram model's vocabulary: pairs of a token and its score.
    private mutating func readScored(_ json: inout JSONCursor) throws {
        let problem = TokenizerError("tokenizer.json: an entry of the vocabulary is not [\"token\", score]")
        var tokens: [(token: [UInt8], id: Int?)] = []
        var scores: [Double] = []
        try json.array { json in
            guard json.isAtArray() else { throw problem }
            var token: [UInt8]?
            var score: Double?
            try json.array { json in
                if token == nil, json.isAtString() {
                    token = try json.string()
                } else if token != nil, score == nil, let value = try json.value().double, value.isFinite {
                    score = value
                } else {
                    throw problem
                }
            }
            guard let token, let score else { throw problem }
            tokens.append((token, tokens.count))
            scores.append(score)
        }
        (vocabulary, self.scores) = (tokens, scores)
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
        return TokenizerError("tokenizer.json: \(part) \"\(visible(name))\" is not known")
    }
}

extension JSONValue {
    /// A number written without fraction or exponent that fits.
    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }
}
