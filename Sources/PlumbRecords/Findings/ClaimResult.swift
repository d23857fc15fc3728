/// What became of a claim in one run, as the record keeps it.
///
/// The text comes from the claim's declaration (``Claim``); a run adds numbers and verdicts only. A claim that does not
/// hold is a finding, never an error.
public struct ClaimResult: Sendable, Equatable {
    /// For example "Patching the residual stream at the differing token restores the clean answer".
    public var statement: String
    /// When it counts as holding, for example "at least 0.9 of the clean logit difference".
    public var threshold: String
    /// What was measured, in the threshold's unit; `nil` where it could not be measured.
    public var observed: Double?
    /// The unit of `observed`; empty for a plain ratio.
    public var unit: String
    /// Whether the threshold is met; `nil` where nothing could be measured.
    public var holds: Bool?
    /// The same measurement where the effect must not appear.
    public var control: ControlResult
    /// Why the claim or its control could not be measured; `nil` where both were.
    public var reason: String?
    /// How many independent things were measured.
    public var n: Int?
    /// The seeds it was measured over, where it depends on any.
    public var seeds: [UInt64]?
    /// How many of them met every bound; `nil` where the claim is not about each of them.
    public var met: Int?
    /// What was counted in development; `nil` where nothing was.
    public var development: Development?
    /// The probability, at the rates of development, that claim and control hold; `nil` where nothing was counted.
    public var power: Double?
    /// The verdict that was declared to be expected; `nil` where it is that the claim passes.
    public var expected: Verdict?
    /// The name of the metric that `observed` is of; `nil` in records from before it was kept.
    public var quantity: String?

    /// Puts a measurement, its threshold and its verdict together.
    public init(
        _ statement: String, threshold: String, observed: Double?, unit: String = "", holds: Bool?,
        control: ControlResult, reason: String? = nil, n: Int? = nil, seeds: [UInt64]? = nil, met: Int? = nil,
        development: Development? = nil, power: Double? = nil, expected: Verdict? = nil, quantity: String? = nil
    ) {
        self.quantity = quantity
        (self.met, self.development, self.power, self.expected) = (met, development, power, expected)
        self.statement = statement
        self.threshold = threshold
        self.observed = observed
        self.unit = unit
        self.holds = holds
        self.control = control
        self.reason = reason
        self.n = n
        self.seeds = seeds
    }

    /// What a claim comes to together with its control.
    public enum Verdict: String, Codable, Sendable {
        /// The claim and its control hold.
        case passes
        /// The claim or its control does not hold.
        case fails
        /// Nothing failed, but something could not be measured.
        case notMeasurable = "not measurable"
    }

    /// Failed where the claim or its control was measured and does not hold; not measurable where nothing failed but
    /// something could not be measured.
    public var verdict: Verdict {
        if holds == false || control.holds == false { return .fails }
        return holds == nil || control.holds == nil ? .notMeasurable : .passes
    }

    /// Whether the claim counts as shown: it holds, and its control holds too.
    public var passes: Bool { verdict == .passes }

    /// Whether it came to what was declared: it passes, or could not be measured and that was expected.
    public var isAsExpected: Bool { passes || (verdict == .notMeasurable && expected == .notMeasurable) }
}

/// The measurement of a claim repeated where the effect must not appear.
public struct ControlResult: Sendable, Equatable {
    /// For example "Patching a token before the difference changes nothing".
    public var statement: String
    /// When it counts as holding, for example "at most 0.00001 logits"; may be empty when the statement says it.
    public var threshold: String
    /// What was measured; `nil` where it could not be measured.
    public var observed: Double?
    /// The unit of `observed`; empty for a plain ratio.
    public var unit: String
    /// Whether the effect stayed away, as it must; `nil` where nothing could be measured.
    public var holds: Bool?
    /// How many of the seeds, pairs or tasks met every bound; `nil` where the control is not about each of them.
    public var met: Int?

    /// Puts a measurement, its threshold and its verdict together.
    public init(
        _ statement: String, threshold: String = "", observed: Double?, unit: String = "", holds: Bool?,
        met: Int? = nil
    ) {
        self.met = met
        self.statement = statement
        self.threshold = threshold
        self.observed = observed
        self.unit = unit
        self.holds = holds
    }
}

// What was not measured is written as `null`, so that a script meets the key and cannot take it for a number. Records
// from before there was a third verdict hold the string "nan" instead, beside a claim that does not hold.

extension KeyedEncodingContainer {
    fileprivate mutating func encodeOrNull(_ value: Double?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) } else { try encodeNil(forKey: key) }
    }

    fileprivate mutating func encodeOrNull(_ value: Bool?, forKey key: Key) throws {
        if let value { try encode(value, forKey: key) } else { try encodeNil(forKey: key) }
    }
}

extension ClaimResult: Codable {
    private enum CodingKeys: String, CodingKey {
        case statement, threshold, observed, unit, holds, control, reason, n, seeds, met, development, power, expected,
            quantity
    }

    /// Reads the result of a claim; `null` is what could not be measured.
    /// - Throws: `DecodingError` when a member is missing or of another kind.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        statement = try container.decode(String.self, forKey: .statement)
        threshold = try container.decode(String.self, forKey: .threshold)
        observed = try container.decodeIfPresent(Double.self, forKey: .observed)
        unit = try container.decode(String.self, forKey: .unit)
        holds = try container.decodeIfPresent(Bool.self, forKey: .holds)
        control = try container.decode(ControlResult.self, forKey: .control)
        reason = try container.decodeIfPresent(String.self, forKey: .reason)
        n = try container.decodeIfPresent(Int.self, forKey: .n)
        seeds = try container.decodeIfPresent([UInt64].self, forKey: .seeds)
        met = try container.decodeIfPresent(Int.self, forKey: .met)
        development = try container.decodeIfPresent(Development.self, forKey: .development)
        power = try container.decodeIfPresent(Double.self, forKey: .power)
        expected = try container.decodeIfPresent(Verdict.self, forKey: .expected)
        quantity = try container.decodeIfPresent(String.self, forKey: .quantity)
    }

    /// Writes the result of a claim, with `null` for what could not be measured.
    /// - Throws: `EncodingError` when a member cannot be encoded.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(statement, forKey: .statement)
        try container.encode(threshold, forKey: .threshold)
        try container.encodeOrNull(observed, forKey: .observed)
        try container.encode(unit, forKey: .unit)
        try container.encodeOrNull(holds, forKey: .holds)
        try container.encode(control, forKey: .control)
        try container.encodeIfPresent(reason, forKey: .reason)
        try container.encodeIfPresent(n, forKey: .n)
        try container.encodeIfPresent(seeds, forKey: .seeds)
        try container.encodeIfPresent(met, forKey: .met)
        try container.encodeIfPresent(development, forKey: .development)
        try container.encodeIfPresent(power, forKey: .power)
        try container.encodeIfPresent(expected, forKey: .expected)
        try container.encodeIfPresent(quantity, forKey: .quantity)
    }
}

extension ControlResult: Codable {
    private enum CodingKeys: String, CodingKey { case statement, threshold, observed, unit, holds, met }

    /// Reads the result of a control; `null` is what could not be measured.
    /// - Throws: `DecodingError` when a member is missing or of another kind.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        statement = try container.decode(String.self, forKey: .statement)
        threshold = try container.decode(String.self, forKey: .threshold)
        observed = try container.decodeIfPresent(Double.self, forKey: .observed)
        unit = try container.decode(String.self, forKey: .unit)
        holds = try container.decodeIfPresent(Bool.self, forKey: .holds)
        met = try container.decodeIfPresent(Int.self, forKey: .met)
    }

    /// Writes the result of a control, with `null` for what could not be measured.
    /// - Throws: `EncodingError` when a member cannot be encoded.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(statement, forKey: .statement)
        try container.encode(threshold, forKey: .threshold)
        try container.encodeOrNull(observed, forKey: .observed)
        try container.encode(unit, forKey: .unit)
        try container.encodeOrNull(holds, forKey: .holds)
        try container.encodeIfPresent(met, forKey: .met)
    }
}
