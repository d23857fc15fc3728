internal import PlumbBasics
internal import PlumbTensor

/// The mean of scores with the uncertainty that clusters leave: answers to one question, or to questions about one
/// text, are not independent (Miller 2024, *Adding Error Bars to Evals*, arXiv:2411.00640).
///
/// With s_i the scores, s̄ their mean and n their number, the standard error is
/// `√(Σ_c (Σ_{i∈c} (s_i - s̄))²) / n`, the sums within each cluster c first, times `√(C / (C - 1))` for C clusters.
public struct ClusteredMean: Sendable, Equatable, Codable {
    /// The mean; NaN of nothing.
    public let mean: Double
    /// Its standard error; NaN where there is only one cluster.
    public let standardError: Double
    /// How many scores there are.
    public let count: Int
    /// How many clusters.
    public let clusters: Int
    /// Whether each score is 0 or 1, and all are the same.
    private let constant: Double?

    /// The mean of scores with their clusters.
    public init(_ values: [(value: Double, cluster: String)]) {
        count = values.count
        mean = Statistics.mean(values.map(\.value))
        let mean = mean
        // Sums are made in the order of the scores, and of the clusters' first scores, so that they are the same bits.
        var places: [String: Int] = [:]
        var sums: [Double] = []
        for (value, cluster) in values {
            let place = places[cluster] ?? sums.count
            if place == sums.count {
                places[cluster] = place
                sums.append(0)
            }
            sums[place] += value - mean
        }
        clusters = sums.count
        let squares = sums.reduce(0) { $0 + $1 * $1 }
        let correction = sums.count > 1 ? Double(sums.count) / Double(sums.count - 1) : .nan
        standardError = (correction * squares).squareRoot() / Double(values.count)
        let first = values.first?.value
        constant = first.flatMap { first in
            (first == 0 || first == 1) && values.allSatisfy { $0.value == first } ? first : nil
        }
    }

    /// An interval by the t distribution of one degree of freedom fewer than there are clusters, cut at `range`.
    ///
    /// Where every score is 0, or every score is 1, its standard error is 0 and says nothing: the interval is then the
    /// exact one of a proportion, counted in clusters.
    public func interval(
        level: Double = 0.95, within range: ClosedRange<Double> = 0...1
    ) -> (lower: Double, upper: Double) {
        guard clusters > 1 else { return (range.lowerBound, range.upperBound) }
        if let constant, range == 0...1 {
            return Statistics.proportionInterval(successes: constant == 1 ? clusters : 0, of: clusters, level: level)
        }
        let width = StudentT.quantile(level: level, degrees: clusters - 1) * standardError
        return (max(range.lowerBound, mean - width), min(range.upperBound, mean + width))
    }
}

/// Student's t distribution.
enum StudentT {
    /// The t that |T| exceeds with probability 1 - level: T² / (ν + T²) has the beta distribution (1/2, ν/2).
    static func quantile(level: Double, degrees: Int) -> Double {
        let x = Statistics.betaQuantile(level, a: 0.5, b: Double(degrees) / 2)
        return x >= 1 ? .infinity : (Double(degrees) * x / (1 - x)).squareRoot()
    }
}
