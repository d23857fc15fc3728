import Foundation
import Testing

/// The command of another package, which adds an experiment of its own in one line: `Tests/Lab`.
@Suite struct OtherPackageTests {
    @Test func itsExperimentIsListedFirstBesideOurs() throws {
        let outcome = try Plumb.run(["list", "--json"], command: "lab")
        let cards = try #require(try outcome.json()["experiments"] as? [[String: Any]])
        #expect(cards.first?["id"] as? String == "coin-bias")
        #expect(cards.contains { $0["id"] as? String == "activation-patching" })
        #expect(try !Plumb.run(["list"]).output.contains("coin-bias"))
    }

    @Test func itsExperimentRunsWithItsSettingsAndKeepsItsRecord() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lab-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let words = ["run", "coin-bias", "--preset", "tiny", "--bias", "0.7", "--seed", "5"]
        let outcome = try Plumb.run(words, command: "lab", in: folder)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let runs = try Plumb.run(["runs"], command: "lab", in: folder)
        #expect(runs.output.contains("coin-bias"))
        let verified = try Plumb.run(["verify", "coin-bias"], command: "lab", in: folder)
        #expect(verified.code == 0 && verified.output.contains("all claims hold"))
    }

    @Test func sentencesCallTheCommandByTheNameOfItsExecutable() throws {
        let unknown = try Plumb.run(["run", "coin-bais"], command: "lab")
        #expect(unknown.code == 2)
        #expect(unknown.errors.hasPrefix("lab: there is no experiment \"coin-bais\""))
        #expect(try Plumb.run(["show", "nothing-like-it"], command: "lab").errors.contains("lab list shows them"))
        #expect(try Plumb.run(["run", "coin-bias", "--help"], command: "lab").output.contains("lab run coin-bias:"))
        #expect(try Plumb.run(["--help"], command: "lab").output.contains("USAGE: lab"))
    }
}
