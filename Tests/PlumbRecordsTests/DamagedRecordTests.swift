import Foundation
import PlumbRecords
import Testing

/// A record that somebody edited is read or refused with the place, never drawn wrong.
@Suite struct DamagedRecordTests {
    private func record(_ figures: [Figure], curves: [Curve] = []) -> RunRecord {
        RunRecord(
            id: "e", card: Fixture.card, settings: .null, seed: 0, host: Fixture.host, arithmetic: "float32",
            started: Timestamp(milliseconds: 0), wallSeconds: 1, findings: Findings(figures: figures), curves: curves)
    }

    /// What reading says after `old` became `new`.
    private func read(_ record: RunRecord, _ old: String, _ new: String) throws -> String {
        let text = String(decoding: try JSONValue(encoding: record).text(.compact).utf8, as: UTF8.self)
        #expect(text.contains(old), "\(text)")
        do {
            _ = try RunRecord(json: Data(text.replacing(old, with: new).utf8))
            return "read"
        } catch { return "\(error)" }
    }

    @Test func curves() throws {
        let curve = record([], curves: [Curve("loss", x: [1, 2, 3], y: [3, 2, 1])])
        #expect(try read(curve, "[3,2,1]", "[3,2,1]") == "read")
        #expect(try read(curve, "[3,2,1]", "[3,2]").contains("damaged at curves.0: numbers of one series"))
        #expect(try read(curve, "[3,2,1]", "[1e308,-1e308,1]").contains("damaged at curves.0.y"))
        #expect(try read(curve, "[3,2,1]", "[\"nan\",2,1]").contains("damaged at curves.0"))
        #expect(try read(curve, "[1,2,3]", "[1,3,2]").contains("damaged at curves.0.x: places must rise"))
        #expect(try read(curve, "[1,2,3]", "[1,2,1e400]") != "read")
    }

    @Test func figures() throws {
        let line = record([
            .lineChart(
                LineChart(
                    title: "t", caption: "", x: Axis("x"), y: Axis("y"), series: [.init("a", x: [1, 2], y: [7, 8])]))
        ])
        #expect(try read(line, "[7,8]", "[7]").contains("damaged at findings.figures.0.series.0"))
        #expect(try read(line, "[7,8]", "[7,1e308]").contains("damaged at findings.figures.0.series.0.y"))
        let bars = record([
            .barChart(
                BarChart(
                    title: "t", caption: "", categories: ["a", "b"], categoryLabel: "", y: Axis("y"),
                    series: [.init("s", values: [7, 8])]))
        ])
        #expect(try read(bars, "[7,8]", "[7]").contains("1 values of 2 categories"))
        let counts = record([
            .histogram(
                Histogram(title: "t", caption: "", x: Axis("x"), countLabel: "", edges: [0, 5, 9], counts: [7, 8]))
        ])
        #expect(try read(counts, "[0,5,9]", "[0,5]").contains("2 counts need 3 edges"))
        #expect(try read(counts, "[0,5,9]", "[0,9,5]").contains("edges must be finite and rise"))
    }

    @Test func paths() throws {
        let grid = record([
            .grids(
                GridFigure(
                    title: "t", caption: "", panels: [.init("p", rows: ["#.", ".."], path: [.init(1, 0)])], legend: []))
        ])
        #expect(try read(grid, "\"row\":1", "\"row\":1") == "read")
        for row in ["9223372036854775807", "-1", "2"] {
            #expect(
                try read(grid, "\"row\":1", "\"row\":\(row)").contains("damaged at findings.figures.0.panels.0.path.0"))
        }
        #expect(try read(grid, "\"row\":1", "\"row\":9223372036854775808") != "read")
        #expect(try read(grid, "[\"#.\",\"..\"]", "[\"#.\",\"...\"]").contains("rows must be equally long"))
    }

    @Test func hugePointsAreLeftOutOfCurves() {
        let recorder = CurveRecorder()
        for (x, y) in [(1.0, 2.0), (2, 1e308), (3, -1e308), (4, 1)] {
            recorder.receive(RunEvent(.point(series: "loss", x: x, y: y)))
        }
        #expect(recorder.curves.first?.x == [1, 4] && recorder.curves.first?.omitted == 2)
    }

    #if !os(Windows)
        @Test func aPipeIsNotWaitedFor() throws {
            try Fixture.withFolder { root in
                let store = RunStore(directory: root)
                let folder = try store.create(experiment: "e", settings: .null)
                folder.abandon(.interrupted)
                let log = folder.url.appendingPathComponent("events.jsonl").path
                #expect(unlink(log) == 0 && mkfifo(log, 0o600) == 0)
                #expect(try store.list().count == 1)
                #expect(throws: RunStoreError.self) { try store.reopen(folder.id, experiment: "e") }
                #expect(mkfifo(folder.url.appendingPathComponent("record.json").path, 0o600) == 0)
                #expect(try store.find(folder.id).status == "damaged")
            }
        }
    #endif

    @Test func leftoversOfFinishedRunsGoWithTheNextRun() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            let unfinished = try store.create(experiment: "e", settings: .null)
            let finished = try store.create(experiment: "e", settings: .null)
            for folder in [unfinished, finished] {
                try Data([1]).write(to: folder.checkpointFolder.appendingPathComponent("state"))
                try Data([1]).write(to: folder.url.appendingPathComponent("record.json.1.tmp"))
            }
            var record = record([])
            record.id = finished.id
            try finished.finish(with: record)
            unfinished.abandon(.interrupted)
            #expect(!FileManager.default.fileExists(atPath: finished.checkpointFolder.path))
            #expect(unfinished.hasCheckpoint)
            // As if the process had been killed after it wrote its record.
            try FileManager.default.createDirectory(at: finished.checkpointFolder, withIntermediateDirectories: true)
            _ = try store.create(experiment: "e", settings: .null)
            let names = try FileManager.default.contentsOfDirectory(atPath: finished.url.path)
            #expect(!names.contains { $0.hasSuffix(".tmp") || $0 == "checkpoints" || $0 == ".lock" }, "\(names)")
            #expect(unfinished.hasCheckpoint)
        }
    }

    @Test func runsAreToldApartByTheSettingsThatDiffer() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            for (width, model) in [(8, "small"), (16, "large")] {
                let folder = try store.create(experiment: "e", settings: .null)
                var record = record([])
                record.id = folder.id
                record.settings = .object([
                    "width": JSONValue(width), "steps": JSONValue(3), "model": .string("/models/\(model)"),
                ])
                try folder.finish(with: record)
            }
            let entries = try store.list()
            let differences = RunDifferences(entries)
            let records = entries.compactMap(\.record)
            #expect(Set(records.map(differences.text)) == ["width 8", "width 16"])
            #expect(Set(records.map(RunDifferences.model)) == ["small", "large"])
        }
    }

    @Test func aRefusedMemoryNamesTheOptionAndTheAmount() {
        let estimate = MemoryEstimate([.init("--size 9", bytes: 6e9), .init("--steps 2", bytes: 1e9)])
        #expect(throws: Never.self) { try estimate.check(present: 14e9) }
        #expect(
            throws: SettingsError(
                "--size 9: the run would need about 7.0 GB of memory, more than half of the 8.0 GB of this machine; take "
                    + "smaller numbers")
        ) { try estimate.check(present: 8e9) }
    }
}
