internal import PlumbTensor

/// When a requirement that is only known as a distribution can be afforded.
public struct TimelineForecast: Sendable {
    /// The requirements, log10 FLOP, in rising order.
    public let requirements: [Double]
    /// The years, in rising order; ``ComputeSupply/lastYear`` + 1 stands for never.
    public let years: [Int]
    private let supply: ComputeSupply

    /// The forecast of sampled requirements.
    public init(_ requirements: [Double], _ supply: ComputeSupply) {
        self.requirements = requirements.sorted()
        self.supply = supply
        years = requirements.map(supply.year(affording:)).sorted()
    }

    /// The probability that it is afforded in `year` or before.
    public func probability(by year: Int) -> Double {
        var (low, high) = (0, years.count)
        while low < high {
            let middle = (low + high) / 2
            if years[middle] <= year { low = middle + 1 } else { high = middle }
        }
        return Double(low) / Double(years.count)
    }

    /// The year by which it is afforded with probability `fraction`; ``ComputeSupply/lastYear`` + 1 stands for never.
    public func year(_ fraction: Double) -> Double { Statistics.quantile(years.map(Double.init), fraction) }

    /// The quantile of the requirement, log10 FLOP.
    public func requirement(_ fraction: Double) -> Double { Statistics.quantile(requirements, fraction) }
}

/// What one assumption does to the median year.
public struct Swing: Sendable, Codable, Equatable {
    /// The assumption.
    public let assumption: String
    /// Years by which the median moves where the assumption is at its low end.
    public let low: Double
    /// The same at its high end.
    public let high: Double
    /// The distance between both, in years.
    public var size: Double { abs(high - low) }
}

extension Swing {
    /// By how many years the largest of swings in falling order exceeds the next; NaN of fewer than two.
    public static func lead(_ swings: [Swing]) -> Double {
        swings.count > 1 ? swings[0].size - swings[1].size : .nan
    }

    /// The means of the same assumptions' swings in several samples, largest first.
    public static func means(_ samples: [[Swing]]) -> [Swing] {
        let all = samples.flatMap { $0 }
        let names = samples.first?.map(\.assumption) ?? []
        let means = names.map { name in
            let same = all.filter { $0.assumption == name }
            return Swing(
                assumption: name, low: Statistics.mean(same.map(\.low)), high: Statistics.mean(same.map(\.high)))
        }
        return means.sorted { $0.size > $1.size }
    }
}
