import PlumbLearning
import PlumbRecords
import Testing

/// Numbers and figures of what was measured.
@Suite struct MeasurementsTests {
    private let gain = Quantity("gain_of_student", per: "split"), end = Quantity("gain_lower_end", per: "run")

    private func lowerEnd(_ values: [Double]) -> (end: Double?, reason: String) {
        var measured = Measurements(seeds: [3])
        measured[gain] = values
        measured.setLowerEnd(end, of: gain)
        return (measured[end].first, measured.reason(end))
    }

    @Test func theLowerEndIsThatOfTheMetricsInterval() throws {
        let values = (0..<8).map { Double($0 % 5) }
        var measured = Measurements(seeds: [3])
        measured[gain] = values
        let interval = try #require(measured.metric(gain).interval)
        #expect(lowerEnd(values).end == interval.lower && interval.lower < measured.mean(gain))
        #expect(lowerEnd([Double](repeating: 2, count: 8)).end == 2)
    }

    @Test("Sentences are about what could be measured, and say what is left out")
    func whatCouldNotBeMeasuredIsLeftOut() {
        var measured = Measurements(seeds: [3])
        measured[gain] = [0.25, .nan, 0.75, .nan]
        #expect(measured.percent(gain) == "50 % (25 % to 75 % over splits)")
        let sentence = measured.leftOut(gain, "nets", because: "they failed")
        #expect(sentence == " 2 of 4 nets are left out, because they failed.")
        #expect(measured.metric(gain).value.isNaN)
        measured[gain] = [0.5]
        #expect(measured.leftOut(gain, "nets", because: "they failed").isEmpty)
    }

    @Test func withoutAnIntervalThereIsAReason() {
        #expect(lowerEnd([1, 2, 3, 4, 5, 6, 7]).end == nil)
        #expect(lowerEnd([1, 2, 3, 4, 5, 6, 7]).reason == "an interval needs 8 splits, there are 7")
        #expect(lowerEnd([]).reason == "an interval needs 8 splits, there are 0")
        #expect(lowerEnd([1, 2, 3, 4, 5, 6, 7, .nan]).reason == "gain of student is nan in a split")
    }

    @Test func figuresShowTheIntervalsOfMetrics() throws {
        var measured = Measurements(seeds: [3])
        measured[gain] = (0..<9).map { Double($0 * $0) }
        let interval = try #require(measured.metric(gain).interval)
        let (bars, line) = (measured.bars("any", [gain]), measured.line("any", over: [1], [gain]))
        #expect(bars.lower == [interval.lower] && bars.upper == [interval.upper])
        #expect(line.lower == [interval.lower] && line.upper == [interval.upper])
    }

    @Test func barsAreMeansWithIntervalsFromEightValuesOn() {
        let other = Quantity("other", per: "split")
        func chart(_ count: Int) -> BarChart {
            var measured = Measurements(seeds: [3])
            (measured[gain], measured[other]) = ((0..<count).map(Double.init), [Double](repeating: 1, count: count))
            return measured.barChart(title: "t", caption: "Gains.", y: Axis("gain"), ["student": gain, "other": other])
        }
        let (few, many) = (chart(3), chart(9))
        #expect(few.categories == ["student", "other"] && few.series.map(\.values) == [[1, 1]])
        #expect(few.series[0].lower == nil && few.caption == "Gains. Bars are means.")
        #expect(many.series[0].values == [4, 1] && many.series[0].lower?[1] == 1)
        #expect(many.caption == "Gains. Bars are means; lines are 95 % intervals.")
        #expect((many.series[0].lower?[0] ?? 9) < 4 && (many.series[0].upper?[0] ?? 0) > 4)
    }
}
