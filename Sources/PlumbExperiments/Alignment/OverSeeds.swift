internal import PlumbRecords
internal import PlumbTensor

/// Numbers measured once a seed, as metrics, lines and claims with an interval over seeds.
struct OverSeeds {
    let seeds: [UInt64]
    static let method = "percentile bootstrap over seeds, 2,000 resamples"

    init(_ seeds: [UInt64]) { self.seeds = seeds }

    /// The ends of the 95 % interval of the mean; the same name and values give the same ends.
    func interval(_ name: String, _ values: [Double]) -> (lower: Double, upper: Double) {
        Statistics.bootstrapMean(values, key: RandomKey(seeds.first ?? 0)[name])
    }

    /// The mean of one value a seed, with its interval.
    ///
    /// - Parameter method: what the interval is over, where that is not the seeds.
    func metric(_ name: String, _ values: [Double], unit: String = "", method: String = Self.method) -> Metric {
        guard !values.isEmpty else { return Metric(name, .nan, unit: unit) }
        let bounds = interval(name, values)
        return Metric(
            name, Statistics.mean(values), unit: unit,
            interval: values.count > 1 ? Interval(lower: bounds.lower, upper: bounds.upper, method: method) : nil,
            n: values.count, seeds: seeds)
    }

    /// A line through means, with a band over seeds.
    ///
    /// - Parameter values: one a seed, for each place of `x`.
    func series(_ name: String, x: [Double], _ values: [[Double]]) -> LineChart.Series {
        let bounds = values.map { interval(name, $0) }
        return LineChart.Series(
            name, x: x, y: values.map(Statistics.mean), lower: bounds.map(\.lower), upper: bounds.map(\.upper))
    }

    /// A claim about all seeds.
    ///
    /// - Parameters:
    ///   - isSeeded: whether it depends on the seeds.
    ///   - n: how many things were measured, where that is not the number of seeds.
    func claim(
        _ statement: String, _ threshold: String, _ observed: Double, _ unit: String = "", holds: Bool,
        isSeeded: Bool = true, n: Int? = nil, _ control: ControlResult
    ) -> ClaimResult {
        ClaimResult(
            statement, threshold: threshold, observed: observed, unit: unit, holds: holds, control: control,
            n: n ?? seeds.count, seeds: isSeeded ? seeds : nil)
    }
}
