import Foundation
import PlumbData
import Testing

/// What scripts rely on: one JSON object on standard output, with these keys and types.
@Suite struct ContractTests {
    private let model: TinyModel
    init() throws { model = try TinyModel() }

    private func plumb(_ arguments: [String]) throws -> Plumb.Outcome {
        let outcome = try Plumb.run(arguments, in: model.scratch, environment: ["PLUMB_OFFLINE": "1"])
        #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
        #expect(!outcome.output.contains("\u{1B}"), "color reached a pipe")
        return outcome
    }

    private func json(_ arguments: [String]) throws -> [String: Any] {
        let outcome = try plumb(arguments + ["--json"])
        #expect(outcome.errors == "", "\(outcome.errors)")
        return try outcome.json()
    }

    private func patching(_ more: [String] = []) -> [String] {
        ["run", "activation-patching", "--model", model.path, "--templates", "0"] + more
    }

    private let names = ["clean_logit_difference", "corrupted_logit_difference", "sweep_seconds"]

    @Test func runPrintsItsContract() throws {
        let run = try json(patching(["--seed", "5"]))
        #expect(run["experiment"] as? String == "activation-patching")
        #expect(run["seed"] as? Int == 5)
        let settings = try #require(run["settings"] as? [String: Any])
        #expect(settings["model"] as? String == model.path)
        #expect(settings["sites"] as? [String] == ["resid_pre", "attn_out", "mlp_out", "z"])
        let metrics = try #require(run["metrics"] as? [[String: Any]])
        for name in names {
            let metric = try #require(metrics.first { $0["name"] as? String == name }, "no metric \(name)")
            #expect(metric["value"] is Double)
            #expect(metric["unit"] is String)
        }
        for claim in try #require(run["claims"] as? [[String: Any]]) {
            #expect(claim["statement"] is String)
            // A model of random weights prefers no answer: the claims are not measurable, and say why.
            #expect(claim["holds"] is NSNull && claim["passes"] is NSNull)
            #expect((claim["control"] as? [String: Any])?["holds"] is NSNull)
            #expect((claim["reason"] as? String)?.isEmpty == false)
        }
        let tables = try #require(run["tables"] as? [String: [String: Any]])
        for (name, columns) in [("resid_pre", 14), ("attn_out", 14), ("mlp_out", 14), ("z", 4)] {
            let table = try #require(tables[name], "no table \(name)")
            #expect((table["rows"] as? [String]) == ["0", "1", "2"])
            #expect((table["columns"] as? [String])?.count == columns)
            let values = try #require(table["values"] as? [[Double]])
            #expect(values.count == 3 && values.allSatisfy { $0.count == columns })
        }
        #expect(run["artifacts"] is [Any])
    }

    /// The definition: layer 0's residual stream at the differing token is the clean run; before it nothing changes.
    @Test func tablesAreThePatchedRuns() throws {
        let run = try json(patching(["--sites", "resid_pre"]))
        let metrics = try #require(run["metrics"] as? [[String: Any]])
        func metric(_ name: String) -> Double? {
            metrics.first { $0["name"] as? String == name }?["value"] as? Double
        }
        let table = try #require((run["tables"] as? [String: [String: Any]])?["resid_pre"]?["values"] as? [[Double]])
        #expect(table[0][9] == metric("clean_logit_difference"))
        for row in table { #expect(row[..<9].allSatisfy { $0 == metric("corrupted_logit_difference") }) }
        #expect(metric("clean_logit_difference") != metric("corrupted_logit_difference"))
        let noising = try json(patching(["--sites", "resid_pre", "--direction", "noising"]))
        let other = try #require(
            (noising["tables"] as? [String: [String: Any]])?["resid_pre"]?["values"] as? [[Double]])
        #expect(other[0][9] == metric("corrupted_logit_difference"))
        #expect(other[2][0] == metric("clean_logit_difference"))
    }

    @Test(arguments: [
        ("logit-difference", "clean_logit_difference", "logits"),
        ("probability", "clean_answer_probability", "probability"),
        ("log-probability", "clean_answer_log_probability", "nats"), ("kl", "clean_kl_divergence", "nats"),
        ("loss", "clean_loss", "nats"),
    ])
    func everyMetricHasANameAndAUnit(_ kind: String, _ name: String, _ unit: String) throws {
        let run = try json(patching(["--preset", "tiny", "--metric", kind]))
        let metrics = try #require(run["metrics"] as? [[String: Any]])
        let metric = try #require(metrics.first { $0["name"] as? String == name })
        #expect(metric["unit"] as? String == unit)
        #expect(metric["value"] is Double)
    }

    @Test func pairsOfDifferentLengthsMakeTablesByHead() throws {
        let lines = [
            #"{"clean":"When Mary and John went","corrupted":"When John and John went","answer":" Mary","wrong":" John"}"#,
            #"{"clean":"When Tom went to the store","corrupted":"When Mary went to the store","answer":" Tom","wrong":" a"}"#,
            #"{"clean":"When Tom gave","corrupted":"When Mary gave","answer":" the","wrong":" a"}"#,
        ]
        let file = try model.write(lines.joined(separator: "\n"), "pairs.jsonl")
        let run = try json(patching(["--pairs", file, "--sites", "z,q,k,v,rot_k,pattern"]))
        let tables = try #require(run["tables"] as? [String: [String: Any]])
        for (name, heads) in [("z", 4), ("q", 4), ("k", 2), ("v", 2), ("rot_k", 2), ("pattern", 4)] {
            let table = try #require(tables[name], "no table \(name)")
            #expect((table["columns"] as? [String]) == (0..<heads).map(String.init))
            #expect((table["lower"] as? [[Double]])?.count == 3, "no interval over pairs in \(name)")
        }
    }

    /// Aligned ends: with all of the last positions' residual streams moved, only the last one counts for the answer.
    @Test func alignedEndsMoveTheRightPositions() throws {
        let prompts = [
            "--clean", "When Mary and John went to the store, John gave a drink to", "--corrupted",
            " John went to the store, Mary gave a drink to", "--align", "end", "--answer", " Mary", "--wrong", " John",
        ]
        let run = try json(patching(prompts))
        let metrics = try #require(run["metrics"] as? [[String: Any]])
        let tables = try #require(run["tables"] as? [String: [String: Any]])
        let stream = try #require(tables["resid_pre"]?["values"] as? [[Double]])
        #expect(stream.allSatisfy { $0.count == 11 })
        let columns = try #require(tables["resid_pre"]?["columns"] as? [String])
        #expect(columns.last == " to")
        #expect(columns[6] == " John/Mary")
        #expect(metrics.contains { $0["name"] as? String == "clean_logit_difference" })
        let other = try json(
            patching([prompts[0], prompts[3], prompts[2], prompts[1]] + prompts[4...] + ["--sites", "mlp_out"]))
        let turned = try #require((other["tables"] as? [String: [String: Any]])?["mlp_out"]?["values"] as? [[Double]])
        #expect(turned.allSatisfy { $0.count == 11 })
        let maps = try Plumb.run(patching(prompts + ["--sites", "pattern"]), in: model.scratch)
        #expect(maps.code == 3)
        #expect(maps.errors.contains("cannot be moved between prompts of different lengths"), "\(maps.errors)")
    }

    @Test func runsReportAndRecordAgree() throws {
        let first = try plumb(patching(["--preset", "tiny", "--out", "kept"]))
        #expect(first.output.contains("record  "))
        #expect(first.output.contains("report  "))
        let listed = try #require(try json(["runs", "--out", "kept"])["runs"] as? [[String: Any]])
        #expect(listed.count == 1)
        let id = try #require(listed[0]["id"] as? String)
        let folder = model.scratch.appendingPathComponent("kept/\(id)")
        for name in ["record.json", "settings.json", "events.jsonl", "report.html"] {
            #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path), "no \(name)")
        }
        let report = try json(["report", id, "--out", "kept"])
        #expect(report["id"] as? String == id)
        #expect(report["tables"] is [String: Any])
        #expect(try plumb(["report", "--out", "kept"]).output.contains("report.html"))
        #expect(try plumb(["runs", "--out", "kept"]).output.contains("activation-patching"))
        #expect(try json(["runs", "--out", "none"])["runs"] is [Any])
    }

    @Test func predictTokensAndModelPrintTheirContracts() throws {
        let text = "When Mary and John"
        let predicted = try json(["predict", "--model", model.path, "--text", text, "--top", "3"])
        #expect((predicted["tokens"] as? [Int])?.count == 4)
        #expect(predicted["strings"] as? [String] == ["When", " Mary", " and", " John"])
        let next = try #require(predicted["next"] as? [[String: Any]])
        #expect(next.count == 3)
        for candidate in next {
            #expect(candidate["token"] is Int && candidate["string"] is String && candidate["logprob"] is Double)
        }
        let logprobs = next.compactMap { $0["logprob"] as? Double }
        #expect(logprobs == logprobs.sorted(by: >))
        let all = try json(["predict", "--model", model.path, "--text", text, "--top", "9999", "--all-positions"])
        #expect((all["positions"] as? [Any])?.count == 4)
        let whole = try #require(all["next"] as? [[String: Any]]).compactMap { $0["logprob"] as? Double }
        #expect(abs(whole.map(exp).reduce(0, +) - 1) < 1e-5, "log-probabilities are not over the full vocabulary")
        let tokens = try json(["tokens", "--model", model.path, "--text", text])
        #expect(tokens["tokens"] as? [Int] == predicted["tokens"] as? [Int])
        #expect(tokens["strings"] as? [String] == predicted["strings"] as? [String])
        let shown = try json(["model", "show", model.path])
        #expect(shown["architecture"] as? String == "llama")
        #expect(shown["layers"] as? Int == 3)
        let tensor = try #require((shown["tensors"] as? [[String: Any]])?.first)
        #expect(tensor["name"] is String && tensor["shape"] is [Int] && tensor["type"] as? String == "F32")
        let models = try #require(try json(["model", "list"])["models"] as? [[String: Any]])
        #expect(models.contains { $0["name"] as? String == "smollm2-135m" })
    }

    @Test func textsMayBeginWithADash() throws {
        for text in ["- Mary", "--text", "-5"] {
            #expect(
                (try json(["tokens", "--model", model.path, "--text", text])["tokens"] as? [Any])?.isEmpty == false)
            _ = try json(["predict", "--model", model.path, "--text", text])
            _ = try json(["generate", "--model", model.path, "--max-tokens", "1", "--text", text])
        }
    }

    @Test func pairsMayComeFromAPipe() throws {
        let pairs = try model.write(
            #"{"clean":"When Mary","corrupted":"When John","answer":" Mary","wrong":" John"}"#, "pairs.jsonl")
        let file = try json(patching(["--pairs", pairs]))["tables"] as? NSDictionary
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data(contentsOf: URL(fileURLWithPath: pairs)))
        try pipe.fileHandleForWriting.close()
        let outcome = try Plumb.run(
            patching(["--pairs", "/dev/stdin", "--json"]), in: model.scratch, input: pipe.fileHandleForReading)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try outcome.json()["tables"] as? NSDictionary == file)
        // The record says which pairs these were, though a pipe gives them once.
        let runs = model.scratch.appendingPathComponent("runs")
        let newest = try #require(
            FileManager.default.contentsOfDirectory(atPath: runs.path).filter { $0.contains("activation") }.sorted()
                .last)
        let record = try String(contentsOf: runs.appendingPathComponent("\(newest)/record.json"), encoding: .utf8)
        #expect(record.contains(FileHash.sha256(of: try Data(contentsOf: URL(fileURLWithPath: pairs)))))
    }

    @Test func generationIsReproducible() throws {
        let base = ["generate", "--model", model.path, "--text", "When Mary", "--max-tokens", "5"]
        let greedy = try json(base)
        #expect((greedy["tokens"] as? [Int])?.count == 5)
        #expect(greedy["text"] is String && greedy["stopped"] as? Bool == false)
        #expect((greedy["logprobs"] as? [Double])?.count == 5)
        #expect(try json(base)["tokens"] as? [Int] == greedy["tokens"] as? [Int])
        func sample(_ seed: Int) throws -> [Int]? {
            try json(base + ["--temperature", "3", "--seed", "\(seed)"])["tokens"] as? [Int]
        }
        #expect(try sample(1) == sample(1))
        #expect(try Set((1...4).map { try sample($0) }).count > 1)
        let streamed = try plumb(base)
        #expect(streamed.output == (greedy["text"] as? String ?? "") + "\n")
        let none = try json(["generate", "--model", model.path, "--text", "When", "--max-tokens", "0"])
        #expect((none["tokens"] as? [Int]) == [])
        let long = try json(["generate", "--model", model.path, "--text", "When", "--max-tokens", "100000000"])
        #expect((long["tokens"] as? [Int])?.count == 128, "the context of 128 tokens ends a text")
    }

    @Test func noColorReachesAPipeOrAnUnwillingReader() throws {
        for environment in [[:], ["NO_COLOR": "1"], ["TERM": "dumb"]] as [[String: String?]] {
            let outcome = try Plumb.run(
                patching(["--preset", "tiny"]), in: model.scratch, environment: environment)
            #expect(outcome.code == 0)
            #expect(!(outcome.output + outcome.errors).contains("\u{1B}"))
        }
    }
}
