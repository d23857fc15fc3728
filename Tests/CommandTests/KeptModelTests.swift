import Foundation
import Testing

/// What a run trained stays in its folder, and every command that reads models reads it.
@Suite struct KeptModelTests {
    @Test func aRunsModelsAreInItsRecordAndCanBeLoaded() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let outcome = try Plumb.run(["run", "induction-heads", "--preset", "tiny", "--json"], in: folder)
        let artifacts = try #require(try outcome.json()["artifacts"] as? [[String: Any]])
        let models = artifacts.filter { $0["kind"] as? String == "model" }
        let path = try #require(models.first?["path"] as? String)
        #expect(models.allSatisfy { ($0["sha256"] as? String)?.count == 64 })
        let runs = folder.appendingPathComponent("runs")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: runs.path).first)
        let run = runs.appendingPathComponent(name)
        let shown = try Plumb.run(["model", "show", run.appendingPathComponent(path).path, "--json"], in: folder)
        #expect(shown.code == 0, "\(shown.errors)")
        #expect(shown.output.contains("attention-only"), "\(shown.output)")
        // The run keeps several: each can be chosen.
        let several = try Plumb.run(["model", "show", run.path], in: folder)
        #expect(several.code == 3 && several.errors.contains("models: choose one of"), "\(several.errors)")
        #expect(several.errors.contains(path))
    }
}
