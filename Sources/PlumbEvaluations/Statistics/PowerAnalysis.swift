internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// How many samples show a difference of a given size (Miller 2024, *Adding Error Bars to Evals*, arXiv:2411.00640).
///
/// `n = (z_{1 - α/2} + z_{power})² · variance / difference²`, the variance that of one sample's difference.
public enum PowerAnalysis {
    /// The samples that are needed; `Int.max` where they are more than can be counted.
    ///
    /// - Parameters:
    ///   - difference: the smallest difference of means that should be found.
    ///   - variance: of a sample's difference between the two.
    ///   - power: the probability that it is found.
    ///   - level: 1 - α, of a two-sided test.
    /// - Precondition: a difference above 0, a variance of 0 or more, and probabilities in (0, 1).
    public static func samples(
        toDetect difference: Double, variance: Double, power: Double = 0.8, level: Double = 0.95
    ) -> Int {
        require(difference > 0 && difference <= 1, "a difference to be found lies in (0, 1], got \(difference)")
        require(variance >= 0 && variance.isFinite, "a variance is 0 or more, got \(variance)")
        require((0..<1).contains(power) && power > 0 && level > 0 && level < 1, "power and level lie in (0, 1)")
        let z = Statistics.normalQuantile((1 + level) / 2) + Statistics.normalQuantile(power)
        return max(2, Int(exactly: (z * z * variance / (difference * difference)).rounded(.up)) ?? .max)
    }

    /// The smallest difference that `count` samples show.
    public static func detectable(
        samples count: Int, variance: Double, power: Double = 0.8, level: Double = 0.95
    ) -> Double {
        require(count > 0, "a power analysis needs samples")
        return (Statistics.normalQuantile((1 + level) / 2) + Statistics.normalQuantile(power))
            * (variance / Double(count)).squareRoot()
    }

    /// The variance of the difference of two models' scores on a sample where nothing is known of the second model but
    /// that it is about as good: `2 · variance · (1 - correlation)`.
    public static func pairedVariance(of variance: Double, correlation: Double) -> Double {
        2 * variance * (1 - correlation)
    }
}
