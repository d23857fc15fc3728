import Foundation
import Testing

/// `plumb finetune`, as a user meets it.
@Suite struct FinetuneCommandTests {
    private static let answers = """
        {"prompt": "When Mary and John went to the store", "completion": " John gave a drink to Mary"}
        {"prompt": "When Tom went", "completion": " a ring"}
        """
    private static let pairs = """
        {"prompt": "When Mary and John went to the store", "chosen": " John gave", "rejected": " Mary gave a ring"}
        {"prompt": "When Tom went", "chosen": " a ring", "rejected": " a drink"}
        """
    private static let template =
        "{% for message in messages %}{{ message['role'] + ':' + message['content'] + '\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"

    @Test func answersAreLearnedAndTheModelIsUsed() throws {
        let model = try TinyModel()
        let data = try model.write(Self.answers, "answers.jsonl")
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run([
            "finetune", "sft", "--model", model.path, "--data", data, "--out", out, "--lora", "4", "--steps", "30",
            "--learning-rate", "0.01", "--json",
        ])
        #expect((outcome.code, outcome.errors) == (0, ""))
        let json = try outcome.json()
        let losses = try #require(json["losses"] as? [Double])
        #expect(losses.count == 30 && losses[29] < losses[0] - 0.5)
        let measured = try #require(json["measured"] as? [[String: Any]])
        #expect(measured.first?["kl"] as? Double == 0 && (measured.last?["kl"] as? Double ?? 0) > 0.01)
        #expect(measured.last?["step"] as? Int == 30 && json["held_out"] as? Bool == false)
        let files = Set(try FileManager.default.contentsOfDirectory(atPath: out))
        #expect(
            files == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "training.json"])
        let generated = try Plumb.run(["generate", "--model", out, "--text", "When Tom went", "--max-tokens", "2"])
        #expect((generated.code, generated.errors) == (0, ""))

        let again = try Plumb.run(["finetune", "sft", "--model", model.path, "--data", data, "--out", out])
        #expect(again.code == 3 && again.errors.contains("holds a model already"))
        let resumed = try Plumb.run(["finetune", "sft", "--out", out, "--resume"])
        #expect(resumed.code == 3 && resumed.errors.contains("is done"))
    }

    @Test func preferencesRaiseTheMargin() throws {
        let model = try TinyModel()
        let data = try model.write(Self.pairs, "pairs.jsonl")
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run([
            "finetune", "dpo", "--model", model.path, "--data", data, "--out", out, "--steps", "20", "--learning-rate",
            "0.003", "--beta", "0.5",
        ])
        #expect((outcome.code, outcome.errors) == (0, ""))
        for word in ["accuracy", "margin", "chosen", "rejected", "kl", "plumb generate --model"] {
            #expect(outcome.output.contains(word), "no \(word)")
        }
        let rows = outcome.output.split(separator: "\n").map { $0.split(separator: " ") }
        let (first, last) = (
            try #require(rows.first { $0.first == "0" }), try #require(rows.first { $0.first == "20" })
        )
        // step, validation, accuracy, margin, …; from the second row on the loss stands before.
        #expect(first[3] == "0.000" && last[3] == "1.000" && (Double(last[4]) ?? 0) > 0.1)
    }

    @Test func aDryRunShowsWhatIsLearnedAndWritesNothing() throws {
        let model = try TinyModel()
        try model.write(#"{"chat_template": "\#(Self.template)"}"#, "tiny/tokenizer_config.json")
        let data = try model.write(
            """
            {"messages": [{"role": "user", "content": "When Tom"}, {"role": "assistant", "content": " went"}]}
            """, "chat.jsonl")
        let before = try FileManager.default.contentsOfDirectory(atPath: model.scratch.path).sorted()
        let outcome = try Plumb.run([
            "finetune", "sft", "--model", model.path, "--data", data, "--dry-run", "--lora", "2",
        ])
        #expect((outcome.code, outcome.errors) == (0, ""))
        #expect(outcome.output.contains("user:When Tom\nassistant:⟦ went\n⟧"), "\(outcome.output)")
        #expect(outcome.output.contains("a step on the longest texts takes") && outcome.output.contains("GB"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: model.scratch.path).sorted() == before)
        let json = try Plumb.run([
            "finetune", "sft", "--model", model.path, "--data", data, "--dry-run", "--json",
        ]).json()
        #expect(json["texts"] as? Int == 1 && (json["learned_tokens"] as? Int ?? 0) > 0)
    }

    @Test(arguments: [
        ("sft", "{}", "line 1: it lacks \"messages\""), ("sft", #"{"prompt": "a", "completion": " "}"#, "is empty"),
        ("sft", #"{"prompt": "When Mary and John", "completion": " a"}"#, "leaves no room for an answer in 4 tokens"),
        ("sft", "", "has no line to learn from"),
        ("sft", #"{"messages": [{"role": "user", "content": "a"}]}"#, "no turn"),
        ("dpo", #"{"prompt": "a", "chosen": "b"}"#, "line 1: it lacks \"rejected\""),
        ("dpo", #"{"prompt": "a", "chosen": "b", "rejected": "b"}"#, "are equal"),
    ]) func faultsOfTheDataAreNamed(_ method: String, _ line: String, _ part: String) throws {
        let model = try TinyModel()
        let data = try model.write(line, "data.jsonl")
        let out = model.scratch.appendingPathComponent("out")
        let outcome = try Plumb.run([
            "finetune", method, "--model", model.path, "--data", data, "--out", out.path, "--context", "4",
        ])
        #expect(outcome.code == 3 && outcome.output.isEmpty)
        #expect(outcome.errors.contains(part), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: out.path))
    }

    @Test(arguments: [
        (["sft"], "--data FILE"), (["sft", "--data", "a"], "--out DIR"), (["dpo", "--resume"], "--out"),
        (["sft", "--data", "a", "--out", "b", "--steps", "0"], "--steps must be at least 1"),
        (["sft", "--data", "a", "--out", "b", "--learning-rate", "-1"], "--learning-rate must be a number above 0"),
        (["dpo", "--data", "a", "--out", "b", "--beta", "0"], "--beta must be a number above 0"),
        (
            ["dpo", "--data", "a", "--out", "b", "--loss", "ipo", "--label-smoothing", "0.1"],
            "--label-smoothing goes with"
        ),
        (["dpo", "--data", "a", "--out", "b", "--label-smoothing", "0.5"], "must be in 0 ..< 0.5"),
        (["dpo", "--resume", "--out", "b", "--beta", "1"], "leave out --beta"),
        (["sft", "--resume", "--out", "b", "--seed", "1"], "leave out --seed"),
    ]) func wrongUsageIsNamed(_ arguments: [String], _ part: String) throws {
        let outcome = try Plumb.run(["finetune"] + arguments)
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains(part), "\(outcome.errors)")
    }

    @Test func divergenceBeforeAnythingWasLearnedLeavesNothing() throws {
        let model = try TinyModel()
        let data = try model.write(Self.answers, "answers.jsonl")
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run([
            "finetune", "sft", "--model", model.path, "--data", data, "--out", out, "--steps", "400",
            "--learning-rate", "1e36",
        ])
        #expect(outcome.code == 3, "\(outcome.output)")
        #expect(outcome.errors.contains("at step 1"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: out))
    }
}
