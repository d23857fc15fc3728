internal import Foundation
public import PlumbRecords

/// What a claim of a run says about whether its effect exists, measured by how many seeds show it, and how many show it
/// where it must not appear.
public struct Evidence: Sendable, Codable, Equatable {
    /// The experiment.
    public let experiment: String
    /// The claim.
    public let statement: String
    /// Seeds that met the claim, and seeds in all.
    public let shown: Int, seeds: Int
    /// Seeds in which the control did not hold: the effect appeared where it must not.
    public let shownInControl: Int

    /// The evidence of a claim about each of several seeds; `nil` for a claim about something else.
    public init?(_ claim: ClaimResult, of experiment: String) {
        guard let met = claim.met, let count = claim.n, let held = claim.control.met, count > 0 else { return nil }
        (self.experiment, statement) = (experiment, claim.statement)
        (shown, seeds, shownInControl) = (met, count, max(0, count - held))
    }

    /// The evidence of the first claim whose metric's name begins and ends as given; `nil` where there is none.
    public init?(_ findings: Findings, of experiment: String, named beginning: String, _ ending: String) {
        let claim = findings.claims.first { claim in
            claim.quantity.map { $0.hasPrefix(beginning) && $0.hasSuffix(ending) } ?? false
        }
        guard let claim else { return nil }
        self.init(claim, of: experiment)
    }

    /// How much likelier a seed shows the effect than its control does, by Laplace's rule of succession in both:
    /// `(k + 1) / (c + 1)`.
    public var likelihoodRatio: Double { Double(shown + 1) / Double(shownInControl + 1) }
}

/// Credences that move by likelihood ratios only.
public struct Updating: SettingGroup {
    @Setting("The greatest factor by which one record may move odds.", 1...1e6) public var cap = 10.0
    @Setting("Part of a record's log likelihood ratio that counts for the world beyond its toy.", 0...1)
    public var relevance = 0.25

    /// A factor of ten at the most, and a quarter of the logarithm.
    public init() {}

    /// By how much a record moves the log odds of a premise.
    ///
    /// - Parameter supports: whether the effect speaks for the premise, or against it.
    public func shift(_ evidence: Evidence, supports: Bool) -> Double {
        let held = min(max(evidence.likelihoodRatio, 1 / cap), cap)
        return (supports ? 1 : -1) * relevance * log(held)
    }

    /// The argument after its credence in a premise has moved.
    public func updated(_ argument: Argument, _ premise: Int, by shift: Double) -> Argument {
        // What is certain stays so.
        guard argument.credences[premise] > 0, argument.credences[premise] < 1 else { return argument }
        var moved = argument
        moved.credences[premise] = LogOdds.probability(LogOdds.of(argument.credences[premise]) + shift)
        return moved
    }

    /// The distance of two observers' log odds who began with even odds and saw these records.
    public func distance(_ one: [(Evidence, supports: Bool)], _ other: [(Evidence, supports: Bool)]) -> Double {
        func total(_ seen: [(Evidence, supports: Bool)]) -> Double {
            seen.reduce(0) { $0 + shift($1.0, supports: $1.supports) }
        }
        return abs(total(one) - total(other))
    }
}
