internal import PlumbBasics

// JSON has no spelling for infinities and not-a-number, yet a diverged loss is a finding that must be kept. Inside this
// module every `Double` member of a synthesized `Codable` type is written by the overloads below, so that such values
// survive any encoder as the strings "nan", "inf" and "-inf".

/// A `Double` that encodes as a number when finite and as a string otherwise.
struct AnyDouble: Codable {
    var value: Double

    init(_ value: Double) { self.value = value }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            value = number
            return
        }
        let text = try container.decode(String.self)
        guard let special = NonFinite.value(of: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "expected a number or one of nan, inf, -inf; found \"\(text)\"")
        }
        value = special
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if value.isFinite {
            try container.encode(value)
        } else {
            try container.encode(NonFinite.spelling(of: value))
        }
    }
}

extension KeyedEncodingContainer {
    mutating func encode(_ value: Double, forKey key: Key) throws {
        try encode(AnyDouble(value), forKey: key)
    }

    mutating func encode(_ values: [Double], forKey key: Key) throws {
        try encode(values.map(AnyDouble.init), forKey: key)
    }

    mutating func encode(_ values: [[Double]], forKey key: Key) throws {
        try encode(values.map { $0.map(AnyDouble.init) }, forKey: key)
    }

    mutating func encodeIfPresent(_ value: Double?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) }
    }

    mutating func encodeIfPresent(_ values: [Double]?, forKey key: Key) throws {
        if let values { try encode(values, forKey: key) }
    }

    mutating func encodeIfPresent(_ values: [[Double]]?, forKey key: Key) throws {
        if let values { try encode(values, forKey: key) }
    }
}

extension KeyedDecodingContainer {
    func decode(_: Double.Type, forKey key: Key) throws -> Double {
        try decode(AnyDouble.self, forKey: key).value
    }

    func decode(_: [Double].Type, forKey key: Key) throws -> [Double] {
        try decode([AnyDouble].self, forKey: key).map(\.value)
    }

    func decode(_: [[Double]].Type, forKey key: Key) throws -> [[Double]] {
        try decode([[AnyDouble]].self, forKey: key).map { $0.map(\.value) }
    }

    func decodeIfPresent(_: Double.Type, forKey key: Key) throws -> Double? {
        try decodeIfPresent(AnyDouble.self, forKey: key)?.value
    }

    func decodeIfPresent(_: [Double].Type, forKey key: Key) throws -> [Double]? {
        try decodeIfPresent([AnyDouble].self, forKey: key)?.map(\.value)
    }

    func decodeIfPresent(_: [[Double]].Type, forKey key: Key) throws -> [[Double]]? {
        try decodeIfPresent([[AnyDouble]].self, forKey: key)?.map { $0.map(\.value) }
    }
}
