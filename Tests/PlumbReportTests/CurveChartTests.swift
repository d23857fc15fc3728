import Foundation
import PlumbRecords
import PlumbReport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct CurveChartTests {
    private func record(_ curves: [Curve]) -> RunRecord {
        var record = Fixture.record
        record.findings = Findings()
        record.curves = curves
        return record
    }

    @Test func linesOfOneGroupShareAChart() {
        let page = HTMLReport.render(
            record([
                Curve("loss/train", x: [0, 1, 2], y: [3, 2, 1.5]), Curve("loss/validation", x: [0, 2], y: [3, 2]),
                Curve("accuracy/test", x: [0, 2], y: [0.1, 0.9]),
            ]))
        #expect(page.components(separatedBy: "<figure").count - 1 == 2)
        #expect(page.components(separatedBy: "<svg ").count - 1 == 2)
        #expect(page.contains("<bdi>Accuracy: test</bdi>"))
        for text in ["validation · step 2: 2", "train · step 1: 2", "<h2 id=\"curves\">", ">train</text>"] {
            #expect(page.contains(text), "\(text)")
        }
        // The numbers themselves are below the drawing.
        #expect(page.contains("<td class=\"num\">1.5</td>"))
        #expect(!page.contains("Logarithmic"))
    }

    @Test func axesAreLogarithmicWhereTheRuleSaysSo() {
        func axes(_ y: [Double], x: [Double] = [0, 1, 2], name: String = "loss") -> String {
            let page = HTMLReport.render(record([Curve(name, x: x, y: y)]))
            guard let start = page.range(of: "Logarithmic in ") else { return "" }
            return String(page[start.upperBound...].prefix { $0 != ":" })
        }
        #expect(axes([1, 10, 300]) == "")
        #expect(axes([1, 10, 400]) == "loss")
        #expect(axes([0, 10, 400]) == "")
        #expect(axes([-1, 10, 400]) == "")
        #expect(axes([1, 2, 3], x: [1, 10, 400]) == "step")
        #expect(axes([1, 2, 3000], x: [1, 10, 400]) == "step and loss")
        // A share may be 0, and a logarithm would hide how near to 1 it is.
        #expect(axes([0.001, 0.5, 1]) == "loss")
        #expect(axes([0.001, 0.5, 1], name: "accuracy/test") == "")
    }

    @Test func whatIsLeftOutIsSaid() {
        let recorder = CurveRecorder()
        for step in 0..<5000 {
            let y = step == 812 || step == 900 ? .nan : 1 + sin(Double(step))
            recorder.receive(RunEvent(.point(series: "loss/train", x: Double(step), y: y)))
        }
        let page = HTMLReport.render(record(recorder.curves))
        #expect(page.contains("train: 2 points left out as infinite or not a number, the first at step 812."))
        #expect(page.contains("of its points (up to 4998)"))
        // A curve that never was a number still says so, with nothing to draw.
        let none = Curve("loss/train", x: [], y: [], omitted: 3, firstOmitted: 0)
        #expect(
            HTMLReport.render(record([none])).contains(
                "3 points left out as infinite or not a number, the first at step 0"))
        #expect(TerminalReport(record([none])).render().contains("no finite points"))
    }

    @Test func longCurvesShowTheirValuesWhenPointedAt() {
        let x = (0..<400).map(Double.init)
        let page = HTMLReport.render(record([Curve("loss", x: x, y: x.map { 4 - $0 / 100 })]))
        #expect(page.components(separatedBy: "<title>loss · step ").count - 1 == 400)
        #expect(page.components(separatedBy: "fill-opacity=\"0\"").count - 1 == 400)
    }

    @Test func terminalsShowEachLineWithItsNumbers() {
        let x = (0..<8).map(Double.init)
        let text = TerminalReport(
            record([Curve("loss/train", x: x, y: x.map { 8 - $0 }), Curve("loss/test", x: [3, 7], y: [8, 4])])
        ).render(TerminalStyle(width: 60))
        let drawn = text.split(separator: "\n").first { $0.hasPrefix("train") }
        #expect(drawn == "train  ██▇▇▇▆▆▆▅▅▅▄▄▄▃▃▃▂▂▂▁▁  first 8  last 1  min 1  max 8")
        #expect(text.contains("first 8  last 4  min 4  max 8"))
        #expect(text.contains("step 0 to 7"))
        for width in [20, 40, 60, 80, 200] {
            let report = TerminalReport(TrainingFixture.record).render(TerminalStyle(width: width))
            #expect(!report.contains("\u{1B}"))
            #expect(report.split(separator: "\n").allSatisfy { $0.count <= max(width, 30) }, "\(width)")
        }
    }

    @Test func trainingFiguresAreValidDrawings() {
        let page = HTMLReport.render(TrainingFixture.record)
        let drawings = page.components(separatedBy: "<svg ").dropFirst().map { part in
            "<svg " + part.components(separatedBy: "</svg>")[0] + "</svg>"
        }
        #expect(drawings.count == 9)
        for drawing in drawings {
            let parser = XMLParser(data: Data(drawing.utf8))
            #expect(parser.parse(), "\(String(describing: parser.parserError))")
        }
        for text in [
            ">circuit forms</text>", "two layers: 0.93 [0.9, 0.95]", ">sparsity 0.8</text>",
            "0 · (0.936", ": importance 1", "<td>sparsity 0.9</td>", ">10⁻⁶</text>",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func gridsShowCellsPathsAndWhatTheyMean() {
        var record = record([])
        record.findings.figures = [.grids(TrainingFixture.grids)]
        let page = HTMLReport.render(record)
        for text in [
            "row 2, 4: goal, value 1<", "row 3, 3: lava<", ">lava</text>", ">the agent</text>",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(page.contains("2,2 2,3 2,4 2,3 3,3"), "the path, counted from 1")
        #expect(!page.contains("not there"), "what stands nowhere has no place in the legend")
        // A path and its head in each panel.
        #expect(page.components(separatedBy: "<path ").count - 1 == 4)
        let text = TerminalReport(record).render()
        #expect(text.contains("rewarded   wanted\n#####      #####\n#A·G#      #A·G#\n# L #      # L▓#\n"))
    }

    @Test func aGapInALineStaysAGap() {
        var record = record([])
        record.findings.figures = [
            .lineChart(
                LineChart(
                    title: "L", caption: "", x: Axis("x"), y: Axis("y"),
                    series: [.init("a", x: [0, 1, 2, 3, 4], y: [1, 2, .nan, 2, 1])]))
        ]
        let page = HTMLReport.render(record)
        #expect(page.components(separatedBy: "<path ").count - 1 == 2)
    }

    @Test func newFiguresSurviveTheirJSONAndOldOnesStillDecode() throws {
        for figure in [
            Figure.lineChart(TrainingFixture.grokking), .vectors(TrainingFixture.geometry),
            .grids(TrainingFixture.grids),
        ] {
            let value = try JSONValue(encoding: figure)
            #expect(try JSONValue(encoding: value.decode(Figure.self)) == value)
        }
        var chart = TrainingFixture.grokking
        chart.markers = []
        let old = try JSONValue(encoding: chart)
        #expect(old["markers"] == nil)
        #expect(try old.decode(LineChart.self).markers.isEmpty)
    }
}
