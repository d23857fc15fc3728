/// A system, a problem or a diagram that cannot be used: what was found and what would be accepted.
public struct FoundationsError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String

    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}

extension FoundationsError {
    /// Checks that `probabilities` are between 0 and 1 and sum to 1.
    ///
    /// - Throws: ``FoundationsError`` naming `owner` and the first number that is none.
    static func check(_ probabilities: [Double], of owner: String) throws {
        if let odd = probabilities.first(where: { !($0 >= 0 && $0 <= 1) }) {
            throw FoundationsError("\(owner) has the probability \(odd): a probability is a number from 0 to 1")
        }
        let sum = probabilities.reduce(0, +)
        guard abs(sum - 1) <= 1e-9 else {
            throw FoundationsError("the probabilities of \(owner) sum to \(sum): they must sum to 1")
        }
    }
}
