import PlumbLearning
import PlumbRecords
import Testing

@Suite struct SharedBinsTests {
    @Test func samplesAreCountedInBinsThatTheyShare() {
        let chart = BarChart(
            title: "t", caption: "c", valueLabel: "score", countLabel: "prompts",
            samples: [("a", [0, 1, 1, .nan]), ("b", [4, 2, .infinity])], bins: 4)
        #expect(chart.categories == ["0.5", "1.5", "2.5", "3.5"])
        #expect(chart.series.map(\.name) == ["a", "b"])
        #expect(chart.series.map(\.values) == [[1, 2, 0, 0], [0, 0, 1, 1]])
    }

    @Test func oneValueHasABinOfWidthOne() {
        let chart = BarChart(
            title: "t", caption: "c", valueLabel: "score", countLabel: "prompts", samples: [("a", [3, 3])], bins: 2)
        #expect(chart.categories == ["3.5", "4.5"] && chart.series[0].values == [2, 0])
    }
}
