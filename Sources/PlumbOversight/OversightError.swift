/// A protocol or a game that cannot be played: what was found and what would be accepted.
public struct OversightError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String

    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
