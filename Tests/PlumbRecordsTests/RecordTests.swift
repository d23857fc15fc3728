import Foundation
import PlumbRecords
import Testing

@Suite struct RecordTests {
    // Not-a-number is unequal to itself, so round trips are compared by their bytes.
    @Test func recordsSurviveTheirJSON() throws {
        let record = Fixture.record()
        let bytes = try record.json()
        let read = try RunRecord(json: bytes)
        #expect(try read.json() == bytes)
        #expect(read.seed == .max)
        #expect(read.findings.figures.count == 7)
        #expect(read.findings.tables[0].values[1][1].isNaN)
        #expect(read.findings.tables[0].values[1][2] == .infinity)
        #expect(read.findings.claims == record.findings.claims)
        #expect(read.started == record.started)
    }

    @Test func infiniteNumbersSurviveFoundationsOwnCoder() throws {
        let metric = Metric(
            "loss", -.infinity, interval: Interval(lower: 0, upper: .infinity, method: "m"))
        let read = try JSONDecoder().decode(Metric.self, from: JSONEncoder().encode(metric))
        #expect(read == metric)
        let table = try JSONDecoder().decode(Table.self, from: JSONEncoder().encode(Fixture.table))
        #expect(table.values[1][1].isNaN && table.upper == Fixture.table.upper)
        for figure in Fixture.figures {
            let bytes = try JSONEncoder().encode(figure)
            #expect(
                try JSONValue(encoding: JSONDecoder().decode(Figure.self, from: bytes))
                    == JSONValue(encoding: figure))
        }
    }

    @Test func contractNamesWhatScriptsRelyOn() throws {
        let contract = try JSONValue(parsing: Fixture.record().contractJSON())
        #expect(contract["experiment"]?.string == "fixture-experiment")
        #expect(contract["tables"]?["resid_pre"]?["values"]?[0]?[2]?.double == -3)
        #expect(contract["tables"]?["resid_pre"]?["columns"]?[1]?.string == " Mary")
        #expect(contract["metrics"]?[0]?["name"]?.string == "clean_logit_difference")
        #expect(contract["metrics"]?[1]?["value"]?.string == "nan")
        #expect(contract["claims"]?[0]?["holds"]?.bool == true)
        #expect(contract["claims"]?[0]?["control"]?["holds"]?.bool == false)
        #expect(contract["claims"]?[0]?["passes"]?.bool == false)
        #expect(contract["seed"] == .unsigned(.max))
        for key in ["settings", "artifacts", "inputs", "host", "version", "wallSeconds", "notes", "id"] {
            #expect(contract[key] != nil, "\(key) is missing")
        }
    }

    @Test func equalRecordsGiveEqualBytes() throws {
        #expect(try Fixture.record().contractJSON() == Fixture.record().contractJSON())
    }

    @Test func damagedRecordsAreRefusedInASentence() throws {
        let text = String(decoding: try Fixture.record().json(), as: UTF8.self)
        #expect(throws: RunStoreError.self) {
            try RunRecord(json: Data(text.dropLast(text.count / 2).utf8))
        }
        let newer = text.replacingOccurrences(of: "\"formatVersion\": 1", with: "\"formatVersion\": 99")
        #expect(sentence({ try RunRecord(json: Data(newer.utf8)) }).contains("update Plumbline"))
        let misshapen = text.replacingOccurrences(
            of: "\"rows\": [\"0\", \"1\"]", with: "\"rows\": [\"0\"]")
        #expect(sentence({ try RunRecord(json: Data(misshapen.utf8)) }).contains("another shape"))
    }

    @Test func strongestCellsLieFarthestFromTheBaseline() {
        let cells = Fixture.table.strongest(3, from: 1)
        #expect(cells.map(\.value) == [.infinity, -3, 2.5])
        #expect(cells[1].row == 0 && cells[1].column == 2)
        #expect(Fixture.table.strongest(100).count == 5)
    }

    @Test func tablesRefuseMisshapenMatrices() async {
        await #expect(processExitsWith: .failure) {
            _ = Table(
                "t", title: "", rowLabel: "", columnLabel: "", rows: ["a"], columns: ["b"],
                values: [[1, 2]])
        }
    }

    @Test func eventsSurviveTheirJSON() throws {
        let time = Timestamp(milliseconds: 1)
        let kinds: [RunEvent.Kind] = [
            .started(commandLine: ["plumb"]), .resumed(commandLine: ["plumb"]),
            .progress(
                label: "training", fraction: 0.25,
                detail: RunProgress(1, of: 4, unit: "epoch", values: [.init("loss", .infinity)])),
            .progress(label: "sweep", fraction: 0.5),
            .metric(Metric("m", 1)),
            .point(series: "loss", x: 1, y: .infinity), .note("n"),
            .input(InputFile(path: "p", sha256: "", bytes: 1, role: "r")),
            .artifact(Artifact(name: "a", path: "p", kind: "k")), .finished, .failed("why"), .interrupted,
        ]
        for kind in kinds {
            let event = RunEvent(kind, time: time)
            #expect(try JSONDecoder().decode(RunEvent.self, from: JSONEncoder().encode(event)) == event)
        }
    }
}
