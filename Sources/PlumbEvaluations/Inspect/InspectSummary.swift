internal import Foundation
internal import PlumbBasics

/// What the list of a log says of a sample.
public struct InspectSummary: Sendable, Equatable {
    /// The sample's id.
    public private(set) var id = ""
    /// The repetition, from 1.
    public private(set) var epoch = 1
    /// The scores that are numbers or verdicts, in the log's order: `C` is 1, `P` a half, `I` and `N` are 0.
    public private(set) var scores: [(name: String, value: Double)] = []
    /// Why the sample failed; nil where it did not.
    public private(set) var error: String?
    /// What was asked, where it was asked for.
    public private(set) var input = ""
    /// The target, where it was asked for.
    public private(set) var target = ""

    /// Reads a summary or a whole sample.
    init(_ bytes: UnsafeRawBufferPointer, texts: Bool) throws {
        var scanner = JSONScanner(bytes)
        try scanner.object { key, value in
            // Keys are told apart by their length first: most are none of these.
            switch key.count {
            case 2 where key.elementsEqual("id".utf8):
                id = try value.peek() == UInt8(ascii: "\"") ? value.string() : value.value().text(.compact)
            case 5 where key.elementsEqual("epoch".utf8):
                guard let number = try value.value().int else { throw value.error("an epoch is a whole number") }
                epoch = number
            case 5 where texts && key.elementsEqual("input".utf8): input = Self.text(try value.value())
            case 5 where key.elementsEqual("error".utf8):
                let found = try value.value()
                if !found.isNull { error = found.string ?? found["message"]?.string ?? found.text(.compact) }
            case 6 where texts && key.elementsEqual("target".utf8): target = Self.text(try value.value())
            case 6 where key.elementsEqual("scores".utf8):
                guard value.peek() == UInt8(ascii: "{") else { return try value.skip() }
                try readScores(&value)
            default: try value.skip()
            }
        }
        try scanner.finish()
    }

    private mutating func readScores(_ value: inout JSONScanner) throws {
        var found: [(String, Double)] = []
        try value.object { name, score in
            guard score.peek() == UInt8(ascii: "{") else { return try score.skip() }
            try score.object { key, value in
                guard key.elementsEqual("value".utf8) else { return try value.skip() }
                let next = value.peek()
                guard next != UInt8(ascii: "{"), next != UInt8(ascii: "[") else { return try value.skip() }
                if let number = Self.number(try value.value()) { found.append((try JSONScanner.decoded(name), number)) }
            }
        }
        scores = found
    }

    /// A verdict or number as a number, as Inspect's `value_to_float` has it.
    static func number(_ value: JSONValue) -> Double? {
        if let flag = value.bool { return flag ? 1 : 0 }
        guard let text = value.string else { return value.double }
        switch text.lowercased() {
        case "c", "yes", "true": return 1
        case "p": return 0.5
        case "i", "n", "no", "false": return 0
        default: return Double(text)
        }
    }

    private static func text(_ value: JSONValue) -> String {
        if let text = value.string { return text }
        let parts = (value.array ?? []).map { part in
            part.string ?? part["content"]?.string ?? part["content"]?.text(.compact) ?? ""
        }
        return parts.joined(separator: "\n")
    }

    /// A score by its name; the first one where no name is given.
    public func score(_ name: String? = nil) -> Double? {
        guard let name else { return scores.first?.value }
        return scores.first { $0.name == name }?.value
    }

    /// Whether two summaries say the same.
    public static func == (a: InspectSummary, b: InspectSummary) -> Bool {
        a.id == b.id && a.epoch == b.epoch && a.error == b.error && a.input == b.input && a.target == b.target
            && a.scores.elementsEqual(b.scores) { $0.name == $1.name && $0.value == $1.value }
    }
}
