/// A setting that cannot be used: the sentence names the option, what was found and what is expected.
public struct SettingsError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String

    /// An error that is this sentence.
    public init(_ description: String) { self.description = description }

    init(decoding error: DecodingError) {
        switch error {
        case .keyNotFound(let key, _):
            description = "the settings lack --\(SettingsField.kebabCase(key.stringValue))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            if let key = context.codingPath.first {
                let option = SettingsField.kebabCase(key.stringValue)
                description = "--\(option) has a value that does not fit: \(context.debugDescription)"
            } else {
                description = "the settings cannot be read: \(context.debugDescription)"
            }
        @unknown default:
            description = "the settings cannot be read: \(error)"
        }
    }
}
