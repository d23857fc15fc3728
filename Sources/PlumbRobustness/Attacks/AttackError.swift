/// An attack cannot be run on what it was given: one sentence saying what was found and what to do.
public struct AttackError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
