import Foundation
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

    @Test func noPathCoversALetter() throws {
        let figure = GridFigure(
            title: "Way", caption: "",
            panels: [.init("x", rows: ["A G"], path: [.init(0, 0), .init(0, 1), .init(0, 2)])],
            legend: [.init("A", "agent", .agent), .init("G", "goal", .goal)])
        let svg = GridDrawing(figure).render()
        let path = try #require(svg.range(of: "<path"))
        for letter in [">A</text>", ">G</text>"] {
            let first = try #require(svg.range(of: letter))
            #expect(path.upperBound < first.lowerBound, "the path is drawn over \(letter)")
        }
    }

    @Test func theColorsOfCellsHaveAKey() {
        let figure = GridFigure(
            title: "Rewards", caption: "", panels: [.init("true", rows: ["  "], values: [[-1.5, 2]])], legend: [],
            valueLabel: "reward")
        let svg = GridDrawing(figure).render()
        for text in ["reward", "\u{2212}1.5", ">2<"] { #expect(svg.contains(text), "no \(text) in the key") }
    }

    @Test func namesOfArrowsThatCoincideStandApart() throws {
        let plot = VectorPlot(
            title: "", caption: "",
            panels: [.init("p", vectors: ["one", "two"].map { .init($0, x: 0.5, y: 0.5, value: 1) })], valueLabel: "")
        let svg = VectorDrawing(plot).render()
        func height(_ name: String) throws -> Double {
            let line = try #require(svg.split(separator: "\n").first { $0.contains(">\(name)</text>") })
            return try #require(Double(line.firstMatch(of: /\sy="([-0-9.]+)"/)?.output.1 ?? ""))
        }
        #expect(abs(try height("one") - height("two")) > 7)
    }

    @Test func aShareThatNeverChangesLiesBetweenZeroAndOne() {
        func frame(_ label: String) -> PlotFrame { PlotFrame(.init(x: [0, 1], y: [0, 0], yAxis: Axis(label))) }
        #expect(frame("share of mazes").y.lower == 0 && frame("share of mazes").y.upper == 1)
        #expect(frame("gain").y.lower < 0)
    }

    @Test func noLineBeginsWithThePercentSign() {
        #expect(DisplayWidth.wrapped("in a share of 90 % of mazes", to: 16) == ["in a share of", "90 % of mazes"])
        #expect(DisplayWidth.wrapped("90 %", to: 3) == ["90", "%"])
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
