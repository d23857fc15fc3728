/// A measured number.
public struct Metric: Codable, Sendable, Equatable {
    /// In snake case, for example `clean_logit_difference`: scripts look it up by this name.
    public var name: String
    /// May be infinite or not a number; such values encode as the strings `"inf"`, `"-inf"`, `"nan"`.
    public var value: Double
    /// For example `nats`, `s`, `logits`; empty for a plain ratio or count.
    public var unit: String
    /// The uncertainty, where there is one.
    public var interval: Interval?
    /// How many independent things were measured.
    public var n: Int?
    /// The seeds it was measured over, where it depends on any.
    public var seeds: [UInt64]?
    /// The single values whose mean it is, one a seed, pair or task; `nil` where there is one.
    public var values: [Double]?
    /// Whether it is one of the two to four numbers that the experiment chose to show first.
    public var isHeadline: Bool {
        get { headline ?? false }
        set { headline = newValue ? true : nil }
    }
    // Absent unless true, so that records from before the choice are read and written as they were.
    private var headline: Bool?

    /// A number with its name, and whatever says how sure it is.
    public init(
        _ name: String, _ value: Double, unit: String = "", interval: Interval? = nil, n: Int? = nil,
        seeds: [UInt64]? = nil, values: [Double]? = nil, isHeadline: Bool = false
    ) {
        self.values = values
        self.name = name
        self.value = value
        self.unit = unit
        self.interval = interval
        self.n = n
        self.seeds = seeds
        self.isHeadline = isHeadline
    }
}

/// An interval for an uncertain number.
public struct Interval: Codable, Sendable, Equatable {
    /// The lower end.
    public var lower: Double
    /// The upper end.
    public var upper: Double
    /// The coverage, for example 0.95.
    public var level: Double
    /// How it was made, for example "percentile bootstrap, 2,000 resamples".
    public var method: String

    /// An interval with its coverage and the method that made it.
    public init(lower: Double, upper: Double, level: Double = 0.95, method: String) {
        self.lower = lower
        self.upper = upper
        self.level = level
        self.method = method
    }
}
