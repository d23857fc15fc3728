/// One value for every case of an enumeration: a table that cannot lack an entry.
///
/// It is encoded as an object whose names are the cases' raw values.
///
/// ```swift
/// let returns = try CaseValues<FriendOrFoe.Host, Double> { host in try mean(host) }
/// print(returns[.friend] - returns[.foe])
/// ```
public struct CaseValues<Key: CaseIterable & Hashable & Sendable, Value> {
    private var values: [Key: Value] = [:]

    /// A value for each case, made in the order of `allCases`.
    public init(_ make: (Key) throws -> Value) rethrows {
        for key in Key.allCases { values[key] = try make(key) }
    }

    /// The value of one case.
    public subscript(key: Key) -> Value {
        get {
            guard let value = values[key] else { unmet("\(key) is not among the cases \(Key.allCases)") }
            return value
        }
        set { values[key] = newValue }
    }

    /// The values in the order of `allCases`.
    public var all: [(key: Key, value: Value)] { Key.allCases.map { ($0, self[$0]) } }

    /// The values after a function of each.
    public func mapValues<Other>(_ transform: (Value) throws -> Other) rethrows -> CaseValues<Key, Other> {
        try CaseValues<Key, Other> { try transform(self[$0]) }
    }
}

extension CaseValues: Sendable where Value: Sendable {}
extension CaseValues: Equatable where Value: Equatable {}

extension CaseValues: Encodable where Key: RawRepresentable, Key.RawValue == String, Value: Encodable {
    /// Encodes an object with a member for each case.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CaseName.self)
        for (key, value) in all { try container.encode(value, forKey: CaseName(key.rawValue)) }
    }
}

extension CaseValues: Decodable where Key: RawRepresentable, Key.RawValue == String, Value: Decodable {
    /// Decodes an object with a member for each case; other members are ignored.
    ///
    /// - Throws: `DecodingError` where a case has no member or its value cannot be read.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CaseName.self)
        try self.init { try container.decode(Value.self, forKey: CaseName($0.rawValue)) }
    }
}

/// The raw value of a case as a member's name.
private struct CaseName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}
