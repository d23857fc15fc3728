internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A unit whose activation is known: rules, and noise. What explainers are tested on.
public struct PlantedUnit: Sendable, Equatable {
    /// What decides the activation.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// The token alone.
        case token
        /// What stands before the token.
        case context
        /// Either of two rules that have nothing to do with each other.
        case polysemantic
    }

    /// What the unit is called.
    public let name: String
    /// What decides its activation.
    public let kind: Kind
    /// The right explanation.
    public let truth: RuleList

    /// A unit whose activation is that of its rules.
    public init(_ name: String, _ kind: Kind, _ truth: RuleList) {
        (self.name, self.kind, self.truth) = (name, kind, truth)
    }

    /// A unit that is 1 where the rule holds and 0 elsewhere.
    public init(_ kind: Kind, _ rule: TokenRule) { self.init(rule.clause, kind, RuleList([.init(rule, 1)])) }

    /// The unit's activations on texts: `max(0, rule + noise)`, the noise normal with this deviation.
    public func records(_ texts: [[String]], noise: Double, key: RandomKey) -> [ActivationRecord] {
        require(noise >= 0, "noise has a deviation of 0 or more, got \(noise)")
        return texts.enumerated().map { index, tokens in
            var generator = key[index].generator()
            return ActivationRecord(
                tokens: tokens, activations: truth.simulate(tokens).map { max(0, $0 + noise * generator.normal()) })
        }
    }

    /// The units of the experiment, for ``GeneratedTexts``.
    public static let standard: [PlantedUnit] = [
        PlantedUnit(.token, .digits), PlantedUnit(.token, .capital), PlantedUnit(.token, .suffix("ing")),
        PlantedUnit(.token, .word("was")), PlantedUnit(.token, .punctuation),
        PlantedUnit(.context, .after(.word("not"))), PlantedUnit(.context, .after(.digits)),
        PlantedUnit(.context, .insideParentheses), PlantedUnit(.context, .insideQuotes),
        PlantedUnit(.context, .repeated),
        PlantedUnit(.context, .both(.digits, .insideParentheses)),
        PlantedUnit(
            "are made of digits, or end in “ing”", .polysemantic,
            RuleList([.init(.digits, 1), .init(.suffix("ing"), 1)])),
        PlantedUnit(
            "come right after tokens that are “not”, or are “the”", .polysemantic,
            RuleList([.init(.after(.word("not")), 1), .init(.word("the"), 0.7)])),
    ]
}
