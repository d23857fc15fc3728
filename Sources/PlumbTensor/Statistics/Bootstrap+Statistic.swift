internal import PlumbBasics

extension Statistics {
    /// A percentile bootstrap interval of any number that is computed from independent things
    /// (Efron 1979, *Bootstrap Methods: Another Look at the Jackknife*).
    ///
    /// The same key gives the same interval. A resample whose number is NaN makes both ends NaN: what cannot be measured in
    /// every resample has no interval.
    ///
    /// - Parameters:
    ///   - count: how many things there are.
    ///   - key: of the draws.
    ///   - level: the coverage, 0.95 for a 95 % interval.
    ///   - resamples: how often the things are drawn anew, with replacement.
    ///   - statistic: the number, from the indices of the things drawn.
    public static func bootstrap(
        of count: Int, key: RandomKey, level: Double = 0.95, resamples: Int = 2000, statistic: ([Int]) -> Double
    ) -> (lower: Double, upper: Double) {
        require(count > 0, "an interval needs at least one thing measured")
        require(level > 0 && level < 1 && resamples > 0, "an interval needs a level in (0, 1) and resamples")
        var random = key["bootstrap"].generator()
        let values = (0..<resamples).map { _ in
            statistic((0..<count).map { _ in random.index(below: count) })
        }
        guard !values.contains(where: \.isNaN) else { return (.nan, .nan) }
        let sorted = values.sorted()
        let tail = (1 - level) / 2
        return (quantile(sorted, tail), quantile(sorted, 1 - tail))
    }
}
