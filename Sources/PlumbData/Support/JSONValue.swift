/// The characters of a JSON string as bytes: UTF-8, except that a lone surrogate escape (`"\ud83d"`) keeps its three bytes.
///
/// Equality and hashing are by bytes. Swift's `String` compares by canonical equivalence, which would merge the
/// vocabulary entries "é" (one scalar) and "é" (two).
struct JSONString: Hashable, Sendable, ExpressibleByStringLiteral {
    let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(stringLiteral value: String) {
        bytes = Array(value.utf8)
    }

    /// The text, with replacement characters where the bytes are no valid UTF-8.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// One JSON value. Objects keep their members in file order, duplicates included.
enum JSONValue: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        let key: JSONString
        let value: JSONValue
    }

    case null
    case boolean(Bool)
    /// A number written without fraction or exponent that fits.
    case integer(Int)
    case number(Double)
    case string(JSONString)
    case array([JSONValue])
    case object([Member])

    /// The value of the last member so named; nil where there is none or this is no object.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key.bytes.elementsEqual(key.utf8) }?.value
    }

    var isNull: Bool { self == .null }

    var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// An integer or a floating-point number.
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var string: JSONString? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The text of a string value.
    var text: String? { string?.text }

    var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// What kind of value this is, for error messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// Why bytes are not one JSON value.
struct JSONError: Error, CustomStringConvertible, Equatable {
    /// Offset in bytes from the beginning of the text.
    let offset: Int
    let problem: String

    var description: String { "invalid JSON at byte \(offset): \(problem)" }
}
