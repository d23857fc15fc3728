import Foundation
import Testing

/// A run of several seeds that was killed, not asked to stop, goes on and finds what it would have found.
@Suite(.serialized) struct ResumeTests {
    private let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("resume-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true) }

    /// Experiments at settings that take a second or two.
    private static let experiments = [
        [
            "learning-from-preferences", "--seeds", "4", "--comparisons", "16,40", "--policy-steps", "2048",
            "--rounds", "2", "--size", "6", "--places", "5,5,2,2,1,4", "--hidden", "16", "--steps", "40",
        ],
        [
            "goal-misgeneralisation", "--seeds", "5", "--regions", "1,5", "--side", "5", "--mazes", "200",
            "--steps", "400", "--hidden", "16", "--test-mazes", "20", "--goal-distance", "2", "--learners", "cloning",
            "--anywhere", "0.1",
        ],
    ]

    /// The folder of the only run of a store, which is not there at once.
    private func run(in store: String) -> URL? {
        let store = scratch.appendingPathComponent(store)
        return try? FileManager.default.contentsOfDirectory(at: store, includingPropertiesForKeys: nil).first
    }

    private func folder(_ store: String) throws -> URL { try #require(run(in: store), "no run in \(store)") }

    /// The trials that were finished and kept, if the run has begun.
    private func kept(_ store: String) -> [String] {
        let checkpoints = run(in: store)?.appendingPathComponent("checkpoints")
        let names = checkpoints.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) }
        return (names ?? []).filter { $0.hasSuffix(".json") }
    }

    /// What a run found and followed, as bytes.
    private func found(_ store: String) throws -> [String: Data] {
        let file = try folder(store).appendingPathComponent("record.json")
        let record = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any], "no record in \(file)")
        var found: [String: Data] = [:]
        for part in ["findings", "curves", "settings", "seed"] {
            // A run that reports no curves has none in its record.
            let value = try #require(record[part] ?? (part == "curves" ? [Any]() : nil), "the record has no \(part)")
            found[part] = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        }
        return found
    }

    @Test(arguments: experiments) func aKilledRunFindsWhatAWholeOneFinds(_ words: [String]) throws {
        defer { try? FileManager.default.removeItem(at: scratch) }
        let run = ["run"] + words + ["--seed", "3", "--out"]
        let whole = try Plumb.run(run + ["whole"], in: scratch)
        #expect(whole.code == 0, "\(whole.errors)")
        let killed = try Plumb.run(run + ["killed"], in: scratch) { process in
            let end = Date(timeIntervalSinceNow: 20)
            while kept("killed").isEmpty, Date() < end { Thread.sleep(forTimeInterval: 0.002) }
            kill(process.processIdentifier, SIGKILL)
        }
        #expect(killed.code == 128 + SIGKILL, "the run was over before it was killed: \(killed.errors)")
        let before = kept("killed")
        #expect(!before.isEmpty)
        let listed = try Plumb.run(["runs", "--out", "killed", "--json"], in: scratch).json()
        #expect((listed["runs"] as? [[String: Any]])?.first?["status"] as? String != "finished")
        let resumed = try Plumb.run(
            ["run", words[0], "--resume", "latest", "--out", "killed"], in: scratch)
        #expect(resumed.code == 0, "\(resumed.errors)")
        let (one, other) = (try found("whole"), try found("killed"))
        for (part, bytes) in one { #expect(other[part] == bytes, "\(part) of \(words[0]) differs") }
    }
}
