public import PlumbRecords
internal import PlumbTensor

// Metrics, lines, bars and tables from what was measured, with one rule for intervals: from eight values on, the 95 %
// percentile bootstrap interval of the mean; below, none, and the record keeps the values themselves. The range of the
// values is drawn only where it is asked for by name.

extension Measurements {
    /// What the ends of a band or of an error bar are.
    public enum Band: Sendable {
        /// The 95 % bootstrap interval of the mean, from eight values on.
        case interval
        /// The least and the greatest value.
        case range
    }

    /// The fewest values that have an interval.
    public static let fewestForInterval = 8

    /// The values of a quantity where it could be measured.
    public func known(_ quantity: Quantity) -> [Double] { self[quantity].filter { !$0.isNaN } }
    /// The mean of a quantity where it could be measured, for sentences; NaN where it nowhere could.
    public func mean(_ quantity: Quantity) -> Double { Statistics.mean(known(quantity)) }
    /// The least value of a quantity; NaN where it could not be measured.
    public func least(_ quantity: Quantity) -> Double { Statistics.least(known(quantity)) }
    /// The greatest value of a quantity; NaN where it could not be measured.
    public func greatest(_ quantity: Quantity) -> Double { Statistics.greatest(known(quantity)) }

    /// A mean share and its range, for sentences: "70 % (4 % to 96 % over seeds)".
    public func percent(_ quantity: Quantity) -> String {
        "\(Phrase.percent(mean(quantity))) (\(Phrase.percent(least(quantity))) to "
            + "\(Phrase.percent(greatest(quantity))) over \(quantity.sample)s)"
    }

    /// A sentence about the samples in which a quantity could not be measured, after a space; empty where it could in all.
    public func leftOut(_ quantity: Quantity, _ samples: String, because reason: String) -> String {
        let missing = self[quantity].count(where: \.isNaN)
        return missing == 0 ? "" : " \(missing) of \(self[quantity].count) \(samples) are left out, because \(reason)."
    }

    /// The 95 % percentile bootstrap interval of the mean of `values`, 2,000 resamples; `nil` for fewer than eight values,
    /// or where they do not vary. The same name, values and first seed give the same interval.
    public func interval(_ name: String, _ values: [Double], per sample: String = "seed") -> Interval? {
        guard values.count >= Self.fewestForInterval, Set(values).count > 1, values.allSatisfy(\.isFinite) else {
            return nil
        }
        let ends = Statistics.bootstrapMean(values, key: RandomKey(seeds.first ?? 0)[name])
        return Interval(
            lower: ends.lower, upper: ends.upper, method: "percentile bootstrap over \(sample)s, 2,000 resamples")
    }

    /// Notes the lower end of a quantity's 95 % interval as a quantity of its own, or why there is none. Where all values
    /// are equal it is their value.
    public mutating func setLowerEnd(_ end: Quantity, of quantity: Quantity) {
        let values = self[quantity]
        if let interval = interval(quantity.name, values, per: quantity.sample) {
            set(end, interval.lower)
        } else if let odd = values.first(where: { !$0.isFinite }) {
            leave(end, because: "\(quantity.name.replacing("_", with: " ")) is \(odd) in a \(quantity.sample)")
        } else if values.count >= Self.fewestForInterval {
            set(end, values[0])
        } else {
            leave(
                end,
                because: "an interval needs \(Self.fewestForInterval) \(quantity.sample)s, there are \(values.count)")
        }
    }

    /// A quantity as a metric: the mean of its values, with their interval and the values themselves.
    public func metric(_ quantity: Quantity) -> Metric { metric(quantity, self[quantity]) }

    /// `values` as the metric of a quantity that no claim is about.
    public func metric(_ quantity: Quantity, _ values: [Double]) -> Metric {
        let isSeeded = quantity.sample == "seed" && values.count == seeds.count
        return Metric(
            quantity.name, Statistics.mean(values), unit: quantity.unit,
            interval: interval(quantity.name, values, per: quantity.sample), n: values.isEmpty ? nil : values.count,
            seeds: isSeeded ? seeds : nil, values: values.count > 1 ? values : nil, isHeadline: quantity.isHeadline)
    }

    /// Quantities as metrics, in this order.
    public func metrics(_ quantities: Quantity...) -> [Metric] { quantities.map(metric) }

    /// The fraction `successes / count` as a metric, with its 95 % Clopper-Pearson interval, as if `count` were fixed.
    public func proportion(_ quantity: Quantity, _ successes: Int, of count: Int) -> Metric {
        let ends = Statistics.proportionInterval(successes: successes, of: count)
        return Metric(
            quantity.name, Double(successes) / Double(count), unit: quantity.unit,
            interval: Interval(
                lower: ends.lower, upper: ends.upper, method: "Clopper-Pearson over \(quantity.sample)s"),
            n: count, seeds: seeds, isHeadline: quantity.isHeadline)
    }

    /// A line through the means of `values`, which has the values of all seeds for each place of `x`.
    public func line(
        _ name: String, over x: [Double], _ values: [[Double]], band: Band = .interval
    ) -> LineChart.Series {
        let ends = ends(values.map { (name, $0) }, band)
        return LineChart.Series(name, x: x, y: values.map(Statistics.mean), lower: ends?.lower, upper: ends?.upper)
    }

    /// A line through one curve a seed, `curves[seed][place]`; curves that end early count where they have values.
    public func line(
        _ name: String, over x: [Double], curves: [[Double]], band: Band = .interval
    ) -> LineChart.Series {
        line(
            name, over: x,
            x.indices.map { place in curves.compactMap { $0.indices.contains(place) ? $0[place] : nil } },
            band: band)
    }

    /// A line through the means of quantities, one for each place of `x`, with the intervals of their metrics.
    public func line(
        _ name: String, over x: [Double], _ quantities: [Quantity], band: Band = .interval
    ) -> LineChart.Series {
        let ends = ends(quantities.map { ($0.name, self[$0]) }, band)
        return LineChart.Series(name, x: x, y: quantities.map(mean), lower: ends?.lower, upper: ends?.upper)
    }

    /// Bars of the means of `values`, which has the values of all seeds for each category.
    public func bars(_ name: String, _ values: [[Double]], band: Band = .interval) -> BarChart.Series {
        let ends = ends(values.map { (name, $0) }, band)
        return BarChart.Series(name, values: values.map(Statistics.mean), lower: ends?.lower, upper: ends?.upper)
    }

    /// Bars of the means of quantities, one a category, with the intervals of their metrics.
    public func bars(_ name: String, _ quantities: [Quantity], band: Band = .interval) -> BarChart.Series {
        let ends = ends(quantities.map { ($0.name, self[$0]) }, band)
        return BarChart.Series(name, values: quantities.map(mean), lower: ends?.lower, upper: ends?.upper)
    }

    /// A chart of the means of quantities, one bar each, with their intervals from eight values on.
    ///
    /// - Parameter bars: what each bar is called, and what it shows.
    public func barChart(
        title: String, caption: String, categoryLabel: String = "", y: Axis, _ bars: KeyValuePairs<String, Quantity>
    ) -> BarChart {
        let series = self.bars(y.label, bars.map(\.value))
        let intervals = series.lower == nil ? "" : "; lines are 95 % intervals"
        return BarChart(
            title: title, caption: "\(caption) Bars are means\(intervals).", categories: bars.map(\.key),
            categoryLabel: categoryLabel, y: y, series: [series])
    }

    /// A table of means, `cells[row][column]` having the values of all seeds.
    public func table(
        _ name: String, title: String, rowLabel: String, columnLabel: String, rows: [String], columns: [String],
        cells: [[[Double]]], unit: String = "", band: Band = .interval
    ) -> Table {
        let ends = cells.map { self.ends($0.map { (name, $0) }, band) }
        let isBanded = !ends.contains { $0 == nil }
        return Table(
            name, title: title, rowLabel: rowLabel, columnLabel: columnLabel, rows: rows, columns: columns,
            values: cells.map { $0.map(Statistics.mean) }, unit: unit,
            lower: isBanded ? ends.compactMap { $0?.lower } : nil, upper: isBanded ? ends.compactMap { $0?.upper } : nil
        )
    }

    private func ends(
        _ samples: [(name: String, values: [Double])], _ band: Band
    ) -> (lower: [Double], upper: [Double])? {
        let values = samples.map(\.values)
        switch band {
        case .range:
            guard values.contains(where: { $0.count > 1 }) else { return nil }
            return (values.map(Statistics.least), values.map(Statistics.greatest))
        case .interval:
            guard values.allSatisfy({ $0.count >= Self.fewestForInterval }) else { return nil }
            let intervals = samples.map { interval($0.name, $0.values) }
            return (
                zip(intervals, values).map { $0?.lower ?? Statistics.mean($1) },
                zip(intervals, values).map { $0?.upper ?? Statistics.mean($1) }
            )
        }
    }
}

extension Histogram {
    /// Counts of `values` in `bins` equal bins from the least value to the greatest; values that are no numbers are left
    /// out.
    public init(
        title: String, caption: String, x: Axis, countLabel: String, values: [Double], bins: Int,
        references: [ReferenceValue] = []
    ) {
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
        let width = high > low ? (high - low) / Double(bins) : 1
        var counts = [Double](repeating: 0, count: bins)
        for value in finite { counts[min(bins - 1, Int((value - low) / width))] += 1 }
        self.init(
            title: title, caption: caption, x: x, countLabel: countLabel,
            edges: (0...bins).map { low + Double($0) * width }, counts: counts, references: references)
    }
}

extension BarChart {
    /// Counts of several samples, a series each, in `bins` equal bins that they share, from the least value of all to the
    /// greatest; values that are no numbers are left out.
    public init(
        title: String, caption: String, valueLabel: String, countLabel: String,
        samples: [(name: String, values: [Double])], bins: Int
    ) {
        let finite = samples.map { $0.values.filter(\.isFinite) }
        let (low, high) = (finite.joined().min() ?? 0, finite.joined().max() ?? 1)
        let width = high > low ? (high - low) / Double(bins) : 1
        let counts = finite.map { values in
            var counts = [Double](repeating: 0, count: bins)
            for value in values { counts[min(bins - 1, Int((value - low) / width))] += 1 }
            return counts
        }
        self.init(
            title: title, caption: caption,
            categories: (0..<bins).map { Phrase.number(low + (Double($0) + 0.5) * width) }, categoryLabel: valueLabel,
            y: Axis(countLabel), series: zip(samples, counts).map { Series($0.name, values: $1) })
    }
}
