internal import PlumbBasics
internal import PlumbTensor

/// Advantages of texts among others that were written to the same prompt, which need no values: pure functions of scores.
///
/// - Shapes: N scores, group after group of G; every array [N].
public enum GroupAdvantages {
    /// `(s - mean) / (std + 10⁻⁴)` within each group, with the unbiased deviation: those of GRPO (Shao et al. 2024,
    /// *DeepSeekMath*, arXiv:2402.03300). A group of equal scores gets zeros.
    ///
    /// The division changes what is optimized: scores of a group count by how they are ordered and spread, not by their
    /// size (Liu et al. 2025, *Understanding R1-Zero-Like Training*, arXiv:2503.20783).
    ///
    /// - Precondition: groups have two scores or more.
    public static func standardized(_ scores: [Double], size: Int) -> [Double] {
        groups(scores, size).flatMap { group in
            let (centered, deviation) = Statistics.centered(Array(group), correction: 1)
            return centered.map { $0 / (deviation + 1e-4) }
        }
    }

    /// `s` less the mean of the other scores of its group: those of RLOO (Ahmadian et al. 2024, *Back to Basics:
    /// Revisiting REINFORCE Style Optimization*, arXiv:2402.14740; Kool et al. 2019). Unbiased, since no score is compared
    /// with itself.
    ///
    /// - Precondition: groups have two scores or more.
    public static func leaveOneOut(_ scores: [Double], size: Int) -> [Double] {
        groups(scores, size).flatMap { group in
            let sum = group.reduce(0, +)
            return group.map { $0 - (sum - $0) / Double(size - 1) }
        }
    }

    /// The share of groups whose scores are all equal, from which nothing is learned.
    public static func shareWithoutVariance(_ scores: [Double], size: Int) -> Double {
        let groups = groups(scores, size)
        return Double(groups.count { group in group.allSatisfy { $0 == group.first } }) / Double(max(1, groups.count))
    }

    private static func groups(_ scores: [Double], _ size: Int) -> [ArraySlice<Double>] {
        require(
            size > 1 && scores.count.isMultiple(of: size),
            "groups need two scores or more and all as many, got \(scores.count) scores in groups of \(size)")
        return stride(from: 0, to: scores.count, by: size).map { scores[$0..<$0 + size] }
    }
}
