/// What someone says about a unit: a sentence, with whatever a simulator of its own kind needs beside it.
public enum Explanation: Sendable, Equatable {
    /// A sentence and nothing else, as a language model writes it.
    case sentence(String)
    /// The mean activation of each token.
    case tokens(TokenMeans)
    /// Rules with the activation where each holds.
    case rules(RuleList)

    /// The explanation in words, without a full stop.
    public var sentence: String {
        switch self {
        case .sentence(let text): text
        case .tokens(let means): means.sentence
        case .rules(let list): list.sentence
        }
    }
}

/// Says what a unit responds to, from texts with its activations.
///
/// Bills, Cammarata, Mossing, Tillman, Gao, Goh, Sutskever, Leike, Wu, Saunders 2023, *Language models can explain
/// neurons in language models*.
public protocol Explainer: Sendable {
    /// What the explainer is called in tables.
    var name: String { get }
    /// An explanation of the unit that the records are of.
    func explain(_ records: [ActivationRecord]) async throws -> Explanation
}

/// Says from an explanation alone how active a unit is at each token of a text.
public protocol Simulator: Sendable {
    /// The expected activation at each token, in any unit: scores do not depend on it once they are calibrated.
    func simulate(_ explanation: Explanation, tokens: [String]) async throws -> [Double]
}

extension Simulator {
    /// The expected activations on the texts of records.
    public func simulate(_ explanation: Explanation, records: [ActivationRecord]) async throws -> [[Double]] {
        var simulated: [[Double]] = []
        for record in records { simulated.append(try await simulate(explanation, tokens: record.tokens)) }
        return simulated
    }
}

/// An explanation or a simulation cannot be made or read: what was found, and what to do.
public struct ExplanationError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}

/// Simulates explanations that say what they mean: tables of tokens and rules. It needs no model.
public struct DirectSimulator: Simulator {
    /// The simulator.
    public init() {}

    /// The activation that the table or the rules give each token, in the unit of the records they were made from.
    ///
    /// - Throws: ``ExplanationError`` for a plain sentence, which only a language model can simulate.
    public func simulate(_ explanation: Explanation, tokens: [String]) throws -> [Double] {
        switch explanation {
        case .sentence(let text):
            throw ExplanationError("\"\(text)\" is a sentence: simulate it with a language model")
        case .tokens(let means): return means.simulate(tokens)
        case .rules(let list): return list.simulate(tokens)
        }
    }

    /// The same for the texts of records.
    ///
    /// - Throws: as ``simulate(_:tokens:)`` does.
    public func simulate(_ explanation: Explanation, records: [ActivationRecord]) throws -> [[Double]] {
        try records.map { try simulate(explanation, tokens: $0.tokens) }
    }
}
