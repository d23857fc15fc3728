internal import Foundation
internal import PlumbBasics

extension Statistics {
    /// Φ: the probability that a standard normal variable is at most `value`.
    public static func normalCumulative(_ value: Double) -> Double { erfc(-value / 2.0.squareRoot()) / 2 }

    /// Φ⁻¹: the number that a standard normal variable lies below with this probability, by bisection of Φ to the last
    /// digit.
    ///
    /// - Precondition: the probability is above 0 and below 1.
    public static func normalQuantile(_ probability: Double) -> Double {
        require(
            probability > 0 && probability < 1, "a normal quantile needs a probability in (0, 1), got \(probability)")
        var (below, above) = (-40.0, 40.0)
        while true {
            let middle = (below + above) / 2
            guard middle > below, middle < above else { return middle }
            if normalCumulative(middle) < probability { below = middle } else { above = middle }
        }
    }
}
