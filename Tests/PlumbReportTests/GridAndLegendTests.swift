import PlumbRecords
import Testing

@testable import PlumbReport

@Suite struct GridAndLegendTests {
    @Test func numbersOfCellsAreBlocksInTheTerminal() {
        let figure = GridFigure(
            title: "Rewards", caption: "",
            panels: [.init("true", rows: ["   ", "# A"], values: [[-1, 0, 1], [1, .nan, 1]])], legend: [],
            valueLabel: "reward")
        #expect(TerminalGrid(figure).render() == "Rewards\ntrue\n ▒█\n# A\nreward -1  ░▒▓█ 1\n")
    }

    @Test func wayAndNumbersOfOneSizeAreDrawn() {
        let flat = GridFigure(
            title: "Flat", caption: "",
            panels: [.init("x", rows: ["  "], path: [.init(0, 0)], values: [[2, 2]])], legend: [])
        #expect(TerminalGrid(flat).render() == "Flat\nx\n·▒\nvalue 2  ░▒▓█ 2\n")
        let bare = GridFigure(title: "Bare", caption: "", panels: [.init("x", rows: ["# "])], legend: [])
        #expect(TerminalGrid(bare).render() == "Bare\nx\n#\n")
    }

    @Test func everySeriesOfAChartIsNamed() {
        let names = (1...6).map { "what is wanted, after \($0)00 comparisons" }
        func chart(_ names: [String]) -> String {
            ChartDrawing.line(
                LineChart(
                    title: "Many", caption: "", x: Axis("n"), y: Axis("mean"),
                    series: names.map { .init($0, x: [0, 1], y: [0, 1]) })
            ).svg
        }
        let drawn = chart(names)
        for name in names { #expect(drawn.contains(">\(name)</text>")) }
        #expect(chart((1...40).map { "a series with a long name, number \($0)" }).contains(">+ 30</text>"))
    }

    @Test func tablesAreRoundedAndShowTheirRanges() {
        let table = Table(
            "t", title: "T", rowLabel: "world", columnLabel: "", rows: ["a"], columns: ["x", "y"],
            values: [[0.1 + 0.2, -2]], lower: [[0.25, -2]], upper: [[0.5, -2]])
        let markup = DataTable.markup(table)
        #expect(markup.contains("<th>world</th>"))
        #expect(markup.contains("title=\"0.30000000000000004\">0.3 [0.25, 0.5]</td>"))
        #expect(markup.contains("title=\"-2\">\u{2212}2</td>"))
        #expect(FigureData(table).markup().contains(">0.30000000000000004</td>"))
    }
}
