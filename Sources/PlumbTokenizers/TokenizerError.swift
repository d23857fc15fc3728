/// What a tokenizer's file says that cannot be followed, in a sentence.
public struct TokenizerError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What was found, and what would be accepted.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) {
        self.description = description
    }
}
