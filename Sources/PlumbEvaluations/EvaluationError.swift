/// A task, a log or a comparison that cannot be used: what was found and what would be accepted.
public struct EvaluationError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String

    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
