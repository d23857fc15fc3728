import Foundation
import Testing

/// Ctrl-C ends a run with code 130 and leaves no record.
@Suite struct InterruptionTests {
    private let model: TinyModel
    init() throws { model = try TinyModel() }

    /// Waits until `condition` holds, at most ten seconds.
    private func wait(for condition: () -> Bool) {
        let end = Date(timeIntervalSinceNow: 10)
        while !condition(), Date() < end { Thread.sleep(forTimeInterval: 0.01) }
    }

    private func folders() -> [URL] {
        let runs = model.scratch.appendingPathComponent("runs")
        return (try? FileManager.default.contentsOfDirectory(at: runs, includingPropertiesForKeys: nil)) ?? []
    }

    /// Starts a long sweep and interrupts it once it patches.
    private func interruptedSweep(count: Int = 200) throws -> Plumb.Outcome {
        let sentence = Array(repeating: " Mary and John went to the store", count: 14).joined()
        let pair = """
            {"clean":"When\(sentence)","corrupted":" Tom\(sentence)","answer":" Mary","wrong":" John"}

            """
        let pairs = try model.write(String(repeating: pair, count: count), "pairs.jsonl")
        return try Plumb.run(
            ["run", "activation-patching", "--model", model.path, "--pairs", pairs, "--memory", "1", "--json"],
            in: model.scratch
        ) { process in
            wait {
                let events = folders().first?.appendingPathComponent("events.jsonl")
                let text = events.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? ""
                return text.contains("\"label\":\"patching\"")
            }
            process.interrupt()
        }
    }

    @Test func aSweepEndsWithoutARecord() throws {
        let outcome = try interruptedSweep()
        #expect(outcome.code == 130, "\(outcome.errors)")
        #expect(outcome.output == "")
        let folder = try #require(folders().first)
        let short = try #require(folder.lastPathComponent.split(separator: "-").last)
        #expect(
            outcome.errors == """
                plumb: interrupted
                plumb: it left no checkpoint, so it would begin again with: plumb run activation-patching --resume \(short)

                """)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.contains("record") || $0.contains("report") }, "\(names)")
        let events = try String(contentsOf: folder.appendingPathComponent("events.jsonl"), encoding: .utf8)
        #expect(events.split(separator: "\n").last?.contains("interrupted") == true)
        let listed = try Plumb.run(["runs", "--json"], in: model.scratch).json()
        let runs = try #require(listed["runs"] as? [[String: Any]])
        #expect(runs.count == 1)
        #expect(runs.first?["status"] as? String == "interrupted")
        #expect(runs.first?["experiment"] as? String == "activation-patching")
        #expect(try Plumb.run(["runs"], in: model.scratch).output.contains("interrupted"))
    }

    @Test func aResumedRunKeepsItsIdSettingsAndSeed() throws {
        #expect(try interruptedSweep().code == 130)
        let folder = try #require(folders().first)
        // The same settings with a shorter file of pairs, so that the rest is quick.
        let text = try String(contentsOf: model.scratch.appendingPathComponent("pairs.jsonl"), encoding: .utf8)
        try model.write(String(text.prefix { $0 != "\n" }) + "\n", "pairs.jsonl")
        func resume(_ words: String...) throws -> Plumb.Outcome {
            try Plumb.run(["run", "activation-patching", "--resume"] + words, in: model.scratch)
        }
        let changed = try resume("latest", "--seed", "4")
        #expect(changed.code == 2 && changed.errors.contains("leave out --seed"), "\(changed.errors)")
        #expect(try resume("latest", "--sites", "z").errors.contains("leave out --sites"))
        let unknown = try resume("zzzzzz")
        #expect(unknown.code == 3 && unknown.errors.contains("no run \"zzzzzz\""))
        let resumed = try resume("latest", "--json")
        #expect(resumed.code == 0, "\(resumed.errors)")
        let record = try resumed.json()
        #expect(record["id"] as? String == folder.lastPathComponent)
        #expect((record["settings"] as? [String: Any])?["memory"] as? Int == 1)
        #expect(folders().count == 1)
        let events = try String(contentsOf: folder.appendingPathComponent("events.jsonl"), encoding: .utf8)
        #expect(events.contains("\"kind\":\"resumed\""))
        #expect(events.split(separator: "\n").last?.contains("finished") == true)
        let finished = try resume(folder.lastPathComponent)
        #expect(finished.code == 3 && finished.errors.contains("is finished"), "\(finished.errors)")
    }
}
