/// A forecast, an argument or a table that cannot be used: the sentence says what was found and what is accepted.
public struct GovernanceError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String

    /// An error that is this sentence.
    public init(_ description: String) { self.description = description }
}

/// Whether a number is a probability.
enum Probability {
    /// Refuses what is no probability.
    ///
    /// - Throws: ``GovernanceError`` naming the number and what it is of.
    static func check(_ value: Double, _ name: String) throws {
        guard value >= 0, value <= 1 else {
            throw GovernanceError("\(name) is \(value): a probability lies from 0 to 1")
        }
    }
}
