/// The `Encoder` that fills a `JSONNode`.
struct JSONNodeEncoder: Encoder {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(JSONKeyedContainer(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.beginArray()
        return JSONArrayContainer(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        JSONSingleContainer(node: node, codingPath: codingPath)
    }
}

/// A key that is only a name or a position.
private struct PlainKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}

private struct JSONKeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONNode
    let codingPath: [any CodingKey]

    private func at(_ key: Key) -> JSONNode { node.member(key.stringValue) }

    mutating func encodeNil(forKey key: Key) { at(key).set(.null, kind: .json) }
    mutating func encode(_ value: Bool, forKey key: Key) { at(key).set(.bool(value), kind: .boolean) }
    mutating func encode(_ value: String, forKey key: Key) {
        at(key).set(.string(value), kind: .string)
    }
    mutating func encode(_ value: Double, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: Float, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: Int, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: Int8, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: Int16, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: Int32, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: Int64, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: UInt, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: UInt8, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: UInt16, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: UInt32, forKey key: Key) { at(key).set(value) }
    mutating func encode(_ value: UInt64, forKey key: Key) { at(key).set(value) }

    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try at(key).set(value, path: codingPath + [key])
    }

    private func optional<T: Encodable>(_ value: T?, _ key: Key) throws {
        try at(key).setOptional(value, path: codingPath + [key])
    }

    mutating func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: String?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: Double?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: Float?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: Int16?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: Int32?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: Int64?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try optional(value, key) }
    mutating func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws {
        try optional(value, key)
    }
    mutating func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws {
        try optional(value, key)
    }

    mutating func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
        try optional(value, key)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        JSONNodeEncoder(node: at(key), codingPath: codingPath + [key]).container(keyedBy: keyType)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        JSONNodeEncoder(node: at(key), codingPath: codingPath + [key]).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        JSONNodeEncoder(
            node: node.member("super"), codingPath: codingPath + [PlainKey(stringValue: "super")])
    }

    mutating func superEncoder(forKey key: Key) -> any Encoder {
        JSONNodeEncoder(node: at(key), codingPath: codingPath + [key])
    }
}

private struct JSONArrayContainer: UnkeyedEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]
    var count: Int { node.count }

    private func next() -> JSONNodeEncoder {
        let path = codingPath + [PlainKey(intValue: count)]
        return JSONNodeEncoder(node: node.append(), codingPath: path)
    }

    mutating func encodeNil() { next().node.set(.null, kind: .json) }
    mutating func encode(_ value: Bool) { next().node.set(.bool(value), kind: .boolean) }
    mutating func encode(_ value: String) { next().node.set(.string(value), kind: .string) }
    mutating func encode(_ value: Double) { next().node.set(value) }
    mutating func encode(_ value: Float) { next().node.set(value) }
    mutating func encode(_ value: Int) { next().node.set(value) }
    mutating func encode(_ value: Int8) { next().node.set(value) }
    mutating func encode(_ value: Int16) { next().node.set(value) }
    mutating func encode(_ value: Int32) { next().node.set(value) }
    mutating func encode(_ value: Int64) { next().node.set(value) }
    mutating func encode(_ value: UInt) { next().node.set(value) }
    mutating func encode(_ value: UInt8) { next().node.set(value) }
    mutating func encode(_ value: UInt16) { next().node.set(value) }
    mutating func encode(_ value: UInt32) { next().node.set(value) }
    mutating func encode(_ value: UInt64) { next().node.set(value) }

    mutating func encode<T: Encodable>(_ value: T) throws {
        let encoder = next()
        try encoder.node.set(value, path: encoder.codingPath)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type)
        -> KeyedEncodingContainer<Nested>
    {
        next().container(keyedBy: keyType)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        next().unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { next() }
}

private struct JSONSingleContainer: SingleValueEncodingContainer {
    let node: JSONNode
    let codingPath: [any CodingKey]

    mutating func encodeNil() { node.set(.null, kind: .json) }
    mutating func encode(_ value: Bool) { node.set(.bool(value), kind: .boolean) }
    mutating func encode(_ value: String) { node.set(.string(value), kind: .string) }
    mutating func encode(_ value: Double) { node.set(value) }
    mutating func encode(_ value: Float) { node.set(value) }
    mutating func encode(_ value: Int) { node.set(value) }
    mutating func encode(_ value: Int8) { node.set(value) }
    mutating func encode(_ value: Int16) { node.set(value) }
    mutating func encode(_ value: Int32) { node.set(value) }
    mutating func encode(_ value: Int64) { node.set(value) }
    mutating func encode(_ value: UInt) { node.set(value) }
    mutating func encode(_ value: UInt8) { node.set(value) }
    mutating func encode(_ value: UInt16) { node.set(value) }
    mutating func encode(_ value: UInt32) { node.set(value) }
    mutating func encode(_ value: UInt64) { node.set(value) }
    mutating func encode<T: Encodable>(_ value: T) throws { try node.set(value, path: codingPath) }
}
