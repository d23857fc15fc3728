public import PlumbBasics

extension JSONValue {
    /// The JSON image of any `Encodable` value; numbers keep whether they were whole or fractional.
    public init(encoding value: some Encodable) throws {
        self = try JSONNode.encoding(value).value
    }
}
