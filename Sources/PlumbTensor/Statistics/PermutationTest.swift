internal import PlumbBasics

/// Whether two groups of numbers differ in their means by more than chance would give (Fisher 1935, *The Design of
/// Experiments*).
///
/// If the groups do not differ, each way of dealing the same numbers into groups of these sizes is as likely as the one
/// that was found. The test counts the ways whose difference of means is at least as large. Nothing is assumed of the
/// distribution; but numbers that were not drawn independently make p too small.
public struct PermutationTest: Sendable, Equatable, Codable {
    /// What counts as large.
    public enum Alternative: String, Sendable, Codable, CaseIterable {
        /// The means differ, either way.
        case different
        /// The first group's mean is the larger.
        case greater
        /// The first group's mean is the smaller.
        case less
    }

    /// The mean of the first group less that of the second.
    public let difference: Double
    /// `(1 + hits) / (1 + n)`, n the ways compared with the one found, hits those at least as large: never 0
    /// (Phipson, Smyth 2010, *Permutation p-values should never be zero*). NaN where a value is none.
    public let p: Double
    /// n.
    public let permutations: Int
    /// Whether every way was compared rather than ways drawn by chance.
    public let isExact: Bool

    /// Compares the means of two groups.
    ///
    /// - Parameters:
    ///   - first: the values of one group.
    ///   - second: the values of the other.
    ///   - alternative: which differences count as large; by default either way.
    ///   - key: of the draws. The same key gives the same p.
    ///   - samples: how many ways are drawn where there are more than `exactLimit`.
    ///   - exactLimit: the most ways that are all compared; where there are more, some are drawn.
    /// - Precondition: neither group is empty.
    public init(
        _ first: [Double], _ second: [Double], alternative: Alternative = .different, key: RandomKey,
        samples: Int = 9_999, exactLimit: Int = 20_000
    ) {
        require(!first.isEmpty && !second.isEmpty, "a permutation test needs two groups that are not empty")
        require(samples > 0, "a permutation test needs samples")
        difference = Statistics.mean(first) - Statistics.mean(second)
        let deal = Deal(first, second, alternative)
        let ways = Self.ways(choosing: first.count, of: first.count + second.count, limit: exactLimit)
        isExact = ways != nil
        guard (first + second).allSatisfy(\.isFinite) else {
            (p, permutations) = (.nan, 0)
            return
        }
        let (hits, count) = ways == nil ? deal.sampled(samples, key: key) : deal.enumerated()
        permutations = count
        p = Double(1 + hits) / Double(1 + count)
    }

    /// What a test found.
    init(difference: Double, p: Double, permutations: Int, isExact: Bool) {
        (self.difference, self.p, self.permutations, self.isExact) = (difference, p, permutations, isExact)
    }

    /// The number of ways to choose, or nil where there are more than `limit`.
    private static func ways(choosing k: Int, of n: Int, limit: Int) -> Int? {
        var ways = 1
        for i in 0..<min(k, n - k) {
            let (product, overflow) = ways.multipliedReportingOverflow(by: n - i)
            guard !overflow else { return nil }
            ways = product / (i + 1)
            // Binomial coefficients rise until half of n is chosen.
            guard ways <= limit else { return nil }
        }
        return ways
    }
}

/// The numbers of both groups together, whose labels are shuffled.
private struct Deal {
    let values: [Double]
    let size: Int
    let alternative: PermutationTest.Alternative
    /// The mean that the first group has if the groups do not differ, and what was found beyond it.
    private let expected: Double
    private let observed: Double
    /// Equal differences must count as equal though their sums were rounded in another order.
    private let tolerance: Double

    init(_ first: [Double], _ second: [Double], _ alternative: PermutationTest.Alternative) {
        values = first + second
        size = first.count
        self.alternative = alternative
        expected = Statistics.mean(values)
        tolerance = 1e-12 * values.reduce(0) { max($0, abs($1)) }
        observed = Statistics.mean(first) - expected
    }

    /// Whether a first group of this sum is at least as far out as the one found. The difference of means is
    /// n / (n - k) times the first group's distance from the mean of all.
    private func isHit(_ sum: Double) -> Bool {
        let distance = sum / Double(size) - expected
        return switch alternative {
        case .different: abs(distance) >= abs(observed) - tolerance
        case .greater: distance >= observed - tolerance
        case .less: distance <= observed + tolerance
        }
    }

    /// Every way but the one found.
    func enumerated() -> (hits: Int, count: Int) {
        var chosen = Array(0..<size)
        var (hits, count) = (0, 0)
        while true {
            // The next combination in lexical order: raise the last place that can rise, and put the rest behind it.
            guard let place = chosen.indices.last(where: { chosen[$0] < values.count - size + $0 }) else { break }
            let next = chosen[place] + 1
            for index in place..<size { chosen[index] = next + index - place }
            count += 1
            if isHit(chosen.reduce(0) { $0 + values[$1] }) { hits += 1 }
        }
        return (hits, count)
    }

    func sampled(_ samples: Int, key: RandomKey) -> (hits: Int, count: Int) {
        var random = key["permutation"].generator()
        var shuffled = values
        var hits = 0
        for _ in 0..<samples {
            var sum = 0.0
            for index in 0..<size {
                shuffled.swapAt(index, index + random.index(below: shuffled.count - index))
                sum += shuffled[index]
            }
            if isHit(sum) { hits += 1 }
        }
        return (hits, samples)
    }
}
