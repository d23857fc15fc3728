import Foundation
import PlumbData
import PlumbTensor
import Testing

/// `features`, `probe` and `circuit` on a small random model.
@Suite struct InstrumentCommandTests {
    private let tiny: TinyModel

    init() throws { tiny = try TinyModel() }

    private func run(_ arguments: [String]) throws -> Plumb.Outcome {
        try Plumb.run(arguments + ["--model", tiny.path], environment: ["PLUMB_OFFLINE": "1"])
    }

    private func refuses(_ arguments: [String], code: Int32 = 3, says part: String) throws {
        let outcome = try run(arguments)
        #expect(outcome.code == code && outcome.output == "", "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(part), "\(arguments): \(outcome.errors)")
        if code == 3 { #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)") }
    }

    private func random(_ shape: [Int], _ seed: UInt64) -> Tensor {
        var generator = RandomKey(seed).generator()
        return Tensor((0..<shape[0] * shape[1]).map { _ in Float(generator.normal()) }, shape: shape)
    }

    /// A folder of SAELens for the model's second block.
    private func dictionary(width: Int = 24) throws -> String {
        let folder = tiny.scratch.appendingPathComponent("sae-\(width)")
        try tiny.write(
            """
            {"architecture":"topk","d_in":\(width),"d_sae":8,"k":2,"normalize_activations":"none",
            "apply_b_dec_to_input":false,"metadata":{"hook_name":"blocks.1.hook_resid_post"}}
            """, "sae-\(width)/cfg.json")
        var writer = SafetensorsWriter()
        writer.add("W_enc", random([width, 8], 1))
        writer.add("b_enc", Tensor.zeros([8]))
        writer.add("W_dec", random([8, width], 2))
        writer.add("b_dec", Tensor.zeros([width]))
        try writer.write(to: folder.appendingPathComponent("sae_weights.safetensors"))
        return folder.path
    }

    private func text() throws -> String {
        try tiny.write(
            String(repeating: "When Mary and John went to the store, John gave a drink to Tom\n", count: 12), "text.txt"
        )
    }

    @Test func featuresAreShownAsTextAsJSONAndAsAPage() throws {
        let page = tiny.scratch.appendingPathComponent("features.html").path
        let arguments = [
            "features", "--dictionary", try dictionary(), "--file", try text(), "--features", "0-7", "--window", "16",
        ]
        let shown = try run(arguments + ["--page", page])
        #expect(shown.code == 0 && shown.errors == "" && shown.output.contains("feature 0"))
        let markup = try String(contentsOfFile: page, encoding: .utf8)
        #expect(markup.contains("Content-Security-Policy") && !markup.contains("<script") && !markup.contains("src="))
        let json = try run(arguments + ["--json"]).json()
        let features = try #require(json["features"] as? [[String: Any]])
        #expect(features.count == 8 && json["positions"] as? Int ?? 0 > 50 && json["input"] != nil)
        let active = try #require(features.first { ($0["density"] as? Double ?? 0) > 0 })
        let top = try #require((active["top"] as? [[String: Any]])?.first)
        let (values, place) = (try #require(top["activations"] as? [Double]), try #require(top["place"] as? Int))
        #expect(values[place] == active["greatest"] as? Double && (active["raised"] as? [Any])?.count == 8)
        let few = try run(Array(arguments.dropLast(4)) + ["--tokens", "20", "--count", "2", "--json"]).json()
        #expect(few["positions"] as? Int ?? 99 <= 20 && (few["features"] as? [Any])?.count ?? 9 <= 2)
    }

    @Test func featuresThatCannotBeShownAreRefusedInOneSentence() throws {
        let (own, text) = (try dictionary(), try text())
        let words = ["features", "--file", text, "--dictionary"]
        try refuses(words + ["/nowhere"], says: "cannot read /nowhere: there is no such file or folder")
        try refuses(words + [try dictionary(width: 20)], says: "of width 20")
        try refuses(words + [text], says: "is no dictionary")
        try refuses(words + [own, "--features", "8"], code: 2, says: "--features takes all, or numbers from 0 to 7")
        try refuses(words + [own, "--count", "0"], code: 2, says: "--count must be at least 1, got 0")
        try refuses(words + [own, "--point", "nowhere"], code: 2, says: "is no hook point")
        try refuses(words + [own, "--window", "500"], says: "windows of 500 tokens cannot be read")
        try refuses(["features", "--dictionary", own, "--file", "/nowhere.txt"], says: "cannot read /nowhere.txt")
        try refuses(["features", "--dictionary", own, "--file", try tiny.write("", "empty.txt")], says: "no window")
        try refuses(["features", "--dictionary", "", "--file", text], code: 2, says: "--dictionary is empty")
    }

    private func rows() throws -> String {
        let lines = (0..<40).map { index in
            let name = index % 2 == 0 ? "Mary" : "John"
            return "{\"text\":\"When \(name) went to \(index)\",\"label\":\(index % 2 == 0),\"city\":\"\(index / 2)\"}"
        }
        return try tiny.write(lines.joined(separator: "\n"), "rows.jsonl")
    }

    @Test func probesAreJudgedOnHeldOutTextsAndWritten() throws {
        let out = tiny.scratch.appendingPathComponent("probe.safetensors").path
        let page = tiny.scratch.appendingPathComponent("probe.html").path
        let probed = try run(
            [
                "probe", "--data", rows(), "--group", "city", "--controls", "3", "--out", out, "--page", page, "--json",
                "--method", "mean-difference",
            ])
        #expect(probed.code == 0 && probed.errors == "")
        let json = try probed.json()
        let metrics = try #require(json["metrics"] as? [String: Double])
        #expect(metrics["auroc"] != nil && metrics["auroc_shuffled_labels"] != nil && json["layer"] as? Int != nil)
        #expect(((json["tables"] as? [String: [String: Any]])?["layers"]?["rows"] as? [String]) == ["0", "1", "2"])
        #expect(try SafetensorsFile(contentsOf: URL(fileURLWithPath: out)).names.count == 6)
        #expect(try String(contentsOfFile: page, encoding: .utf8).contains("shuffled labels"))
        let csv = try tiny.write(
            "text,stars\n" + (0..<30).map { "gave a drink \($0),\($0 % 2 == 0 ? 5 : 1)" }.joined(separator: "\n"),
            "stars.csv")
        let vector = tiny.scratch.appendingPathComponent("v.gguf").path
        let starred = try run(
            [
                "probe", "--data", csv, "--label-column", "stars", "--positive", "5", "--layers", "1-2", "--controls",
                "2",
                "--out", vector,
            ])
        #expect(starred.code == 0 && starred.output.contains("directions  \(vector)"), "\(starred.errors)")
    }

    @Test func rowsThatTeachNoProbeAreRefusedInOneSentence() throws {
        let words = ["probe", "--data"]
        try refuses(words + ["/nowhere.jsonl"], says: "/nowhere.jsonl cannot be read")
        try refuses(words + [try tiny.write("x", "rows.txt")], says: "its name ends in")
        try refuses(words + [try tiny.write("{\"text\":\"a\"}", "a.jsonl")], says: "line 1 has no label; it has text")
        try refuses(
            words + [try tiny.write("{\"text\":\"a\",\"label\":\"spam\"}", "b.jsonl")], says: "with --positive")
        try refuses(
            words + [try tiny.write("{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":0}", "c.jsonl")],
            says: "groups are too few")
        try refuses(words + [try rows(), "--out", "x.pt"], code: 2, says: "--out must end in .safetensors or .gguf")
        try refuses(words + [try rows(), "--penalty", "0"], code: 2, says: "--penalty must be above 0")
        try refuses(words + [try rows(), "--layers", "3"], code: 2, says: "--layers")
        try refuses(words + [""], code: 2, says: "--data is empty")
    }

    private let prompts = [
        "--clean", "When Mary and John went to the store, John gave a drink to", "--corrupted",
        "When Mary and John went to the store, Mary gave a drink to", "--answer", " Mary", "--wrong", " John",
    ]

    @Test func aHeadsAttentionIsExplainedAndWhatItCannotSeeRefused() throws {
        let asked = ["graph", "--text", "When Mary and John went", "--head", "1.0"]
        let json = try run(asked + ["--from", "-1", "--to", "2", "--json"]).json()
        let metrics = try #require(json["metrics"] as? [String: Double])
        let tables = try #require(json["tables"] as? [String: Any])
        #expect(metrics["score"] != nil && metrics["attention"] != nil && tables["pairs"] != nil)
        let shown = try run(asked)
        #expect(shown.code == 0 && shown.output.contains("before the softmax"), "\(shown.errors)")
        try refuses(asked + ["--from", "1", "--to", "3"], says: "position 1 does not see position 3")
        try refuses(asked + ["--to", "99"], code: 2, says: "--to 99 is outside the prompt")
        try refuses(["graph", "--text", "a b", "--head", "7"], code: 2, says: "not a block and a head, such as 17.4")
        try refuses(["graph", "--text", "a b", "--head", "9.0"], says: "has no head 0 in block 9")
        try refuses(["graph", "--text", "a b", "--to", "0"], code: 2, says: "--from and --to are about the head")
    }

    @Test func circuitsAreFoundJudgedAndWritten() throws {
        let (out, dot) = (
            tiny.scratch.appendingPathComponent("c.json").path, tiny.scratch.appendingPathComponent("c.dot").path
        )
        let found = try run(
            ["circuit"] + prompts + ["--edges", "20", "--random", "4", "--out", out, "--dot", dot, "--json"])
        #expect(found.code == 0 && found.errors == "", "\(found.errors)")
        let json = try found.json()
        #expect((json["edges"] as? [String])?.count == 20 && json["held_out"] as? Bool == false)
        let metrics = try #require(json["metrics"] as? [String: Double])
        #expect(metrics["faithfulness"] != nil && metrics["faithfulness_random_circuits"] != nil)
        #expect(try String(contentsOfFile: out, encoding: .utf8).contains("plumbline circuit"))
        #expect(try String(contentsOfFile: dot, encoding: .utf8).hasPrefix("digraph circuit"))
        let line = """
            {"clean":"When Mary and John gave","corrupted":"When Tom and John gave","answer":" Mary","wrong":" Tom"}
            """
        let pairs = try tiny.write("\(line)\n\(line.replacing("gave", with: "went"))\n", "pairs.jsonl")
        let page = tiny.scratch.appendingPathComponent("c.html").path
        let several = try run(
            [
                "circuit", "--pairs", pairs, "--edges", "10%", "--method", "eap", "--random", "3", "--page", page,
                "--json",
            ])
        let summary = try #require(try several.json()["summary"] as? String)
        #expect(summary.contains("1 pair that they were not found on"))
        #expect(try String(contentsOfFile: page, encoding: .utf8).contains("The strongest edges"))
    }

    @Test func promptsThatCannotBePatchedAreRefusedInOneSentence() throws {
        try refuses(["circuit"], code: 2, says: "--clean is missing or empty")
        try refuses(["circuit", "--pairs", "x.jsonl", "--clean", "a"], code: 2, says: "give either --pairs or --clean")
        try refuses(
            ["circuit"] + prompts + ["--edges", "0"], code: 2, says: "--edges takes a number of edges such as 200")
        try refuses(["circuit"] + prompts + ["--edges", "200%"], code: 2, says: "--edges takes")
        try refuses(["circuit"] + prompts + ["--random", "0"], code: 2, says: "--random must be at least 1, got 0")
        try refuses(["circuit", "--pairs", "/nowhere.jsonl"], says: "/nowhere.jsonl")
        var other = prompts
        other[3] = "When Mary went"
        try refuses(["circuit"] + other, says: "needs prompts of one length")
        other = prompts
        other[7] = " Mary"
        try refuses(["circuit"] + other, says: "take two different answers")
    }
}
