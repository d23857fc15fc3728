import Foundation
import PlumbBasics
import PlumbRecords
import Testing

/// `Documentation/records.md` names every member of what is written, and none that is not.
@Suite struct RecordsPageTests {
    private let page: String
    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: root.appendingPathComponent("Documentation/records.md"), encoding: .utf8)
    }

    /// A record in which no optional member is absent.
    private func fullRecord() -> RunRecord {
        var record = Fixture.record()
        record.cpuSeconds = 2
        record.card.aliases = ["fixture"]
        record.build = Build(executable: "00ff", commit: "00ff+")
        record.artifacts[0].sha256 = "00ff"
        record.curves = [Curve("loss/train", x: [1], y: [2], count: 3, omitted: 2, firstOmitted: 2)]
        record.findings.metrics.append(
            Metric(
                "accuracy", 0.5, interval: Interval(lower: 0, upper: 1, method: "none"), n: 2, seeds: [1, 2],
                values: [0, 1], isHeadline: true))
        record.findings.claims.append(
            ClaimResult(
                "It was measured", threshold: "at least 1", observed: nil, holds: nil,
                control: ControlResult("Nothing else was", observed: nil, holds: nil, met: 0),
                reason: "nothing was run",
                n: 1, seeds: [1], met: 0,
                development: Development(missed: 1, controlMissed: 0, count: 50, controlCount: 50), power: 0.98,
                expected: .notMeasurable, quantity: "gap")
        )
        record.findings.figures += [
            .heatMap(
                HeatMap(
                    table: "resid_pre", title: "", caption: "", center: 0, domain: .init(0, 1),
                    normalization: .init(zero: 0, one: 1), cellTexts: [["a"]])),
            .lineChart(
                LineChart(
                    title: "", caption: "", x: Axis("step"), y: Axis("loss"), series: [],
                    references: [ReferenceValue("best", 0)], markers: [.init("here", x: 1)])),
            .vectors(
                VectorPlot(
                    title: "", caption: "", panels: [.init("p", vectors: [.init("0", x: 1, y: 1, value: 1)])],
                    valueLabel: "importance")),
            .grids(
                GridFigure(
                    title: "", caption: "", panels: [.init("p", rows: ["A"], path: [.init(0, 0)], values: [[1]])],
                    legend: [.init("A", "agent", .agent)])),
            .graph(
                GraphFigure(
                    title: "", caption: "",
                    panels: [.init("p", nodes: [.init("a"), .init("b")], edges: [.init("a", "b")])])),
            .images(
                ImageFigure(
                    title: "", caption: "",
                    panels: [.init("p", height: 1, width: 1, channels: 1, values: [0.5])])),
        ]
        return record
    }

    /// The keys of a value and of all within it; names of settings are the experiments' own, names of tables their data.
    private func keys(_ value: JSONValue, isNamed: Bool = true) -> Set<String> {
        switch value {
        case .object(let members):
            members.reduce(into: isNamed ? Set(members.keys) : []) { found, member in
                guard member.key != "settings" || !isNamed else { return }
                found.formUnion(keys(member.value, isNamed: !(isNamed && member.key == "tables")))
            }
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(keys($1)) }
        default: []
        }
    }

    private func written() throws -> Set<String> {
        let record = fullRecord()
        let events: [RunEvent.Kind] = [
            .started(commandLine: ["plumb"]),
            .progress(
                label: "training", fraction: 0.5, detail: RunProgress(1, of: 2, values: [.init("loss", 1)])),
            .metric(Metric("m", 1)), .point(series: "loss", x: 1, y: 1), .note("n"),
            .input(InputFile(path: "p", sha256: "", bytes: 1, role: "r")),
            .artifact(Artifact(name: "a", path: "p", kind: "k")), .failed("why"),
        ]
        return try events.reduce(into: keys(record.contract()).union(keys(JSONValue(encoding: record)))) {
            $0.formUnion(keys(try JSONValue(encoding: RunEvent($1))))
        }
    }

    @Test func everyMemberStandsInThePage() throws {
        let missing = try written().filter { !page.contains("`\($0)`") }
        #expect(missing.sorted() == [])
    }

    @Test func thePageNamesNoOtherMember() throws {
        let written = try written()
        for line in page.split(separator: "\n") where line.hasPrefix("| `") {
            for name in line.split(separator: "|")[0].matches(of: /`(\w+)`/).map({ String($0.output.1) }) {
                #expect(written.contains(name), "\(name) is in the page, but is never written")
            }
        }
    }

    @Test func thePageSaysWhichVersionItDescribes() throws {
        #expect(page.contains("The format has the version \(RunRecord.currentFormat), which"))
        #expect(try fullRecord().contract()["formatVersion"]?.int == RunRecord.currentFormat)
    }
}
