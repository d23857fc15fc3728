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

    @Test func aSweepEndsWithoutARecord() throws {
        let sentence = Array(repeating: " Mary and John went to the store", count: 14).joined()
        let pair = """
            {"clean":"When\(sentence)","corrupted":" Tom\(sentence)","answer":" Mary","wrong":" John"}

            """
        let pairs = try model.write(String(repeating: pair, count: 200), "pairs.jsonl")
        let outcome = try Plumb.run(
            ["run", "activation-patching", "--model", model.path, "--pairs", pairs, "--memory", "1", "--json"],
            in: model.scratch
        ) { process in
            wait {
                let events = folders().first?.appendingPathComponent("events.jsonl")
                let text = events.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? ""
                return text.contains("patching")
            }
            process.interrupt()
        }
        #expect(outcome.code == 130, "\(outcome.errors)")
        #expect(outcome.output == "")
        #expect(outcome.errors == "interrupted\n")
        let folder = try #require(folders().first)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.contains("record") || $0.contains("report") }, "\(names)")
        let events = try String(contentsOf: folder.appendingPathComponent("events.jsonl"), encoding: .utf8)
        #expect(events.split(separator: "\n").last?.contains("interrupted") == true)
        let listed = try Plumb.run(["runs", "--json"], in: model.scratch).json()
        #expect((listed["runs"] as? [[String: Any]])?.count == 1)
    }
}
