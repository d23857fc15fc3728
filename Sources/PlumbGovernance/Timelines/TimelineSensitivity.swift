public import PlumbRecords
public import PlumbTensor

/// Which assumption of a timeline moves its median most: each in turn is put to its low and to its high end while all
/// others stay.
///
/// The ends are the 5 % and 95 % quantiles of what is uncertain. What the report holds for known is changed by a stated
/// factor, and logarithms by a stated number of decades.
public struct TimelineSensitivity: SettingGroup {
    @Setting("Factor by which known rates and amounts are divided and multiplied in the tornado chart.", 1.001...100)
    public var factor = 1.5
    @Setting("Decades by which known logarithms are lowered and raised in it.", 0.001...10) public var decades = 1.0

    /// The factor and decades of the report's page.
    public init() {}

    /// The swings of all assumptions, largest first.
    public func swings(
        _ requirement: TrainingRequirement, _ supply: ComputeSupply, samples: Int, key: RandomKey
    ) -> [Swing] {
        let base = requirement.samples(samples, key: key)
        let center = median(base, supply)
        var swings: [Swing] = []
        for variable in RequirementVariable.allCases {
            if case .constant? = requirement.beliefs[variable] { continue }
            swings.append(swing(of: variable, in: requirement, supply, samples: samples, key: key, center: center))
        }
        for (name, path, isLogarithm) in Self.known {
            let ends = [-1.0, 1].map { side in
                var changed = supply
                if isLogarithm {
                    changed[keyPath: path] += side * decades
                } else {
                    changed[keyPath: path] *= side < 0 ? 1 / factor : factor
                }
                return median(base, changed) - center
            }
            swings.append(Swing(assumption: name, low: ends[0], high: ends[1]))
        }
        return swings.sorted { ($0.size, $1.assumption) > ($1.size, $0.assumption) }
    }

    /// The swing of one uncertain quantity, between its 5 % and 95 % quantiles.
    ///
    /// - Parameter center: the median year where it is known already.
    public func swing(
        of variable: RequirementVariable, in requirement: TrainingRequirement, _ supply: ComputeSupply, samples: Int,
        key: RandomKey, center: Double? = nil
    ) -> Swing {
        let center = center ?? median(requirement.samples(samples, key: key), supply)
        let ends = [0.05, 0.95].map { fraction in
            median(requirement.knowing(variable, atQuantile: fraction).samples(samples, key: key), supply) - center
        }
        return Swing(assumption: variable.rawValue, low: ends[0], high: ends[1])
    }

    private func median(_ requirements: [Double], _ supply: ComputeSupply) -> Double {
        TimelineForecast(requirements, supply).year(0.5)
    }

    private static var known: [(String, WritableKeyPath<ComputeSupply, Double>, Bool)] {
        [
            ("hardware's first price", \.flopPerDollar, true), ("hardware's doubling time", \.hardwareDoubling, false),
            ("hardware's ceiling", \.hardwareCeiling, true), ("algorithms' fastest halving", \.fastestHalving, false),
            ("algorithms' slowest halving", \.slowestHalving, false),
            ("algorithms' least reduction", \.leastReduction, true),
            ("algorithms' most reduction", \.mostReduction, true), ("first spending", \.spending, true),
            ("spending's doubling time", \.spendingDoubling, false), ("output", \.output, false),
            ("share of output", \.outputShare, false),
        ]
    }
}
