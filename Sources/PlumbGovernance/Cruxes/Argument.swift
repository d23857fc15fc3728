internal import Foundation
public import PlumbTensor

/// A conclusion that needs all of several premises: a chain of credences, each given the premises before it.
///
/// The probability of the conclusion is then their product, by the chain rule and not by independence. Read as credences
/// that say nothing about each other, they only bound it (Fréchet 1935).
public struct Argument: Sendable, Equatable {
    /// The credence in each premise, given those before it.
    public var credences: [Double]

    /// An argument from its credences.
    ///
    /// - Throws: ``GovernanceError`` for a credence that is no probability, or none at all.
    public init(_ credences: [Double], of name: String) throws {
        guard !credences.isEmpty else { throw GovernanceError("\(name) has no premises: an argument has one or more") }
        for (index, credence) in credences.enumerated() {
            try Probability.check(credence, "\(name)'s credence in premise \(index + 1)")
        }
        self.credences = credences
    }

    /// The probability of the conclusion.
    public var conclusion: Double { credences.reduce(1, *) }

    /// What the conclusion's probability can be where the credences are read as of each premise alone:
    /// `[max(0, Σp - (n - 1)), min p]`.
    public var bounds: ClosedRange<Double> {
        let low = max(0, credences.reduce(0, +) - Double(credences.count - 1))
        return low...max(low, credences.min() ?? 1)
    }

    /// How often all premises hold in `draws` worlds, each premise drawn given those before it.
    public func sampled(_ draws: Int, key: RandomKey) -> Double {
        var random = key["chain"].generator()
        let held = (0..<draws).count { _ in credences.allSatisfy { random.uniform() < $0 } }
        return Double(held) / Double(draws)
    }

    /// How often all premises hold in `draws` worlds in which the likelier premise holds wherever the less likely does:
    /// the same credences read as of each premise alone, at their upper bound.
    public func sampledTogether(_ draws: Int, key: RandomKey) -> Double {
        var random = key["together"].generator()
        let held = (0..<draws).count { _ in
            let world = random.uniform()
            return credences.allSatisfy { world < $0 }
        }
        return Double(held) / Double(draws)
    }

    /// By how much the conclusion's log odds move as a premise's do: `(1 - p) / (1 - P)`.
    public func sensitivity(_ premise: Int) -> Double {
        conclusion == 1 ? .nan : (1 - credences[premise]) / (1 - conclusion)
    }

    /// By how much the conclusion's probability is expected to move once a premise is known to hold or not, `E|ΔP|`.
    public func valueOfInformation(_ premise: Int) -> Double {
        let (credence, before) = (credences[premise], conclusion)
        guard credence > 0 else { return 0 }
        return credence * abs(before / credence - before) + (1 - credence) * before
    }
}

/// Log odds, in nats.
enum LogOdds {
    /// Of a probability, held away from certainty.
    static func of(_ probability: Double) -> Double {
        let held = min(max(probability, 1e-9), 1 - 1e-9)
        return log(held / (1 - held))
    }

    /// The probability with these log odds.
    static func probability(_ logOdds: Double) -> Double { 1 / (1 + exp(-logOdds)) }
}
