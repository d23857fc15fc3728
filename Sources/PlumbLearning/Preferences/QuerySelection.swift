internal import Foundation

/// Which pairs of segments to ask about.
public enum QuerySelection: String, Sendable, Hashable, Codable, CaseIterable {
    /// The first that come.
    case random
    /// Those on which the members of an ensemble differ most (Christiano et al. 2017, arXiv:1706.03741, §2.2.4).
    case disagreement

    /// The variance across members of `P(first) = σ(R₁ - R₂)` for each candidate.
    ///
    /// - Parameter differences: R₁ - R₂ as each member has it, [K][P].
    public static func disagreement(_ differences: [[Double]]) -> [Double] {
        guard let candidates = differences.first?.count else { return [] }
        return (0..<candidates).map { candidate in
            let chances = differences.map { 1 / (1 + exp(-$0[candidate])) }
            let mean = chances.reduce(0, +) / Double(chances.count)
            return chances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(chances.count)
        }
    }

    /// The `count` candidates to ask about, in their order: of equals the first.
    ///
    /// - Parameters:
    ///   - count: how many to choose; all where there are fewer.
    ///   - differences: R₁ - R₂ as each member has it, [K][P].
    public func chosen(_ count: Int, differences: [[Double]]) -> [Int] {
        let candidates = differences.first?.count ?? 0
        switch self {
        case .random: return Array(0..<min(count, candidates))
        case .disagreement:
            let scores = QuerySelection.disagreement(differences)
            let order = scores.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
            return order.prefix(count).sorted()
        }
    }
}
