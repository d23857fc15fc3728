/// A value of a template's context: what JSON can say, with whole numbers apart from others and keys in order.
public enum JinjaValue: Sendable {
    /// Python's `None` and JSON's `null`.
    case none
    /// A truth value.
    case boolean(Bool)
    /// A whole number.
    case integer(Int)
    /// Any other number.
    case real(Double)
    /// A text.
    case string(String)
    /// Values in order.
    case list([JinjaValue])
    /// Values by key, in the order in which a template goes through them; of two equal keys the later value counts.
    case dictionary([(key: String, value: JinjaValue)])
}

extension JinjaValue: Equatable {
    /// Whether two values are the same kind and say the same; keys count with their order.
    public static func == (left: JinjaValue, right: JinjaValue) -> Bool {
        switch (left, right) {
        case (.none, .none): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.real(let left), .real(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.list(let left), .list(let right)): left == right
        case (.dictionary(let left), .dictionary(let right)):
            left.elementsEqual(right) { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}

// MARK: - Literals

extension JinjaValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// `nil` is ``none``.
    public init(nilLiteral: ()) { self = .none }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number with a fraction.
    public init(floatLiteral value: Double) { self = .real(value) }
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A list of values.
    public init(arrayLiteral elements: JinjaValue...) { self = .list(elements) }
    /// Values by key, in the order written.
    public init(dictionaryLiteral elements: (String, JinjaValue)...) {
        self = .dictionary(elements.map { (key: $0.0, value: $0.1) })
    }
}

// MARK: - Codable

extension JinjaValue: Codable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads a value from JSON or the like. A decoder does not tell the order of keys, so they are sorted.
    ///
    /// - Throws: `DecodingError` where the value is none of the kinds above.
    public init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: Name.self) {
            let keys = members.allKeys.sorted { $0.stringValue < $1.stringValue }
            self = .dictionary(
                try keys.map { ($0.stringValue, try members.decode(JinjaValue.self, forKey: $0)) })
            return
        }
        if var items = try? decoder.unkeyedContainer() {
            var list: [JinjaValue] = []
            while !items.isAtEnd { list.append(try items.decode(JinjaValue.self)) }
            self = .list(list)
            return
        }
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .none
        } else if let value = try? single.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? single.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? single.decode(Double.self) {
            self = .real(value)
        } else {
            self = .string(try single.decode(String.self))
        }
    }

    /// Writes the value as JSON or the like has it.
    ///
    /// - Throws: `EncodingError` where the format cannot hold a number.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .list(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(item) }
        case .dictionary(let members):
            var container = encoder.container(keyedBy: Name.self)
            for member in members { try container.encode(member.value, forKey: Name(stringValue: member.key)) }
        case .none:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .boolean(let value): try Self.encode(value, to: encoder)
        case .integer(let value): try Self.encode(value, to: encoder)
        case .real(let value): try Self.encode(value, to: encoder)
        case .string(let value): try Self.encode(value, to: encoder)
        }
    }

    private static func encode(_ value: some Encodable, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
