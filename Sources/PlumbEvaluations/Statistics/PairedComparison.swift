internal import PlumbBasics
public import PlumbTensor

/// Two models, or two prompts, on the same samples.
///
/// Differences within samples leave out what makes some samples harder than others, so that far fewer samples are
/// needed than where two means are compared (Miller 2024, arXiv:2411.00640). The test exchanges the signs of whole
/// clusters.
public struct PairedComparison: Sendable, Equatable {
    /// The mean of the first less that of the second, over the shared samples.
    public let difference: ClusteredMean
    /// Whether the difference is more than chance.
    public let test: PermutationTest
    /// The means of both on the shared samples.
    public let means: (first: Double, second: Double)
    /// The correlation of the scores of both; NaN where one is constant.
    public let correlation: Double
    /// Samples that only one of the two has.
    public let unpaired: Int

    /// A score of a sample, its mean over repetitions, and its cluster.
    public typealias Scores = [String: (value: Double, cluster: String)]

    /// Compares two sets of scores.
    ///
    /// - Parameter key: of the test's draws.
    /// - Throws: ``EvaluationError`` where no sample is shared.
    public init(_ first: Scores, _ second: Scores, key: RandomKey) throws {
        let shared = first.keys.filter { second[$0] != nil }.sorted()
        guard !shared.isEmpty else {
            throw EvaluationError("the two runs share no sample with a score, so there is nothing to compare")
        }
        let pairs = shared.compactMap { id -> (Double, Double, String)? in
            guard let a = first[id], let b = second[id] else { return nil }
            return (a.value, b.value, a.cluster)
        }
        difference = ClusteredMean(pairs.map { ($0.0 - $0.1, $0.2) })
        let sums = Dictionary(pairs.map { ($0.2, $0.0 - $0.1) }, uniquingKeysWith: +)
        test = PermutationTest(paired: sums.sorted { $0.key < $1.key }.map(\.value), key: key)
        means = (Statistics.mean(pairs.map(\.0)), Statistics.mean(pairs.map(\.1)))
        let (a, b) = (Statistics.centered(pairs.map(\.0)), Statistics.centered(pairs.map(\.1)))
        let product = zip(a.values, b.values).reduce(0) { $0 + $1.0 * $1.1 }
        correlation = product / (Double(pairs.count) * a.deviation * b.deviation)
        unpaired = first.count + second.count - 2 * shared.count
    }

    /// The interval of the difference.
    public func interval(level: Double = 0.95) -> (lower: Double, upper: Double) {
        difference.interval(level: level, within: -1...1)
    }

    public static func == (a: PairedComparison, b: PairedComparison) -> Bool {
        a.difference == b.difference && a.test == b.test && a.means == b.means && a.unpaired == b.unpaired
    }
}

extension EvaluationResults {
    /// The mean score of each sample over its repetitions, for comparisons.
    public func scoresBySample(_ scorer: String) -> PairedComparison.Scores {
        var sums: [String: (sum: Double, count: Int, cluster: String)] = [:]
        for sample in samples {
            guard let value = sample.scores[scorer]?.value else { continue }
            let before = sums[sample.id] ?? (0, 0, sample.cluster)
            sums[sample.id] = (before.sum + value, before.count + 1, sample.cluster)
        }
        return sums.mapValues { ($0.sum / Double($0.count), $0.cluster) }
    }
}
