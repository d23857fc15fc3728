/// A value in a template, with Python's notions of truth, equality and text.
enum JinjaValue: Sendable {
    /// A variable or attribute that does not exist; it prints as nothing.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case list([JinjaValue])
    case dictionary([(key: String, value: JinjaValue)])
    /// An object whose attributes `set` may change, by its number in the renderer.
    case namespace(Int)
    case function(String)

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .real(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let items): !items.isEmpty
        case .dictionary(let members): !members.isEmpty
        case .namespace, .function: true
        }
    }

    /// A boolean counts as 0 or 1.
    var number: Double? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    var integer: Int? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// What kind of value this is, for error messages.
    var kind: String {
        switch self {
        case .undefined(let name): "\"\(name)\", which is undefined"
        case .none: "none"
        case .boolean: "a boolean"
        case .integer, .real: "a number"
        case .string: "a string"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .namespace: "a namespace"
        case .function(let name): "the function \"\(name)\""
        }
    }

    /// As `str()` writes it.
    var text: String {
        switch self {
        case .undefined: ""
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .string(let text): text
        case .list(let items): "[" + items.map(\.quoted).joined(separator: ", ") + "]"
        case .dictionary(let members):
            "{" + members.map { "\(JinjaValue.string($0.key).quoted): \($0.value.quoted)" }.joined(separator: ", ")
                + "}"
        case .namespace: "<Namespace>"
        case .function(let name): "<function \(name)>"
        }
    }

    /// As `repr()` writes it.
    private var quoted: String {
        guard case .string(let text) = self else { return self.text }
        let quote: Character = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "'" where quote == "'": result += "\\'"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + String(quote)
    }

    /// As `json.dumps(value, ensure_ascii=False)` writes it; nil for what JSON cannot hold.
    var json: String? {
        switch self {
        case .undefined, .namespace, .function: return nil
        case .none: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer, .real: return text
        case .string(let text): return Self.json(text)
        case .list(let items):
            let parts = items.compactMap(\.json)
            return parts.count == items.count ? "[" + parts.joined(separator: ", ") + "]" : nil
        case .dictionary(let members):
            let parts = members.compactMap { member in member.value.json.map { Self.json(member.key) + ": " + $0 } }
            return parts.count == members.count ? "{" + parts.joined(separator: ", ") + "}" : nil
        }
    }

    private static func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    func isEqual(to other: JinjaValue) -> Bool {
        if let left = number, let right = other.number { return left == right }
        switch (self, other) {
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.none, .none), (.undefined, .undefined): return true
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.dictionary(let left), .dictionary(let right)):
            return left.count == right.count
                && left.allSatisfy { member in
                    right.contains { $0.key == member.key && $0.value.isEqual(to: member.value) }
                }
        case (.namespace(let left), .namespace(let right)): return left == right
        default: return false
        }
    }
}
