/// What an experiment found: numbers, claims with their controls, tables and figures as data.
public struct Findings: Codable, Sendable, Equatable {
    /// What it means, in two sentences that hold for the numbers actually measured.
    public var summary: String
    /// Single numbers, the most telling first.
    public var metrics: [Metric]
    /// The sentences put to the test.
    public var claims: [ClaimResult]
    /// In the order in which a reader should meet them; names are unique.
    public var tables: [Table]
    /// In the order in which a reader should meet them.
    public var figures: [Figure]
    /// Plain sentences a reader must know: what was left out, what was assumed.
    public var notes: [String]

    /// Findings; an experiment leaves out what it does not have.
    public init(
        summary: String = "", metrics: [Metric] = [], claims: [ClaimResult] = [], tables: [Table] = [],
        figures: [Figure] = [], notes: [String] = []
    ) {
        self.summary = summary
        self.metrics = metrics
        self.claims = claims
        self.tables = tables
        self.figures = figures
        self.notes = notes
    }

    /// The metric called `name`.
    public func metric(_ name: String) -> Metric? { metrics.first { $0.name == name } }

    /// The table called `name`.
    public func table(_ name: String) -> Table? { tables.first { $0.name == name } }

    /// Whether every claim holds together with its control.
    public var allClaimsPass: Bool { claims.allSatisfy(\.passes) }

    /// The claims that came to `verdict`.
    public func claims(_ verdict: ClaimResult.Verdict) -> [ClaimResult] { claims.filter { $0.verdict == verdict } }
}
