internal import PlumbRecords
internal import PlumbTensor

/// Numbers measured once a seed, as metrics and lines with an interval over seeds.
struct OverSeeds {
    let seeds: [UInt64]
    private let key: RandomKey
    static let method = "percentile bootstrap over seeds, 2,000 resamples"

    init(_ seeds: [UInt64]) {
        self.seeds = seeds
        key = RandomKey(seeds.first ?? 0)["intervals"]
    }

    /// The mean of one value a seed, with its interval.
    func metric(_ name: String, _ values: [Double], unit: String = "") -> Metric {
        let bounds = Statistics.bootstrapMean(values, key: key)
        return Metric(
            name, Statistics.mean(values), unit: unit,
            interval: Interval(lower: bounds.lower, upper: bounds.upper, method: Self.method), n: values.count,
            seeds: seeds)
    }

    /// A line through means, with a band over seeds.
    ///
    /// - Parameter values: one a seed, for each place of `x`.
    func series(_ name: String, x: [Double], _ values: [[Double]]) -> LineChart.Series {
        let bounds = values.map { Statistics.bootstrapMean($0, key: key) }
        return LineChart.Series(
            name, x: x, y: values.map(Statistics.mean), lower: bounds.map(\.lower), upper: bounds.map(\.upper))
    }

    /// A claim about the mean over all seeds.
    func claim(
        _ statement: String, _ threshold: String, _ observed: Double, holds: Bool, _ control: Control
    ) -> Claim {
        Claim(
            statement, threshold: threshold, observed: observed, holds: holds, control: control, n: seeds.count,
            seeds: seeds)
    }
}
