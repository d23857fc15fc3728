import Foundation
import PlumbRecords
import Testing

@Suite struct ResumeTests {
    private let settings = JSONValue.object(["rate": .number(0.5)])

    private func stopped(_ store: RunStore, at milliseconds: Int64 = 0, _ reason: RunEvent.Kind = .interrupted) throws
        -> RunFolder
    {
        let folder = try store.create(
            experiment: "toy-model", settings: settings, seed: .max, at: Timestamp(milliseconds: milliseconds))
        folder.receive(RunEvent(.started(commandLine: ["plumb"]), time: Timestamp(milliseconds: 1000)))
        folder.receive(
            RunEvent(.point(series: "loss", x: 1, y: 2), time: Timestamp(milliseconds: 4000)))
        try Data("state".utf8).write(to: folder.checkpointFolder.appendingPathComponent("step-1"))
        folder.abandon(reason)
        return folder
    }

    @Test func aStoppedRunGoesOnInItsFolder() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            let first = try stopped(store)
            let resumed = try store.reopen(RunStore.shortID(of: first.id), experiment: "toy-model")
            #expect(resumed.folder.id == first.id)
            #expect(resumed.folder.hasCheckpoint)
            #expect(resumed.request == RunRequest(experiment: "toy-model", seed: .max, settings: settings))
            #expect(resumed.started == Timestamp(milliseconds: 1000))
            #expect(RunEntry(reading: first.url).state == .running)
            let event = RunEvent(.resumed(commandLine: ["plumb", "again"]))
            resumed.folder.receive(event)
            resumed.folder.receive(RunEvent(.point(series: "loss", x: 2, y: 1)))
            let curves = CurveRecorder(replaying: RunEntry(reading: first.url).events()).curves
            #expect(curves == [Curve("loss", x: [1, 2], y: [2, 1])])
            try resumed.folder.finish(with: Fixture.record(id: first.id))
            #expect(try store.record("latest").id == first.id)
            let names = try FileManager.default.contentsOfDirectory(atPath: first.url.path)
            #expect(!names.contains("checkpoints") && !names.contains(".lock"))
        }
    }

    @Test func timeSpentCountsWithoutTheTimeItStoodStill() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            let folder = try store.create(experiment: "toy-model", settings: settings)
            for (kind, milliseconds) in [
                (.started(commandLine: []), 1000), (.note("a"), 4000), (.resumed(commandLine: []), 100_000),
                (.note("b"), 102_500), (.resumed(commandLine: []), 200_000),
            ] as [(RunEvent.Kind, Int64)] {
                folder.receive(RunEvent(kind, time: Timestamp(milliseconds: milliseconds)))
            }
            folder.abandon(.failed("disk"))
            var resumed = try store.reopen("latest", experiment: "toy-model")
            // The last line says when it failed, which is now.
            resumed = ResumedRun(folder: resumed.folder, request: resumed.request, events: resumed.events.dropLast())
            #expect(resumed.earlierSeconds == 5.5)
        }
    }

    @Test func aLineCutShortByAKillIsEndedBeforeTheNext() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            let first = try stopped(store)
            let log = first.url.appendingPathComponent("events.jsonl")
            var data = try Data(contentsOf: log)
            data.removeLast(20)
            try data.write(to: log)
            #expect(
                RunEntry(reading: first.url).state == .incomplete(.interrupted, "its process ended before it finished"))
            let resumed = try store.reopen(first.id, experiment: "toy-model")
            resumed.folder.receive(RunEvent(.resumed(commandLine: [])))
            let kinds = RunEntry(reading: first.url).events().map(\.kind)
            #expect(kinds.last == .resumed(commandLine: []))
            #expect(kinds.count == 3)
        }
    }

    @Test func onlyUnfinishedRunsOfTheExperimentAreReopened() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            func refusal(_ query: String, _ experiment: String = "toy-model") -> String {
                sentence { try store.reopen(query, experiment: experiment) }
            }
            #expect(refusal("latest").contains("no unfinished run of toy-model"))
            let older = try stopped(store, at: 1000)
            let newer = try stopped(store, at: 2000, .failed("no memory"))
            #expect(refusal("nonesuch").contains("no run \"nonesuch\""))
            let short = RunStore.shortID(of: older.id)
            #expect(refusal(older.id, "grokking").contains("of toy-model, not of grokking"))
            #expect(refusal(older.id, "grokking").contains("plumb run toy-model --resume \(short)"))
            let resumed = try store.reopen("latest", experiment: "toy-model")
            #expect(resumed.folder.id == newer.id)
            #expect(refusal(newer.id).contains("still running"))
            try resumed.folder.finish(with: Fixture.record(id: newer.id))
            #expect(refusal(newer.id).contains("is finished"))
            // As older versions wrote it: the settings alone.
            try Data("{\"rate\": 0.5}".utf8).write(to: older.url.appendingPathComponent("settings.json"))
            #expect(refusal(older.id).contains("\"experiment\" is missing"))
            #expect(refusal(older.id).contains("start the run anew"))
        }
    }

    @Test func entriesSayWhatIsKnownWithoutARecord() throws {
        try Fixture.withFolder { root in
            let store = RunStore(directory: root)
            let folder = try stopped(store, at: 1_767_225_600_000)
            let entry = try store.find(folder.id)
            #expect(entry.experiment == "toy-model")
            #expect(entry.started == Timestamp("2026-01-01T00:00:00.000Z"))
            #expect(entry.status == "interrupted")
            #expect(RunEntry(reading: root.appendingPathComponent("odd")).started == nil)
        }
    }
}
