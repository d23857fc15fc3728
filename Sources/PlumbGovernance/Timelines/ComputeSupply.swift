internal import Foundation
public import PlumbRecords

/// How much computation money buys, how much money is spent, and how much better algorithms get, year by year: logistic
/// growth of hardware and spending, and a reduction of the requirement that is bounded (Cotra 2020; Rethink Priorities).
public struct ComputeSupply: SettingGroup {
    @Setting("The first year.", 1900...2200) public var firstYear = 2025
    @Setting("Years looked at after the first.", 1...1000) public var years = 100
    @Setting("FLOP a dollar buys in the first year, log10.", 0...100) public var flopPerDollar = 17.6
    @Setting("Years in which it doubles.", 0.01...1e9) public var hardwareDoubling = 2.5
    @Setting("FLOP a dollar buys at the most, log10.", 0...100) public var hardwareCeiling = 24.0
    @Setting("Years in which the requirement halves by better algorithms, at the fastest.", 0.01...1e9)
    public var fastestHalving = 2.0
    @Setting("The same for a requirement of 10^29 FLOP or less.", 0.01...1e9) public var slowestHalving = 3.5
    @Setting("Factor by which algorithms can lower the requirement at the least, log10.", 0...100)
    public var leastReduction = 2.0
    @Setting("The same at the most, for large requirements, log10.", 0...100) public var mostReduction = 5.0
    @Setting("Dollars spent on one training run in the first year, log10.", 0...100) public var spending = 9.0
    @Setting("Years in which spending doubles.", 0.01...1e9) public var spendingDoubling = 2.5
    @Setting("The country's output in the first year, dollars.", 1...1e30) public var output = 24e12
    @Setting("Factor by which output grows in a year.", 0.5...2) public var outputGrowth = 1.03
    @Setting("Share of output that one run may cost.", 0...1) public var outputShare = 0.01

    /// The report's numbers, from 2025.
    public init() {}

    /// The same supply that stays as it is in the first year: hardware, spending, algorithms and output.
    public var withoutGrowth: ComputeSupply {
        var supply = self
        (supply.hardwareDoubling, supply.spendingDoubling) = (.infinity, .infinity)
        (supply.fastestHalving, supply.slowestHalving, supply.outputGrowth) = (.infinity, .infinity, 1)
        return supply
    }

    /// The last year looked at.
    public var lastYear: Int { firstYear + years }

    /// FLOP that can be bought for one run in a year, log10.
    public func affordable(_ year: Int) -> Double {
        let (time, cap) = (Double(year - firstYear), log10(output * outputShare))
        let hardware = Self.grown(flopPerDollar, time / hardwareDoubling, limit: hardwareCeiling)
        let paid = Self.grown(spending, 0, limit: cap)
        return hardware + Self.grown(paid, time / spendingDoubling, limit: cap + time * log10(outputGrowth))
    }

    /// By how much algorithms lower a requirement until a year, log10.
    public func reduction(_ requirement: Double, _ year: Int) -> Double {
        let halving = min(max(slowestHalving - ((requirement - 29) / 2).rounded() / 2, fastestHalving), slowestHalving)
        let bound = min(max(leastReduction + ((requirement - 32) / 4).rounded(), leastReduction), mostReduction)
        return max(0, Self.grown(0, Double(year - firstYear) / halving, limit: bound))
    }

    /// The first year in which the requirement can be afforded, or ``lastYear`` + 1 where there is none.
    public func year(affording requirement: Double) -> Int {
        var (low, high) = (firstYear, lastYear + 1)
        while low < high {
            let middle = (low + high) / 2
            if requirement - reduction(requirement, middle) <= affordable(middle) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    /// Logistic growth in logarithms: `start` after so many doublings, held below `limit`.
    static func grown(_ start: Double, _ doublings: Double, limit: Double) -> Double {
        let free = start + doublings * log10(2)
        // log10(10^free / (1 + 10^(free - limit))), without overflow
        let over = free - limit
        return over > 0 ? limit - log10(1 + pow(10, -over)) : free - log10(1 + pow(10, over))
    }
}
