import Foundation
import PlumbRecords
import Testing

@testable import PlumbReport

@Suite struct FigureTests {
    private let table = Table(
        "t", title: "effect, in words", rowLabel: "layer", columnLabel: "head", rows: ["0", "1"],
        columns: ["a", "b, c"],
        values: [[-6, 6], [0, 1.5]], unit: "logits")

    private func findings(_ map: HeatMap) -> Findings { Findings(tables: [table], figures: [.heatMap(map)]) }

    @Test func aNormalizedHeatMapShowsRecoveryAndKeepsTheLogits() throws {
        var map = HeatMap(
            table: "t", title: "t", caption: "", center: -6, references: [.init("corrupted", -6), .init("clean", 6)],
            normalization: .init(zero: -6, one: 6))
        let figure = Figure.heatMap(map)
        let svg = try #require(figure.svg(in: findings(map)))
        #expect(svg.contains("layer 0 · head b, c: recovery 1 (6 logits)"))
        #expect(svg.contains(">clean 1.00</text>"))
        #expect(svg.contains(">corrupted 0.00</text>"))
        #expect(svg.contains(">recovery</text>"))
        #expect(figure.csv(in: findings(map)) == "\"layer \\ head\",a,\"b, c\"\r\n0,-6,6\r\n1,0,1.5\r\n")
        let text = TerminalHeatMap(map, table: table).render()
        #expect(text.contains("recovery -1.00"))
        #expect(text.hasPrefix("Effect, in words\n"))
        let strongest = TerminalTable(strongest: 1, of: map, table: table).render()
        #expect(strongest.contains("logits  recovery"))
        #expect(strongest.contains("     6      1.00"))
        // Records from before there was a normalization still read, and a normalization that is none is left aside.
        let encoded = try JSONValue(encoding: figure)
        #expect(try encoded.decode(Figure.self) == figure)
        map.normalization = nil
        #expect(try JSONValue(encoding: Figure.heatMap(map))["normalization"] == nil)
        map.normalization = .init(zero: 2, one: 2)
        #expect(try #require(Figure.heatMap(map).svg(in: findings(map))).contains("head b, c: 6 logits"))
    }

    @Test func colorsThatAreClippedAreMarked() throws {
        let map = HeatMap(table: "t", title: "t", caption: "", domain: .init(-1, 1))
        let svg = try #require(Figure.heatMap(map).svg(in: findings(map)))
        #expect(svg.contains(">to 6</text>"))
        #expect(svg.contains(">to \u{2212}6</text>"))
        let sentence =
            "The color bar is clipped: values up to 6 have the last color, and values down to -6 have the first color."
        #expect(HTMLReport.page(findings(map), title: "x").contains(sentence))
        #expect(TerminalHeatMap(map, table: table).render(TerminalStyle(width: 120)).contains(sentence))
        let whole = HeatMap(table: "t", title: "t", caption: "", domain: .init(-6, 6))
        #expect(!HTMLReport.page(findings(whole), title: "x").contains("clipped"))
    }

    @Test func aConditionHasOneColorInAllFigures() throws {
        func chart(_ names: [String]) -> Figure {
            .lineChart(
                LineChart(
                    title: "", caption: "", x: Axis("x"), y: Axis("y"),
                    series: names.map { .init($0, x: [0, 1], y: [0, 1]) }))
        }
        let findings = Findings(figures: [chart(["a", "b"]), chart(["b", "c"]), chart(["c"])])
        let colors = ConditionColors(findings.figures)
        #expect(colors.indices(["a", "b"]) == [0, 1])
        #expect(colors.indices(["b", "c"]) == [1, 2])
        #expect(colors.indices(["c"]) == [2])
        // No figure uses one color twice while there are others.
        let many = (0..<10).map { "s\($0)" }
        let crowded = ConditionColors([chart(many)])
        #expect(Set(crowded.indices([many[0], many[8]])).count == 2)
        let svg = try #require(findings.figures[1].svg(in: findings))
        let color = RGB(hex: SVGCanvas.Paint.lightSeries[1]).hex
        let key = try #require(svg.range(of: "<rect class=\"f-c1\"") ?? svg.range(of: "class=\"f-c1\""))
        #expect(svg[key.lowerBound...].prefix(200).contains(color))
    }

    @Test func estimatesStandAgainstExactValuesOnEqualAxes() {
        let points = ScatterPlot(
            title: "", caption: "", x: Axis("exact"), y: Axis("estimate"),
            groups: [.init("a", x: [0, 10], y: [1, 2])], showsDiagonal: true)
        let frame = PlotFrame(
            .init(x: [0, 10], y: [1, 2], yAxis: points.y, isSquare: true))
        #expect(frame.x.lower == frame.y.lower)
        #expect(frame.x.upper == frame.y.upper)
        #expect(frame.right - frame.left == frame.bottom - frame.top)
        let drawing = ChartDrawing.scatter(points)
        #expect(drawing.svg.contains("stroke-dasharray=\"4 4\""))
    }

    @Test func sharesAreNeverOnALogarithmicAxis() {
        #expect(Axis("share of mazes", scale: .logarithmic).drawnScale == .linear)
        #expect(Axis("accuracy", scale: .logarithmic).drawnScale == .linear)
        #expect(Axis("1 - cosine", scale: .logarithmic).drawnScale == .logarithmic)
        #expect(Axis("loss", scale: .logarithmic).drawnScale == .logarithmic)
    }

    @Test func namesOfBarsAreWholeWhateverTheirLength() {
        let names =
            ["distributional shift, second test, with a very long name", "b"] + (0..<9).map { "category \($0)" }
        let drawing = ChartDrawing.bar(
            BarChart(
                title: "", caption: "", categories: names, categoryLabel: "", y: Axis("y"),
                series: [.init("a", values: names.map { _ in 1 })]))
        for name in names { #expect(drawing.svg.contains(">\(name)</text>"), "\(name)") }
        #expect(!drawing.svg.contains("…"))
    }

    @Test func figuresAreWrittenAsFiles() {
        let files = FigureFiles.files(of: TrainingFixture.record)
        #expect(
            files.map(\.name).prefix(4) == [
                "figure-1-three-phases-of-grokking.svg", "figure-1-three-phases-of-grokking.csv",
                "figure-2-five-features-in-two-dimensions.svg", "figure-2-five-features-in-two-dimensions.csv",
            ])
        #expect(Set(files.map(\.name)).count == files.count)
        let page = HTMLReport.render(TrainingFixture.record)
        for file in files {
            #expect(page.contains("download=\"\(file.name)\""), "\(file.name)")
            #expect(page.contains(Data(file.text.utf8).base64EncodedString()), "\(file.name)")
        }
    }

    @Test func vectorsAreDrawnInTheTerminal() {
        let text = TerminalReport(TrainingFixture.record).render()
        #expect(text.contains("sparsity 0                 sparsity 0.8               sparsity 0.9"))
        let drawn = text.unicodeScalars.count { (0x2801...0x28FF).contains($0.value) }
        #expect(drawn > 60)
    }

    @Test func whatCouldNotBeMeasuredIsNeitherGreenNorRed() {
        var record = Fixture.record
        record.findings.claims[1].holds = nil
        record.findings.claims[1].observed = nil
        record.findings.claims[1].reason = "both answers are equally likely"
        let text = TerminalReport(record).claims(TerminalStyle(width: 100))
        #expect(
            text.contains("○ A single head restores more than half of the answer: not measurable (at least 50 %)\n"))
        #expect(text.contains("\n  not measurable: both answers are equally likely\n"))
        #expect(!text.contains("nan"))
        let page = HTMLReport.render(record)
        #expect(page.contains("1 of 2 claims holds, 1 is not measurable."))
        #expect(page.contains("class=\"verdict open\""))
        #expect(page.contains("Not measurable: <bdi>both answers are equally likely</bdi>."))
    }

    @Test func aFewSeedsShowTheirValuesAndManyAnInterval() {
        let interval = Interval(lower: 0.1, upper: 0.3, method: "bootstrap")
        #expect(Metric("m", 0.2, interval: interval, values: [0.1, 0.2, 0.3]).spread == "0.1, 0.2, 0.3")
        #expect(Metric("m", 0.2, interval: interval, values: Array(repeating: 0.2, count: 8)).spread == "[0.1, 0.3]")
        #expect(Metric("m", 12, interval: Interval(lower: 12, upper: 12, method: "range")).spread == "")
    }
}
