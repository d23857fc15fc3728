import Foundation
import PlumbRecords
import Testing

@Suite struct RunStoreTests {
    private func finish(_ folder: RunFolder) throws {
        try folder.finish(with: Fixture.record(id: folder.id))
    }

    @Test func aFinishedRunIsAFolderAPersonCanRead() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root.appendingPathComponent("deep/runs"))
            let folder = try store.create(
                experiment: "fixture-experiment", settings: .object(["a": .integer(1)]),
                at: Timestamp(milliseconds: 1_767_225_600_123))
            #expect(folder.id.hasPrefix("20260101T000000Z-fixture-experiment-"))
            #expect(RunEntry(reading: folder.url).state == .running)
            folder.receive(RunEvent(.started(commandLine: ["plumb", "run"])))
            folder.receive(RunEvent(.progress(label: "sweep", fraction: 0.1)))
            folder.receive(RunEvent(.progress(label: "sweep", fraction: 0.2)))
            folder.receive(RunEvent(.progress(label: "sweep", fraction: 1)))
            try folder.write(report: "<!doctype html>")
            try finish(folder)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
            #expect(
                names == ["artifacts", "events.jsonl", "record.json", "report.html", "settings.json"])
            let entry = try store.find(RunStore.shortID(of: folder.id))
            #expect(entry.record?.id == folder.id)
            let fractions = entry.events().compactMap { event -> Double? in
                if case .progress(_, let fraction, _) = event.kind { return fraction }
                return nil
            }
            #expect(fractions == [0.1, 1])
            #expect(entry.events().last?.kind == .finished)
        }
    }

    @Test func runsAreFoundByIdPathAndLatest() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            var folders: [RunFolder] = []
            for milliseconds in [1_000, 2_000, 3_000] {
                let time = Timestamp(milliseconds: Int64(milliseconds))
                folders.append(
                    try store.create(experiment: "fixture-experiment", settings: .null, at: time))
            }
            try finish(folders[0])
            try finish(folders[1])
            #expect(try store.list().map(\.id) == folders.reversed().map(\.id))
            #expect(try store.find("latest").id == folders[1].id)
            #expect(try store.find(folders[0].url.path).id == folders[0].id)
            #expect(try store.find(folders[0].recordFile.path).id == folders[0].id)
            #expect(try store.find(folders[2].id).state == .running)
            #expect(sentence({ try store.find("1970") }).contains("names 3 runs"))
            // What may also be another kind of name is nobody's run, or one run, but never one of several.
            #expect(try store.match("nonesuch") == nil && store.match(folders[2].id)?.id == folders[2].id)
            #expect(sentence({ try store.match("1970") ?? store.find("latest") }).contains("names 3 runs"))
            #expect(sentence({ try store.find("nonesuch") }).contains("no run \"nonesuch\""))
            #expect(sentence({ try store.record(folders[2].id) }).contains("still running"))
        }
    }

    @Test func damagedAndForeignFoldersAreListed() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            let files = FileManager.default
            for (name, content) in [
                ("foreign", nil), ("cut", "{\"formatVersion\": 1, \"id\":"), ("empty", ""),
            ] {
                let folder = root.appendingPathComponent(name)
                try files.createDirectory(at: folder, withIntermediateDirectories: true)
                if let content {
                    try Data(content.utf8).write(to: folder.appendingPathComponent("record.json"))
                }
            }
            try Data("x".utf8).write(to: root.appendingPathComponent("a-file"))
            try files.createDirectory(
                at: root.appendingPathComponent("odd/record.json"), withIntermediateDirectories: true)
            let good = try store.create(experiment: "fixture-experiment", settings: .null)
            try finish(good)
            let entries = try store.list()
            #expect(entries.count == 5)
            for entry in entries where entry.id != good.id {
                guard case .damaged = entry.state else {
                    Issue.record("\(entry.id) is \(entry.state)")
                    continue
                }
            }
            #expect(try store.find("latest").id == good.id)
            #expect(sentence({ try store.record("cut") }).contains("damaged"))
        }
    }

    @Test func aRunWithoutARecordSaysWhy() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            let interrupted = try store.create(experiment: "e", settings: .null)
            interrupted.abandon(.interrupted)
            #expect(try store.find(interrupted.id).state == .incomplete(.interrupted, "it was interrupted"))
            let failed = try store.create(experiment: "e", settings: .null)
            failed.abandon(.failed("no weights"))
            #expect(try store.find(failed.id).state == .incomplete(.failed, "it failed: no weights"))
            let discarded = try store.create(experiment: "e", settings: .null)
            discarded.discard()
            #expect(try store.list().count == 2)
        }
    }

    @Test func aLogCutShortKeepsItsWholeLines() throws {
        try Fixture.withFolder { root in
            let folder = try RunStore(directory: root).create(experiment: "e", settings: .null)
            try folder.append(RunEvent(.note("first")))
            let handle = try FileHandle(forWritingTo: folder.url.appendingPathComponent("events.jsonl"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"time\": \"20".utf8))
            try handle.close()
            #expect(RunEntry(reading: folder.url).events().map(\.kind) == [.note("first")])
        }
    }

    @Test func aMissingStoreIsEmpty() throws {
        try Fixture.withFolder { root in
            #expect(try RunStore(directory: root.appendingPathComponent("none")).list().isEmpty)
            let file = root.appendingPathComponent("file")
            try Data().write(to: file)
            #expect(sentence({ try RunStore(directory: file).list() }).contains("is a file"))
            #expect(
                sentence({ try RunStore(directory: file).create(experiment: "e", settings: .null) }).contains(
                    "is a file"))
        }
    }

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: "/dev/full"),
            "needs /dev/full, a disk that is always full"))
    func aFullDiskIsNamedAndFailsTheRun() throws {
        try Fixture.withFolder { root in
            let folder = try RunStore(directory: root).create(experiment: "e", settings: .null)
            let artifacts = folder.artifactFolder.path
            try FileManager.default.removeItem(atPath: artifacts)
            // Every write below this link goes to a device without space.
            let temporary = folder.url.appendingPathComponent("report.html.\(getpid()).tmp").path
            try FileManager.default.createSymbolicLink(
                atPath: temporary, withDestinationPath: "/dev/full")
            #expect(sentence({ try folder.write(report: "x") }).contains("the disk is full"))
            #expect(!FileManager.default.fileExists(atPath: folder.reportFile.path))
        }
    }

    @Test func contextsReportAndStop() throws {
        try Fixture.withFolder { root in
            let folder = try RunStore(directory: root).create(experiment: "e", settings: .null)
            let stop = RunInterruption()
            var context = RunContext(
                seed: 3, observer: folder, interruption: stop, artifactFolder: folder.artifactFolder)
            let file = InputFile(path: "w", sha256: "ab", bytes: 2, role: "weights")
            context.record(input: file)
            context.record(input: file)
            try context.write(Data("1,2".utf8), artifact: "cells.csv", kind: "table")
            context.progress("sweep", 1, of: 4)
            context.progress("sweep", .nan)
            try context.checkpoint()
            stop.raise()
            #expect(throws: RunInterrupted.self) { try context.checkpoint() }
            #expect(context.inputs == [file])
            #expect(
                context.artifacts == [
                    Artifact(name: "cells.csv", path: "artifacts/cells.csv", kind: "table")
                ])
            let written = try Data(contentsOf: folder.artifactFolder.appendingPathComponent("cells.csv"))
            #expect(written == Data("1,2".utf8))
            #expect(RunEntry(reading: folder.url).events().count == 3)
        }
    }
}

@Suite struct TimestampTests {
    @Test func momentsSurviveTheirSpelling() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_225_600_123, "2026-01-01T00:00:00.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] as [(Int64, String)] {
            #expect(Timestamp(milliseconds: milliseconds).description == text)
            #expect(Timestamp(text)?.milliseconds == milliseconds)
        }
        #expect(Timestamp(milliseconds: 1_767_225_600_123).compact == "20260101T000000Z")
        for wrong in [
            "", "2026-02-30T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01 00:00:00.000Z",
        ] {
            #expect(Timestamp(wrong) == nil)
        }
    }

    @Test func daysAgreeWithFoundation() {
        let formatter = ISO8601DateFormatter()
        for day in stride(from: Int64(-20_000), through: 60_000, by: 37) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            #expect(
                Timestamp(date).description
                    == formatter.string(from: date).replacingOccurrences(of: "Z", with: ".000Z"))
        }
    }
}
