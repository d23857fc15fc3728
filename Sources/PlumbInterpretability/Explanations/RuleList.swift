/// Rules in order, with the activation where each holds: the first that holds for a token decides.
public struct RuleList: Sendable, Equatable {
    /// A rule and the activation of the tokens it decides.
    public struct Term: Sendable, Equatable {
        /// Which tokens.
        public var rule: TokenRule
        /// Their activation.
        public var activation: Double
        /// A term from its parts.
        public init(_ rule: TokenRule, _ activation: Double) { (self.rule, self.activation) = (rule, activation) }
    }

    /// The rules, the one that is asked first in front.
    public var terms: [Term]
    /// The activation of tokens that no rule holds for.
    public var rest: Double

    /// Rules from their terms.
    public init(_ terms: [Term], rest: Double = 0) { (self.terms, self.rest) = (terms, rest) }

    /// The activation of each token of a text.
    public func simulate(_ tokens: [String]) -> [Double] {
        var result = [Double?](repeating: nil, count: tokens.count)
        for term in terms {
            for (place, holds) in term.rule.matches(tokens).enumerated() where holds && result[place] == nil {
                result[place] = term.activation
            }
        }
        return result.map { $0 ?? rest }
    }

    /// The rules in words: `tokens that are made of digits, or that end in “ing”`.
    public var sentence: String {
        guard !terms.isEmpty else { return "no rule was found" }
        return "tokens that " + terms.map(\.rule.clause).joined(separator: ", or that ")
    }
}
