internal import PlumbBasics

/// How the members of an ensemble become one score.
public enum ConservativeScore: Sendable, Hashable, Codable {
    /// What they say on average.
    case mean
    /// What the most pessimistic says: worst-case optimization.
    case worst
    /// The mean less some standard deviations: uncertainty-weighted optimization.
    case lowerBound(deviations: Double)

    /// One score a sample (Coste et al. 2023, *Reward Model Ensembles Help Mitigate Overoptimization*, arXiv:2310.02743).
    ///
    /// - Parameter scores: [K][N].
    public func combined(_ scores: [[Double]]) -> [Double] {
        guard let count = scores.first?.count else { return [] }
        var sum = [Double](repeating: 0, count: count)
        var least = scores[0]
        for row in scores {
            require(row.count == count, "members must score the same samples")
            for index in 0..<count {
                sum[index] += row[index]
                if row[index].isNaN || row[index] < least[index] { least[index] = row[index] }
            }
        }
        let members = Double(scores.count)
        switch self {
        case .mean: return sum.map { $0 / members }
        case .worst: return least
        case .lowerBound(let deviations):
            return sum.indices.map { index in
                let mean = sum[index] / members
                let square = scores.reduce(0) { $0 + ($1[index] - mean) * ($1[index] - mean) }
                return mean - deviations * (square / members).squareRoot()
            }
        }
    }
}
