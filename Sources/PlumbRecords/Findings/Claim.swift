/// A sentence the experiment puts to the test, with the place where it must not be true.
///
/// A claim that does not hold is a finding, never an error.
public struct Claim: Codable, Sendable, Equatable {
    /// For example "Patching the residual stream at the differing token restores the clean answer".
    public var statement: String
    /// When it counts as holding, for example "at least 90 % of the clean logit difference".
    public var threshold: String
    /// What was measured, in the threshold's unit.
    public var observed: Double
    /// The unit of `observed`; empty for a plain ratio.
    public var unit: String
    /// Whether the threshold is met.
    public var holds: Bool
    /// The same measurement where the effect must not appear.
    public var control: Control
    /// How many independent things were measured.
    public var n: Int?
    /// The seeds it was measured over, where it depends on any.
    public var seeds: [UInt64]?

    /// Puts a measurement, its threshold and its verdict together.
    public init(
        _ statement: String, threshold: String, observed: Double, unit: String = "", holds: Bool,
        control: Control,
        n: Int? = nil, seeds: [UInt64]? = nil
    ) {
        self.statement = statement
        self.threshold = threshold
        self.observed = observed
        self.unit = unit
        self.holds = holds
        self.control = control
        self.n = n
        self.seeds = seeds
    }

    /// Whether the claim counts as shown: it holds, and its control holds too.
    public var passes: Bool { holds && control.holds }
}

/// The measurement of a claim repeated where the effect must not appear.
public struct Control: Codable, Sendable, Equatable {
    /// For example "Patching a token before the difference changes nothing".
    public var statement: String
    /// When it counts as holding, for example "at most 1e-5 logits"; may be empty when the statement says it.
    public var threshold: String
    /// What was measured.
    public var observed: Double
    /// The unit of `observed`; empty for a plain ratio.
    public var unit: String
    /// Whether the effect stayed away, as it must.
    public var holds: Bool

    /// Puts a measurement, its threshold and its verdict together.
    public init(
        _ statement: String, threshold: String = "", observed: Double, unit: String = "", holds: Bool
    ) {
        self.statement = statement
        self.threshold = threshold
        self.observed = observed
        self.unit = unit
        self.holds = holds
    }
}
