import Foundation
import Testing

/// `plumb finetune reward`, `ppo` and `grpo`, as a user meets them.
@Suite struct FinetuneRewardTests {
    private static let pairs = """
        {"prompt": "When Mary and John went to the store", "chosen": " John gave", "rejected": " Mary gave a ring"}
        {"prompt": "When Tom went", "chosen": " a ring", "rejected": " a drink"}
        """
    private static let prompts = """
        {"prompt": "When Mary and John"}
        {"prompt": "When Tom went"}
        """
    private static let words = "Mary 1\nJohn -1\nTom 0.5\ngave 0.25\na 0.125\nthe -0.5\n"

    @Test func aRewardIsLearnedAndOptimized() throws {
        let model = try TinyModel()
        let data = try model.write(Self.pairs, "pairs.jsonl")
        let prompts = try model.write(Self.prompts, "prompts.jsonl")
        let (reward, tuned) = (
            model.scratch.appendingPathComponent("reward").path, model.scratch.appendingPathComponent("tuned").path
        )
        let learned = try Plumb.run([
            "finetune", "reward", "--model", model.path, "--data", data, "--out", reward, "--lora", "4", "--steps",
            "20",
            "--learning-rate", "0.01",
        ])
        #expect((learned.code, learned.errors) == (0, ""))
        #expect(learned.output.contains("accuracy") && learned.output.contains("finetune ppo --reward-model"))
        let files = Set(try FileManager.default.contentsOfDirectory(atPath: reward))
        #expect(files.isSuperset(of: ["config.json", "model.safetensors", "reward_head.safetensors", "training.json"]))
        let outcome = try Plumb.run([
            "finetune", "ppo", "--model", model.path, "--prompts", prompts, "--reward-model", reward, "--out", tuned,
            "--lora", "4", "--steps", "3", "--batch", "8", "--max-tokens", "3", "--json",
        ])
        #expect((outcome.code, outcome.errors) == (0, ""))
        let measured = try #require(outcome.json()["measured"] as? [[String: Any]])
        #expect(measured.count == 3 && measured[0]["kl"] as? Double == 0)
        for name in ["reward", "drawn", "entropy", "beta", "tokens", "finished", "equal"] {
            #expect(measured[2][name] as? Double != nil, "no \(name)")
        }
        let generated = try Plumb.run(["generate", "--model", tuned, "--text", "When Tom", "--max-tokens", "2"])
        #expect((generated.code, generated.errors) == (0, ""))
    }

    @Test func theHeadAloneLeavesTheModelAsItIs() throws {
        let model = try TinyModel()
        let data = try model.write(Self.pairs, "pairs.jsonl")
        let out = model.scratch.appendingPathComponent("reward").path
        let outcome = try Plumb.run([
            "finetune", "reward", "--model", model.path, "--data", data, "--out", out, "--head-only", "--steps", "30",
            "--json",
        ])
        #expect((outcome.code, outcome.errors) == (0, ""))
        let losses = try #require(outcome.json()["losses"] as? [Double])
        #expect(abs(losses[0] - 0.6931) < 1e-3 && losses[29] < losses[0])
    }

    @Test(arguments: [[String](), ["--leave-one-out"], ["--penalty-in-loss"]])
    func wordsAreARewardOfGroups(_ options: [String]) throws {
        let model = try TinyModel()
        let (prompts, words) = (
            try model.write(Self.prompts, "prompts.jsonl"), try model.write(Self.words, "words.txt")
        )
        let arguments = [
            "finetune", "grpo", "--model", model.path, "--prompts", prompts, "--reward", "lexicon:\(words)", "--lora",
            "2", "--batch", "8", "--group", "4", "--max-tokens", "4",
        ]
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run(arguments + options + ["--steps", "2", "--out", out])
        #expect((outcome.code, outcome.errors) == (0, ""))
        #expect(outcome.output.contains("equal") && outcome.output.contains("plumb generate --model"))
        let dry = try Plumb.run(arguments + options + ["--dry-run"])
        #expect((dry.code, dry.errors) == (0, ""))
        #expect(dry.output.contains("a round of 8 texts takes") && dry.output.contains("⟦"))
    }

    @Test func aRewardThatNeverVariesIsSaidAtOnceAndLeavesNothing() throws {
        let model = try TinyModel()
        let (prompts, words) = (
            try model.write(Self.prompts, "prompts.jsonl"), try model.write("unheard 1", "words.txt")
        )
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run([
            "finetune", "ppo", "--model", model.path, "--prompts", prompts, "--reward", "lexicon:\(words)", "--lora",
            "2", "--batch", "4", "--max-tokens", "2", "--out", out,
        ])
        #expect(outcome.code == 3 && outcome.errors.contains("the reward does not vary"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test(arguments: [
        (#"{"text": "a"}"#, "a 1", "line 1: it lacks \"prompt\""), (#"{"prompt": " "}"#, "a 1", "\"prompt\" is empty"),
        (#"{"prompt": "When"}"#, "a x", "line 1: there must be a word and a number"),
        (#"{"prompt": "When"}"#, "a 0", "the reward would never vary"),
        (#"{"messages": [{"role": "assistant", "content": "a"}]}"#, "a 1", "ends with a turn of the assistant"),
    ]) func faultsOfTheFilesAreNamed(_ line: String, _ words: String, _ part: String) throws {
        let model = try TinyModel()
        let (prompts, list) = (try model.write(line, "prompts.jsonl"), try model.write(words, "words.txt"))
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run([
            "finetune", "ppo", "--model", model.path, "--prompts", prompts, "--reward", "lexicon:\(list)", "--out", out,
            "--max-tokens", "2",
        ])
        #expect(outcome.code == 3 && outcome.errors.contains(part), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test func aFolderWithoutARewardIsNamed() throws {
        let model = try TinyModel()
        let prompts = try model.write(Self.prompts, "prompts.jsonl")
        let outcome = try Plumb.run([
            "finetune", "ppo", "--model", model.path, "--prompts", prompts, "--reward-model", model.path, "--dry-run",
        ])
        #expect(outcome.code == 3 && outcome.errors.contains("holds no reward model"), "\(outcome.errors)")
    }

    @Test(arguments: [
        (["ppo"], "--prompts FILE"), (["ppo", "--prompts", "a"], "--out DIR"),
        (["ppo", "--prompts", "a", "--out", "b"], "name one reward"),
        (["ppo", "--prompts", "a", "--out", "b", "--reward", "x"], "--reward must be lexicon:FILE"),
        (["ppo", "--prompts", "a", "--out", "b", "--reward", "lexicon:w", "--reward-model", "c"], "name one reward"),
        (
            ["grpo", "--prompts", "a", "--out", "b", "--reward", "lexicon:w", "--batch", "6"],
            "no multiple of --group 4"
        ),
        (
            ["grpo", "--prompts", "a", "--out", "b", "--reward", "lexicon:w", "--group", "1"],
            "--group must be at least 2"
        ),
        (["ppo", "--resume", "--out", "b", "--beta", "1"], "leave out --beta"),
        (["ppo", "--prompts", "a", "--out", "b", "--reward", "lexicon:w", "--beta", "-1"], "--beta must be a number"),
        (["reward", "--data", "a", "--out", "b", "--head-only", "--lora", "4"], "exclude each other"),
        (["reward", "--data", "a", "--out", "b", "--margin", "-1"], "--margin must be a number of 0 or more"),
    ]) func wrongUsageIsNamed(_ arguments: [String], _ part: String) throws {
        let outcome = try Plumb.run(["finetune"] + arguments)
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains(part), "\(outcome.errors)")
    }
}
