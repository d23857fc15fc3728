internal import PlumbBasics

extension Statistics {
    /// The area under the receiver operating characteristic: how likely a positive example scores above a negative one,
    /// `(#{p > n} + #{p = n} / 2) / (P · N)`, from 0 to 1, with 0.5 for scores that say nothing.
    ///
    /// It is the statistic of Mann and Whitney (1947, *On a Test of Whether one of Two Random Variables is Stochastically
    /// Larger than the Other*) over its largest value, so it is computed from ranks, and no threshold has to be chosen.
    ///
    /// - Parameters:
    ///   - positives: the scores of examples that should score high, P of them.
    ///   - negatives: the scores of the others, N of them.
    /// - Returns: NaN where a class is empty or a score is NaN.
    /// - Complexity: O((P + N) log(P + N)).
    public static func auroc(positives: [Double], negatives: [Double]) -> Double {
        guard let levels = ScoreLevels(positives, negatives) else { return .nan }
        return levels.area(levels.positives, levels.negatives)
    }

    /// The standard error of an area under the curve (Hanley, McNeil 1982, *The Meaning and Use of the Area under a
    /// Receiver Operating Characteristic (ROC) Curve*).
    ///
    /// `SE² = (A (1 - A) + (P - 1) (Q₁ - A²) + (N - 1) (Q₂ - A²)) / (P N)`, with `Q₁ = A / (2 - A)` and
    /// `Q₂ = 2 A² / (1 + A)`. It is 0 where the classes are separated, however few examples there are.
    ///
    /// - Parameters:
    ///   - area: A, from 0 to 1.
    ///   - positives: P, the number of positive examples.
    ///   - negatives: N, the number of negative ones.
    /// - Returns: NaN where a class is empty or the area is no number from 0 to 1.
    public static func aurocStandardError(_ area: Double, positives: Int, negatives: Int) -> Double {
        guard positives > 0, negatives > 0, area >= 0, area <= 1 else { return .nan }
        let square = area * area
        let (first, second) = (area / (2 - area) - square, 2 * square / (1 + area) - square)
        let sum = area * (1 - area) + Double(positives - 1) * first + Double(negatives - 1) * second
        // Rounding must not make a variance of 0 negative.
        return (max(0, sum) / (Double(positives) * Double(negatives))).squareRoot()
    }

    /// A percentile bootstrap interval of the area under the curve: positive and negative examples are drawn anew, each
    /// from its own class, so that every resample has both.
    ///
    /// The same key gives the same interval. Classes that are separated give an interval of no width.
    ///
    /// - Parameters:
    ///   - positives: the scores of examples that should score high, P of them.
    ///   - negatives: the scores of the others, N of them.
    ///   - key: of the draws.
    ///   - level: the coverage, 0.95 for a 95 % interval.
    ///   - resamples: how often the examples are drawn anew, with replacement.
    /// - Returns: NaN where ``auroc(positives:negatives:)`` is.
    /// - Complexity: O(`resamples` · (P + N)).
    public static func aurocInterval(
        positives: [Double], negatives: [Double], key: RandomKey, level: Double = 0.95, resamples: Int = 2000
    ) -> (lower: Double, upper: Double) {
        require(level > 0 && level < 1 && resamples > 0, "an interval needs a level in (0, 1) and resamples")
        guard let levels = ScoreLevels(positives, negatives) else { return (.nan, .nan) }
        var random = key["bootstrap"].generator()
        func drawn(_ places: [Int]) -> [Int] {
            var counts = [Int](repeating: 0, count: levels.positives.count)
            for _ in places { counts[places[random.index(below: places.count)]] += 1 }
            return counts
        }
        var areas: [Double] = []
        areas.reserveCapacity(resamples)
        for _ in 0..<resamples {
            let drawnPositives = drawn(levels.places.positives)
            areas.append(levels.area(drawnPositives, drawn(levels.places.negatives)))
        }
        areas.sort()
        let tail = (1 - level) / 2
        return (quantile(areas, tail), quantile(areas, 1 - tail))
    }
}

/// The different scores in rising order, and how many examples of each class have each.
private struct ScoreLevels {
    /// For each different score, the positive examples that have it.
    var positives: [Int]
    /// For each different score, the negative examples that have it.
    var negatives: [Int]
    /// The place of each example's score among the different ones.
    let places: (positives: [Int], negatives: [Int])

    /// Nil where a class is empty or a score is NaN.
    init?(_ positives: [Double], _ negatives: [Double]) {
        let scores = positives + negatives
        guard !positives.isEmpty, !negatives.isEmpty, !scores.contains(where: \.isNaN) else { return nil }
        var places = [Int](repeating: 0, count: scores.count)
        var (level, last) = (-1, Double.nan)
        for index in scores.indices.sorted(by: { scores[$0] < scores[$1] }) {
            if scores[index] != last { level += 1 }
            (places[index], last) = (level, scores[index])
        }
        let split = (Array(places[..<positives.count]), Array(places[positives.count...]))
        self.places = split
        self.positives = Self.counts(split.0, level + 1)
        self.negatives = Self.counts(split.1, level + 1)
    }

    private static func counts(_ places: [Int], _ levels: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: levels)
        for place in places { counts[place] += 1 }
        return counts
    }

    /// The area for these numbers of examples at each score: twice the pairs won is a whole number, so nothing is rounded
    /// before the division.
    func area(_ positives: [Int], _ negatives: [Int]) -> Double {
        var (below, twice, total) = (0, 0, 0)
        for (positive, negative) in zip(positives, negatives) {
            twice += positive * (2 * below + negative)
            below += negative
            total += positive
        }
        return Double(twice) / (2 * Double(total) * Double(below))
    }
}
