import Foundation
import Testing

/// `plumb eval`, as a user meets it.
@Suite struct EvalCommandTests {
    private static let samples = """
        {"id": "a", "input": "When Mary and John went", "target": "A", "choices": ["John", "Mary"]}
        {"id": "b", "input": "When Tom went to the store", "target": "B", "choices": ["a ring", "a drink"]}
        {"id": "c", "input": "Tom gave a drink to", "target": "A", "choices": ["Mary", "John"]}
        {"id": "d", "input": "Mary gave a ring to", "target": "B", "choices": ["Mary", "John"]}
        """

    @Test func aFileIsEvaluatedRecordedAndItsLogReadBack() throws {
        let model = try TinyModel()
        let file = try model.write(Self.samples, "names.jsonl")
        let out = model.scratch.appendingPathComponent("runs").path
        let arguments = [
            "eval", file, "--model", model.path, "--solver", "choice-text", "--rotate", "--detect", "0.1", "--out", out,
            "--json",
        ]
        let outcome = try Plumb.run(arguments)
        #expect(outcome.code == 0, "\(outcome.errors)\(outcome.output)")
        let json = try outcome.json()
        let metrics = try #require(json["metrics"] as? [[String: Any]])
        let names = Set(metrics.compactMap { $0["name"] as? String })
        #expect(names.isSuperset(of: ["choice", "option_consistency", "samples_to_detect", "empty_answers"]))
        #expect(metrics.first { $0["name"] as? String == "option_consistency" }?["value"] as? Double == 1)
        let claims = try #require(json["claims"] as? [[String: Any]])
        #expect(claims.count == 3 && claims.allSatisfy { $0["passes"] as? Bool == true })
        let id = try #require(json["id"] as? String)
        let artifacts = try #require(json["artifacts"] as? [[String: Any]])
        let log = try #require(artifacts.first { $0["kind"] as? String == "log" }?["path"] as? String)
        let read = try Plumb.run(["eval", "read", "\(out)/\(id)/\(log)", "--json"])
        #expect((read.code, read.errors) == (0, ""))
        #expect(try read.json()["samples"] as? Int == 8 && read.json()["task"] as? String == "names")
        for (text, matching) in [("WHEN m", 2), ("to", 6), ("when ", 4), ("größe", 0)] {
            let found = try Plumb.run(["eval", "read", "\(out)/\(id)/\(log)", "--contains", text, "--json"])
            #expect(try found.json()["matching"] as? Int == matching, "\(text)")
        }
        let record = try Data(contentsOf: URL(fileURLWithPath: "\(out)/\(id)/record.json"))
        let inputs = try #require(
            (JSONSerialization.jsonObject(with: record) as? [String: Any])?["inputs"] as? [[String: Any]])
        #expect(inputs.contains { $0["role"] as? String == "samples" && $0["path"] as? String == file })
        let report = try Plumb.run(["report", id, "--out", out])
        #expect(report.code == 0, "\(report.errors)")
        let same = try Plumb.run(["eval", "read", "\(out)/\(id)/\(log)", "\(out)/\(id)/\(log)", "--json"])
        #expect(try same.json()["difference"] as? Double == 0 && same.json()["p"] as? Double == 1)
        let sample = try Plumb.run(["eval", "read", "\(out)/\(id)/\(log)", "--sample", "a:2"])
        #expect(sample.code == 0 && sample.output.contains("When Mary and John went"))
    }

    @Test func twoModelsAreComparedSampleBySample() throws {
        let model = try TinyModel()
        let file = try model.write(Self.samples, "names.jsonl")
        let outcome = try Plumb.run([
            "eval", file, "--model", model.path, "--solver", "choice-text", "--compare", model.path, "--out",
            model.scratch.appendingPathComponent("runs").path, "--json",
        ])
        let metrics = try #require(try outcome.json()["metrics"] as? [[String: Any]])
        #expect(metrics.first { $0["name"] as? String == "difference" }?["value"] as? Double == 0)
    }

    @Test func aModelThatSaysTheSameToEverythingTurnsTheRunRed() throws {
        let model = try TinyModel()
        let file = try model.write(
            Self.samples.replacingOccurrences(of: ", \"choices\"", with: ", \"other\""), "open.jsonl")
        let outcome = try Plumb.run([
            "eval", file, "--model", model.path, "--max-tokens", "1", "--out",
            model.scratch.appendingPathComponent("runs").path, "--scorer", "pattern", "--pattern", "(nothing)",
        ])
        // The pattern gives every script 0: right answers do not pass.
        #expect(outcome.code == 1 && outcome.output.contains("known-good"), "\(outcome.output)")
    }

    @Test func aDryRunNeedsNoModel() throws {
        let outcome = try Plumb.run(["eval", "facts", "--model", "/nowhere", "--dry-run", "--detect", "0.05"])
        #expect((outcome.code, outcome.errors) == (0, ""))
        #expect(outcome.output.contains("8 samples") && outcome.output.contains("1570 samples"), "\(outcome.output)")
        let list = try Plumb.run(["eval", "list", "--json"])
        #expect((try list.json()["tasks"] as? [[String: Any]])?.count == 6)
    }

    @Test func whatCannotBeEvaluatedIsRefusedWithASentence() throws {
        let model = try TinyModel()
        let unknown = try Plumb.run(["eval", "fact", "--model", model.path])
        #expect(unknown.code == 3 && unknown.errors.contains("did you mean facts?"), "\(unknown.errors)")
        let file = try model.write(
            Self.samples + "\n{\"input\": \"x\", \"target\": \"C\", \"choices\": [\"a\", \"b\"]}", "x.jsonl")
        let letter = try Plumb.run(["eval", file, "--model", model.path])
        #expect(letter.code == 3 && letter.errors.contains("x.jsonl, line 5: the target C"), "\(letter.errors)")
        let usage = try Plumb.run(["eval", "facts", "--detect", "0"])
        #expect(usage.code == 2)
        let log = try model.write("{\"version\": 9, \"eval\": {}}", "log.json")
        let read = try Plumb.run(["eval", "read", log])
        #expect(read.code == 3 && read.errors.contains("version 9"), "\(read.errors)")
        let examples = try Plumb.run(["eval", "sycophancy", "--model", model.path, "--few-shot", "2"])
        #expect(examples.code == 3 && examples.errors.contains("0 worked examples"), "\(examples.errors)")
    }
}
