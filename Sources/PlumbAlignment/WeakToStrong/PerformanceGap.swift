/// How well a strong student does that learned from a weak supervisor's labels, between the supervisor and what the student
/// can do with true labels.
public struct PerformanceGap: Sendable, Codable, Equatable {
    /// The weak supervisor's performance.
    public var weak: Double
    /// The strong student's, taught by the weak supervisor.
    public var weakToStrong: Double
    /// The strong student's, taught with true labels.
    public var ceiling: Double

    /// Three performances of one measure.
    public init(weak: Double, weakToStrong: Double, ceiling: Double) {
        (self.weak, self.weakToStrong, self.ceiling) = (weak, weakToStrong, ceiling)
    }

    /// The part of the gap that is recovered: (student - weak) / (ceiling - weak), 1 for the ceiling and 0 for the weak
    /// supervisor (Burns et al. 2023, *Weak-to-Strong Generalization*, arXiv:2312.09390); NaN where there is no gap.
    public var recovered: Double { ceiling == weak ? .nan : (weakToStrong - weak) / (ceiling - weak) }
}
