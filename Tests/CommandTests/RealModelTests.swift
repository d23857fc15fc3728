import Foundation
import Testing

/// The command on the real model; values as the model's reference implementation gives them.
@Suite(.enabled(if: RealModel.isCached, RealModel.reason))
struct RealModelTests {
    private let clean = "When Mary and John went to the store, John gave a drink to"
    private let ids = [2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 2322, 4502, 253, 5968, 288]

    private func json(_ arguments: [String]) throws -> [String: Any] {
        let outcome = try Plumb.run(arguments + ["--json"], environment: ["PLUMB_OFFLINE": "1"])
        #expect((outcome.code, outcome.errors) == (0, ""))
        return try outcome.json()
    }

    @Test func predictsTheIndirectObject() throws {
        let predicted = try json(["predict", "--text", clean, "--top", "3"])
        #expect(predicted["tokens"] as? [Int] == ids)
        let next = try #require(predicted["next"] as? [[String: Any]])
        for (candidate, (string, value)) in zip(next, [(" Mary", -0.0802), (" the", -3.8356), (" his", -5.1735)]) {
            #expect(candidate["string"] as? String == string)
            #expect(abs(try #require(candidate["logprob"] as? Double) - value) < 2e-4)
        }
        #expect(try json(["tokens", "--text", clean])["tokens"] as? [Int] == ids)
    }

    @Test func theBeginningOfATextIsAsAsked() throws {
        func tokens(_ arguments: String...) throws -> [Int]? {
            try json(arguments + ["--text", clean])["tokens"] as? [Int]
        }
        for command in ["tokens", "predict"] {
            #expect(try tokens(command, "--no-bos") == ids)
            #expect(try tokens(command, "--bos") == [1] + ids)
        }
        #expect(
            try json(["tokens", "--bos", "--text", clean])["special"] as? [Bool] == [true] + ids.map { _ in false })
        #expect(try Plumb.run(["tokens", "--bos", "--no-bos", "--text", clean]).code == 2)
        let chat = try Plumb.run(["generate", "--bos", "--chat", "--text", clean])
        #expect(chat.code == 2 && chat.errors.contains("--bos"))
    }

    @Test func theInstrumentsAgreeWithPrediction() throws {
        let sentence = ["--text", clean, "--answer", " Mary"]
        let lens = try json(["lens"] + sentence + ["--positions", "last"])
        let top = try #require((lens["top"] as? [[[[String: Any]]]])?.last?.first?.first)
        #expect(top["string"] as? String == " Mary")
        #expect(abs(log(try #require(top["probability"] as? Double)) + 0.0802) < 2e-4)
        let attributed = try json(["attribute"] + sentence + ["--wrong", " John"])
        let metrics = try #require(attributed["metrics"] as? [String: Double])
        #expect(abs(try #require(metrics["total"]) - 6.1196) < 2e-3)
        #expect(abs(try #require(metrics["sum_of_contributions"]) - 6.1196) < 2e-3)
        let ablated = try json(["ablate"] + sentence + ["--layers", "23", "--heads", "3", "--method", "zero"])
        let effect = try #require(ablated["metrics"] as? [String: Double])
        #expect(abs(try #require(effect["answer_log_probability_before"]) + 0.0802) < 2e-4)
        #expect(try #require(effect["change"]) < -0.05)
        let attention = try json(["attention", "--text", clean, "--layers", "0", "--heads", "1"])
        let rows = try #require(
            (attention["tables"] as? [String: [String: Any]])?["pattern_0_1"]?["values"] as? [[Double]])
        #expect(rows.count == ids.count && rows.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-5 })
    }

    @Test func stopStringsAndFilesOfPromptsEndWhereTheyShould() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try json(["generate", "--text", "The capital of France is", "--max-tokens", "12"])
        let text = try #require(whole["text"] as? String)
        let middle = text.index(text.startIndex, offsetBy: 10)
        let end = String(text[middle...].prefix(3))
        let cut = try json(
            ["generate", "--text", "The capital of France is", "--max-tokens", "12", "--stop", end])
        #expect(cut["text"] as? String == text.range(of: end).map { String(text[..<$0.lowerBound]) })
        #expect(cut["stopped"] as? Bool == true)
        let file = folder.appendingPathComponent("prompts.txt")
        try Data("The capital of France is\n\nOne, two,\n".utf8).write(to: file)
        let both = try json(["generate", "--file", file.path, "--max-tokens", "12"])
        let results = try #require(both["results"] as? [[String: Any]])
        #expect(results.count == 2 && results[0]["text"] as? String == text)
    }

    @Test func activationsAndControlVectorsAreWrittenAndUsed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let activations = folder.appendingPathComponent("x.safetensors").path
        let captured = try json(
            ["capture", "--text", clean, "--sites", "resid_post,z", "--layers", "3-4", "--out", activations])
        #expect(
            captured["points"] as? [String] == [
                "blocks.3.attn.hook_z", "blocks.3.hook_resid_post", "blocks.4.attn.hook_z", "blocks.4.hook_resid_post",
            ])
        #expect(FileManager.default.fileExists(atPath: activations))
        let vector = folder.appendingPathComponent("v.gguf").path
        let made = try Plumb.run(
            ["steer", "make", "--positive", "I love this", "--negative", "I hate this", "--out", vector])
        #expect(made.code == 0 && made.output.contains("29 directions"))
        let steered = try json(
            [
                "steer", "generate", "--vector", vector, "--text", "I think that", "--scale", "30", "--layers", "12-20",
                "--max-tokens", "6",
            ])
        #expect(steered["text"] as? String != steered["text_without"] as? String)
    }

    @Test func patchesTheStandardPair() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try json(
            ["run", "activation-patching", "--preset", "tiny", "--templates", "0", "--out", folder.path])
        let metrics = try #require(run["metrics"] as? [[String: Any]])
        func metric(_ name: String) -> Double? {
            metrics.first { $0["name"] as? String == name }?["value"] as? Double
        }
        #expect(abs(try #require(metric("clean_logit_difference")) - 6.1196) < 2e-3)
        #expect(abs(try #require(metric("corrupted_logit_difference")) + 5.4853) < 2e-3)
        let values = try #require((run["tables"] as? [String: [String: Any]])?["resid_pre"]?["values"] as? [[Double]])
        for (layer, value) in [(0, 6.1196), (6, 6.1366), (12, 6.2006), (18, 6.2066), (24, -5.8001)] {
            #expect(abs(values[layer][9] - value) < 2e-3, "layer \(layer)")
        }
        #expect(abs(values[24][13] - 5.1877) < 2e-3)
    }

    @Test func verifiesEveryClaimWithAFreshSeed() throws {
        let verified = try json(["verify", "activation-patching", "--seed", "11"])
        #expect(verified["passed"] as? Bool == true)
        #expect(verified["seed"] as? Int == 11)
        let experiments = try #require(verified["experiments"] as? [[String: Any]])
        #expect(experiments.map { $0["experiment"] as? String } == ["activation-patching"])
        for claim in try #require(experiments[0]["claims"] as? [[String: Any]]) {
            // A task that the model cannot do is declared not measurable.
            let isExpected = claim["expected"] as? String == "not measurable" && claim["passes"] is NSNull
            #expect(claim["passes"] as? Bool == true || isExpected, "\(claim["statement"] ?? "")")
        }
    }

    @Test func generatesTheSameTextTwice() throws {
        let base = ["generate", "--text", "The capital of France is", "--max-tokens", "5"]
        let first = try json(base)
        #expect((first["tokens"] as? [Int])?.count == 5)
        #expect((first["text"] as? String)?.contains("Paris") == true)
        #expect(try json(base)["tokens"] as? [Int] == first["tokens"] as? [Int])
    }
}
