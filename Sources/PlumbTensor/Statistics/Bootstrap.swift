internal import PlumbBasics

/// Statistics that more than one method needs.
public enum Statistics {
    /// The arithmetic mean, or NaN of nothing.
    public static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    /// A percentile bootstrap interval of the mean (Efron 1979, *Bootstrap Methods: Another Look at the Jackknife*).
    ///
    /// The same key gives the same interval. One value gives an interval of no width: nothing is known of its spread.
    ///
    /// - Parameters:
    ///   - values: what was measured, one value or more.
    ///   - key: of the draws.
    ///   - level: the coverage, 0.95 for a 95 % interval.
    ///   - resamples: how often the values are drawn anew, with replacement.
    public static func bootstrapMean(
        _ values: [Double], key: RandomKey, level: Double = 0.95, resamples: Int = 2000
    ) -> (lower: Double, upper: Double) {
        require(!values.isEmpty, "an interval needs at least one value")
        require(level > 0 && level < 1 && resamples > 0, "an interval needs a level in (0, 1) and resamples")
        guard values.count > 1 else { return (values[0], values[0]) }
        return bootstrap(of: values.count, key: key, level: level, resamples: resamples) { drawn in
            drawn.reduce(0) { $0 + values[$1] } / Double(values.count)
        }
    }

    /// The value below which a part `fraction` of sorted values lies, interpolated linearly.
    public static func quantile(_ sorted: [Double], _ fraction: Double) -> Double {
        require(
            !sorted.isEmpty && fraction >= 0 && fraction <= 1, "a quantile needs values and a fraction in 0...1")
        let place = fraction * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}
