public import Foundation

/// Any JSON value: how settings, records and the small parts of models' files are held once their Swift type no longer
/// matters.
///
/// Whole numbers stay exact over the range of `Int` and `UInt64`; `6` and `6.0` compare equal, as they do in JSON.
public enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// A whole number above `Int.max`, so that a 64-bit seed keeps every digit.
    case unsigned(UInt64)
    /// Any other number.
    case number(Double)
    /// A text.
    case string(String)
    /// Values in their order.
    case array([JSONValue])
    /// Values by name.
    case object([String: JSONValue])
}

extension JSONValue {
    /// A whole number.
    public init(_ value: Int) { self = .integer(value) }

    /// A whole number, stored as `integer` wherever it fits.
    public init(_ value: UInt64) {
        if let small = Int(exactly: value) {
            self = .integer(small)
        } else {
            self = .unsigned(value)
        }
    }

    /// A number; those JSON cannot spell become the strings `"nan"`, `"inf"` and `"-inf"`.
    public init(_ value: Double) {
        self = value.isFinite ? .number(value) : .string(NonFinite.spelling(of: value))
    }

    /// The value stored under `key`, or `nil` when this is no object or lacks the key.
    public subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { return members[key] }
        return nil
    }

    /// The element at `index`, or `nil` when this is no array or is too short.
    public subscript(index: Int) -> JSONValue? {
        if case .array(let elements) = self, elements.indices.contains(index) { return elements[index] }
        return nil
    }

    /// The text, or `nil` when this is none.
    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The truth value, or `nil` when this is none.
    public var bool: Bool? {
        if case .bool(let flag) = self { return flag }
        return nil
    }

    /// The elements, or `nil` when this is no array.
    public var array: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// The members, or `nil` when this is no object.
    public var object: [String: JSONValue]? {
        if case .object(let members) = self { return members }
        return nil
    }

    /// Whether this is JSON's `null`.
    public var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// What kind of value this is, for error messages: "a number".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .unsigned, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The number as a `Double` (also from `"nan"`, `"inf"`, `"-inf"`), or `nil` for anything that is no number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .number(let value): value
        case .string(let text): NonFinite.value(of: text)
        default: nil
        }
    }

    /// The number as an `Int`, or `nil` when it is none or has a fraction.
    public var int: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }
}

extension JSONValue: Equatable {
    /// Whether two values are equal; numbers are compared as numbers, not as they are written.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.unsigned(let a), .unsigned(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Int(exactly: b) == a
        case (.unsigned(let a), .number(let b)), (.number(let b), .unsigned(let a)):
            UInt64(exactly: b) == a
        default: false
        }
    }
}

extension JSONValue: Codable {
    /// Reads any JSON value.
    /// - Throws: `DecodingError` when it is none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = JSONValue(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Writes the value as JSON.
    /// - Throws: `EncodingError` when the encoder refuses it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value) where value.isFinite: try container.encode(value)
        case .number(let value): try container.encode(NonFinite.spelling(of: value))
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONValue {
    /// Reads JSON text; of members with the same name the last counts.
    /// - Throws: ``JSONError`` when `data` is not JSON.
    public init(parsing data: Data) throws {
        self = try JSONCursor.read(data) { try $0.value() }
    }

    /// Turns the JSON image back into a Swift value.
    /// - Throws: `DecodingError` when a member is missing or of another type.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try JSONDecoder.nonFinite.decode(type, from: data(.compact))
    }
}
