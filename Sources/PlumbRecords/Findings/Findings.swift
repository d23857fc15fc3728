/// What an experiment found: numbers, claims with their controls, tables and figures as data.
public struct Findings: Codable, Sendable, Equatable {
    /// What it means, in two sentences that hold for the numbers actually measured.
    public var summary: String
    /// Single numbers, in the order of the report.
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

    /// The numbers to show first, at most four: those that the experiment chose, where they could be measured; without a
    /// choice the first metrics, times and sizes of the computation last.
    public var headline: [Metric] {
        let chosen = metrics.filter { $0.isHeadline && $0.value.isFinite }
        guard chosen.isEmpty else { return Array(chosen.prefix(4)) }
        let costs: Set<String> = ["s", "ms", "MB", "GB", "cells", "edges"]
        let (found, cost) = (metrics.filter { !costs.contains($0.unit) }, metrics.filter { costs.contains($0.unit) })
        return Array((found + cost).prefix(4))
    }

    /// The table called `name`.
    public func table(_ name: String) -> Table? { tables.first { $0.name == name } }

    /// Whether every claim holds together with its control, but for those declared not to be measurable.
    public var areAsExpected: Bool { claims.allSatisfy(\.isAsExpected) }

    /// The claims that came to `verdict`.
    public func claims(_ verdict: ClaimResult.Verdict) -> [ClaimResult] { claims.filter { $0.verdict == verdict } }
}
