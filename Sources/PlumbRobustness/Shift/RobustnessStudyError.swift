/// Data or settings that a study cannot use: what was found and what is accepted.
public struct RobustnessStudyError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
