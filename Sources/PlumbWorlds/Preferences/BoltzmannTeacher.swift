internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// What a teacher says of two segments.
public enum PreferenceAnswer: String, Sendable, Hashable, CaseIterable, Codable {
    /// One of the two is better.
    case first, second
    /// Both are as good.
    case equal
    /// The teacher cannot tell.
    case incomparable

    /// μ, the part of the preference that falls to the first; nil where the teacher cannot tell.
    public var mu: Double? {
        switch self {
        case .first: 1
        case .second: 0
        case .equal: 0.5
        case .incomparable: nil
        }
    }
}

/// A simulated teacher who prefers the segment of higher return, more surely the more it is ahead.
///
/// `P(first) = σ(β (R₁ - R₂))` (Bradley, Terry 1952); with noise ε the answer is random with probability ε,
/// `P' = (1 - ε) P + ε / 2` (Christiano et al. 2017, *Deep Reinforcement Learning from Human Preferences*,
/// arXiv:1706.03741).
public struct BoltzmannTeacher: Sendable, Hashable, Codable {
    /// β: how sure a difference of return makes the teacher; infinity for one who never errs.
    public var rationality: Double
    /// ε: the part of answers that are random labels.
    public var noise: Double
    /// Differences of return up to this count as none: the teacher then says that both are as good. Nil for a teacher
    /// who always chooses.
    public var tieMargin: Double?
    /// The part of questions that the teacher cannot answer.
    public var incomparable: Double

    /// A teacher who answers every question, with no ties, unless said otherwise.
    ///
    /// - Precondition: `rationality` is above 0, `noise` and `incomparable` are probabilities.
    public init(rationality: Double = 1, noise: Double = 0, tieMargin: Double? = nil, incomparable: Double = 0) {
        require(
            rationality > 0 && (0...1).contains(noise) && (0...1).contains(incomparable),
            "a teacher needs a rationality above 0 and probabilities, got \(rationality), \(noise) and \(incomparable)")
        (self.rationality, self.noise) = (rationality, noise)
        (self.tieMargin, self.incomparable) = (tieMargin, incomparable)
    }

    /// The probability that a teacher who does not say "equal" prefers the first.
    public func preference(first: Double, second: Double) -> Double {
        let difference = first - second
        let certain = difference == 0 ? 0.5 : 1 / (1 + exp(-rationality * difference))
        return (1 - noise) * certain + noise / 2
    }

    /// The answer to two returns.
    public func answer(first: Double, second: Double, using random: inout RandomKey.Generator) -> PreferenceAnswer {
        // Both numbers are always drawn, so that one setting does not change another's chance.
        let (silence, choice) = (random.uniform(), random.uniform())
        if silence < incomparable { return .incomparable }
        if let tieMargin, abs(first - second) <= tieMargin { return .equal }
        return choice < preference(first: first, second: second) ? .first : .second
    }

    /// The answer to two segments, whose return is the sum of `reward` over their steps.
    public func compare<Step>(
        _ first: [Step], _ second: [Step], using random: inout RandomKey.Generator, reward: (Step) -> Double
    ) -> Comparison<Step> {
        let answer = answer(
            first: first.reduce(0) { $0 + reward($1) }, second: second.reduce(0) { $0 + reward($1) }, using: &random)
        return Comparison(first, second, mu: answer.mu)
    }
}
