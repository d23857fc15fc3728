internal import PlumbBasics

/// Two segments of behavior and which of them is the better: what a reward is learned from.
///
/// A step is whatever the reward is a function of: the number of a cell, an observation's features, an observation with
/// an action.
public struct Comparison<Step: Sendable & Hashable & Codable>: Sendable, Hashable {
    /// One segment, in order of time; a comparison that was decoded has at least one step in it.
    public var first: [Step]
    /// The other segment, which may have another length.
    public var second: [Step]
    /// μ, the part of the preference that falls to the first: 1, 0, or 0.5 where both are as good; nil where the teacher
    /// could not compare them, which is kept on record and not learned from.
    public var mu: Double?

    /// Two segments and the answer.
    ///
    /// - Precondition: μ is in 0...1.
    public init(_ first: [Step], _ second: [Step], mu: Double?) {
        require(mu.map { $0 >= 0 && $0 <= 1 } ?? true, "μ must be in 0...1, got \(mu ?? .nan)")
        (self.first, self.second, self.mu) = (first, second, mu)
    }

    /// The same comparisons with shuffled labels: as many answers, which say nothing.
    public static func shufflingAnswers(_ comparisons: [Comparison], using random: inout some RandomNumberGenerator)
        -> [Comparison]
    {
        zip(comparisons, comparisons.map(\.mu).shuffled(using: &random)).map {
            Comparison($0.first, $0.second, mu: $1)
        }
    }
}

/// As JSON, `{"first": […], "second": […], "mu": 1}`; `"mu": null` for what could not be compared.
extension Comparison: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case first, second, mu }

    /// - Throws: `DecodingError` whose context says in a sentence what was found: a member that is missing or of another
    ///   type, a segment without steps, a μ outside 0...1.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        for key in CodingKeys.allCases where !container.contains(key) {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: [], debugDescription: "there is no \"\(key.rawValue)\""))
        }
        first = try container.decode([Step].self, forKey: .first)
        second = try container.decode([Step].self, forKey: .second)
        mu = try container.decode(Double?.self, forKey: .mu)
        for (key, steps) in [(CodingKeys.first, first), (.second, second)] where steps.isEmpty {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container, debugDescription: "\"\(key.rawValue)\" holds no steps")
        }
        guard mu.map({ $0 >= 0 && $0 <= 1 }) ?? true else {
            throw DecodingError.dataCorruptedError(
                forKey: .mu, in: container,
                debugDescription: "\"mu\" is \(mu ?? .nan), and must be from 0 to 1, or null where nobody could compare"
            )
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(first, forKey: .first)
        try container.encode(second, forKey: .second)
        try container.encode(mu, forKey: .mu)
    }
}
