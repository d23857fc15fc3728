/// What a tokenizer's file says that cannot be followed, in a sentence.
public struct TokenizerError: Error, CustomStringConvertible, Sendable, Equatable {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
