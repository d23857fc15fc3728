internal import Foundation
public import PlumbTensor

/// What is believed about a number: a distribution that can be sampled and whose quantiles are known.
///
/// Its text form is what settings and files hold, for example `3`, `uniform(2,5)`, `normal(8.7,0.35)`,
/// `normal90(-2,2)` and `lognormal90(11,19.5)`, whose two numbers are the ends of the central 90 % interval, or a
/// mixture, `0.5*lognormal90(2,5) + 0.5*lognormal90(5,9)`.
public indirect enum Distribution: Sendable, Equatable {
    /// A number that is known.
    case constant(Double)
    /// Every number between two ends is as likely as any other.
    case uniform(Double, Double)
    /// The normal distribution.
    case normal(mean: Double, deviation: Double)
    /// The logarithm is normally distributed, with this mean and deviation.
    case lognormal(logMean: Double, logDeviation: Double)
    /// One of several distributions, each with its weight; the weights add up to 1.
    case mixture([Part])

    /// A part of a mixture.
    public struct Part: Sendable, Equatable {
        /// The probability that the number is drawn from ``distribution``.
        public let weight: Double
        /// What it is then drawn from.
        public let distribution: Distribution

        /// A part with its weight.
        public init(weight: Double, _ distribution: Distribution) {
            (self.weight, self.distribution) = (weight, distribution)
        }
    }

    /// A normal distribution by its central 90 % interval.
    public static func normal90(_ low: Double, _ high: Double) -> Distribution {
        .normal(mean: (low + high) / 2, deviation: (high - low) / 2 / Normal.interval90)
    }

    /// A lognormal distribution by its central 90 % interval; both ends are above 0.
    public static func lognormal90(_ low: Double, _ high: Double) -> Distribution {
        .lognormal(logMean: (log(low) + log(high)) / 2, logDeviation: (log(high) - log(low)) / 2 / Normal.interval90)
    }

    /// Refuses a distribution that cannot be sampled.
    ///
    /// - Throws: ``GovernanceError`` saying what is wrong with it.
    public func check() throws {
        switch self {
        case .constant(let value):
            guard value.isFinite else { throw GovernanceError("a known number is finite, found \(value)") }
        case .uniform(let low, let high):
            guard low < high, (high - low).isFinite else {
                throw GovernanceError(
                    "a uniform distribution needs a lower end below its upper end, found \(low) and \(high)")
            }
        case .normal(let mean, let deviation):
            guard mean.isFinite, deviation > 0, deviation.isFinite else {
                throw GovernanceError(
                    "a normal distribution needs a deviation above 0, its lower end below its upper end; found the mean "
                        + "\(mean) and the deviation \(deviation)")
            }
        case .lognormal(let mean, let deviation):
            guard mean.isFinite, deviation > 0, deviation.isFinite else {
                throw GovernanceError(
                    "a lognormal distribution needs ends above 0, the lower below the upper; found the mean \(mean) "
                        + "and the deviation \(deviation) of the logarithm")
            }
        case .mixture(let parts):
            let total = parts.reduce(0) { $0 + $1.weight }
            guard abs(total - 1) < 1e-6, parts.allSatisfy({ $0.weight >= 0 }) else {
                throw GovernanceError("the weights of a mixture are 0 or more and add up to 1, found \(total)")
            }
            for part in parts { try part.distribution.check() }
        }
    }

    /// A number drawn from it.
    public func sample(_ random: inout RandomKey.Generator) -> Double {
        switch self {
        case .constant(let value): return value
        case .uniform(let low, let high): return low + (high - low) * random.uniform()
        case .normal(let mean, let deviation): return mean + deviation * random.normal()
        case .lognormal(let mean, let deviation): return exp(mean + deviation * random.normal())
        case .mixture(let parts):
            var rest = random.uniform()
            for part in parts {
                rest -= part.weight
                if rest < 0 { return part.distribution.sample(&random) }
            }
            return parts.last?.distribution.sample(&random) ?? .nan
        }
    }

    /// The probability of a number of at most `value`.
    public func cumulative(_ value: Double) -> Double {
        switch self {
        case .constant(let known): value >= known ? 1 : 0
        case .uniform(let low, let high): min(1, max(0, (value - low) / (high - low)))
        case .normal(let mean, let deviation): Statistics.normalCumulative((value - mean) / deviation)
        case .lognormal(let mean, let deviation):
            value <= 0 ? 0 : Statistics.normalCumulative((log(value) - mean) / deviation)
        case .mixture(let parts): parts.reduce(0) { $0 + $1.weight * $1.distribution.cumulative(value) }
        }
    }

    /// The number below which it lies with probability `fraction`.
    ///
    /// - Precondition: the fraction is above 0 and below 1.
    public func quantile(_ fraction: Double) -> Double {
        switch self {
        case .constant(let value): return value
        case .uniform(let low, let high): return low + (high - low) * fraction
        case .normal(let mean, let deviation): return mean + deviation * Statistics.normalQuantile(fraction)
        case .lognormal(let mean, let deviation): return exp(mean + deviation * Statistics.normalQuantile(fraction))
        case .mixture(let parts):
            let quantiles = parts.map { $0.distribution.quantile(fraction) }
            guard var low = quantiles.min(), var high = quantiles.max() else { return .nan }
            for _ in 0..<200 where low < high {
                let middle = (low + high) / 2
                if cumulative(middle) < fraction { low = middle } else { high = middle }
            }
            return high
        }
    }
}

/// The standard normal distribution.
enum Normal {
    /// Its 95 % quantile: half the width of the central 90 % interval.
    static let interval90 = 1.6448536269514722
}
