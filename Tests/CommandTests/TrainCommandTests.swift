import Foundation
import Testing

/// `plumb train`, as a user meets it.
@Suite struct TrainCommandTests {
    private let tiny = ["--layers", "1", "--width", "16", "--heads", "2", "--context", "16", "--batch", "2"]

    @Test func aModelIsTrainedSavedAndUsed() throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "when mary and john went to the store,\n", count: 30), "text.txt")
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run(
            ["train", "--text", text, "--out", out, "--steps", "30", "--learning-rate", "0.01", "--json"] + tiny)
        #expect((outcome.code, outcome.errors) == (0, ""))
        let json = try outcome.json()
        let losses = try #require(json["losses"] as? [Double])
        #expect(losses.count == 30 && losses[29] < losses[0] - 0.3)
        let validation = try #require(json["validation"] as? [[String: Any]])
        #expect(validation.first?["step"] as? Int == 0 && validation.last?["step"] as? Int == 30)
        let files = Set(try FileManager.default.contentsOfDirectory(atPath: out))
        #expect(
            files == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "training.json"])
        let generated = try Plumb.run(["generate", "--model", out, "--text", "when", "--max-tokens", "5"])
        #expect((generated.code, generated.errors) == (0, ""))
        #expect(generated.output.count == 6)

        let again = try Plumb.run(["train", "--text", text, "--out", out] + tiny)
        #expect(again.code == 3 && again.errors.contains("holds a model already"))
        let resumed = try Plumb.run(["train", "--out", out, "--resume"])
        #expect(resumed.code == 3 && resumed.errors.contains("is done"))
        let second = model.scratch.appendingPathComponent("second").path
        let tuned = try Plumb.run(
            ["train", "--text", text, "--model", out, "--lora", "2", "--steps", "5", "--context", "8", "--out", second])
        #expect((tuned.code, tuned.errors) == (0, ""))
        #expect(tuned.output.contains("validation") && tuned.output.contains("plumb generate --model"))
    }

    @Test(arguments: [
        (["--text", "no-such-file"], 3, "no-such-file"), ([], 2, "--text FILE"),
        (["--text", "a", "--lora", "2"], 2, "--model"),
        (["--text", "a", "--model", "b", "--layers", "2"], 2, "--layers"),
        (["--text", "a", "--tokenizer", "words"], 2, "bpe:SIZE"), (["--text", "a", "--steps", "0"], 2, "--steps"),
        (["--text", "a", "--from-scratch", "mamba"], 2, "gptj, gpt_neo or attention-only"),
        (["--resume", "--steps", "5"], 2, "leave out --steps"), (["--resume"], 3, "holds no training"),
    ]) func mistakesAreNamed(_ arguments: [String], _ code: Int, _ part: String) throws {
        let model = try TinyModel()
        let out = model.scratch.appendingPathComponent("out")
        let outcome = try Plumb.run(["train", "--out", out.path] + arguments, in: model.scratch)
        #expect(outcome.code == Int32(code))
        #expect(outcome.errors.contains(part), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: out.path))
    }

    @Test(arguments: ["gpt2", "llama", "gemma3_text", "phi", "gpt_neox", "attention-only"])
    func everyArchitectureIsTrainedFromScratch(_ name: String) throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "when mary and john\n", count: 30), "text.txt")
        let out = model.scratch.appendingPathComponent("out").path
        let train = ["train", "--text", text, "--out", out, "--from-scratch", name, "--steps", "2", "--sample", "0"]
        let outcome = try Plumb.run(train + tiny)
        #expect((outcome.code, outcome.errors) == (0, ""))
        let shown = try Plumb.run(["model", "show", out])
        #expect(shown.code == 0 && shown.output.contains(name), "\(shown.output)\(shown.errors)")
    }

    /// Rotary factors of single frequencies, as Llama 3.1's GGUF files have them, have no place in config.json.
    @Test func whatCouldNotBeSavedIsRefusedBeforeTheFirstStep() throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "when mary and john\n", count: 30), "text.txt")
        let file = model.scratch.appendingPathComponent("model.gguf")
        try TinyGGUF().encoded().write(to: file)
        let predicted = try Plumb.run(["predict", "--model", file.path, "--text", "when"])
        #expect((predicted.code, predicted.errors) == (0, ""))
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run(
            ["train", "--model", file.path, "--text", text, "--out", out, "--steps", "1000000", "--context", "8"])
        #expect(outcome.code == 3 && outcome.errors.contains("config.json cannot say"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    /// The one that comes second finds the lock of the first and changes nothing.
    @Test func twoTrainingsNeverShareAFolder() throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "when mary and john\n", count: 30), "text.txt")
        let out = model.scratch.appendingPathComponent("out").path
        let settings = model.scratch.appendingPathComponent("out/training.json")
        let train = ["train", "--text", text, "--out", out, "--sample", "0"] + tiny
        var second: Plumb.Outcome?
        let first = try Plumb.run(train + ["--steps", "400", "--seed", "1"]) { _ in
            let end = Date(timeIntervalSinceNow: 20)
            while !FileManager.default.fileExists(atPath: settings.path), Date() < end {
                Thread.sleep(forTimeInterval: 0.01)
            }
            second = try Plumb.run(train + ["--steps", "2", "--seed", "2"])
        }
        #expect((first.code, first.errors) == (0, ""))
        #expect(second?.code == 3)
        #expect(second?.errors.contains("another training writes to \(out)") == true, "\(second?.errors ?? "")")
        #expect(try String(contentsOf: settings, encoding: .utf8).contains("\"seed\" : 1"))
        #expect(try Plumb.run(["generate", "--model", out, "--text", "when", "--max-tokens", "2"]).code == 0)
    }

    @Test func aTextTooShortForAWindowIsRefused() throws {
        let model = try TinyModel()
        let text = try model.write("short", "text.txt")
        let out = model.scratch.appendingPathComponent("out")
        let outcome = try Plumb.run(["train", "--text", text, "--out", out.path])
        #expect(outcome.code == 3 && outcome.errors.contains("shorter window"))
        #expect(!FileManager.default.fileExists(atPath: out.path))
    }

    @Test func aTextWithoutRoomForValidationShowsTheTrainingLoss() throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "ab", count: 40), "text.txt")
        let out = model.scratch.appendingPathComponent("out").path
        let outcome = try Plumb.run(["train", "--text", text, "--out", out, "--steps", "3"] + tiny)
        #expect((outcome.code, outcome.errors) == (0, ""))
        #expect(outcome.output.contains("training loss") && outcome.output.contains("no validation"))
    }

    @Test func whatNoMachineCouldTrainEndsWithASentence() throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "when mary and john\n", count: 30), "text.txt")
        let out = model.scratch.appendingPathComponent("out").path
        let train = ["train", "--text", text, "--out", out, "--layers", "1", "--width", "16", "--heads", "2"]
        let large = try Plumb.run(train + ["--context", "16", "--batch", "1000000000000"])
        #expect(large.code == 3 && large.errors.contains("take a smaller batch"), "\(large.errors)")
        let steep = try Plumb.run(train + ["--context", "16", "--steps", "1", "--learning-rate", "1e300"])
        #expect(steep.code == 3 && steep.errors.contains("Take a smaller learning rate than 1e+300"), "\(steep.errors)")
        // Weights that are numbers still, and make none; a text without room for validation has no loss that shows it.
        let tiny = try model.write(String(repeating: "ab", count: 10), "tiny.txt")
        for text in [text, tiny] {
            let last = try Plumb.run(
                ["train", "--text", text, "--out", out, "--context", "16", "--steps", "1", "--learning-rate", "1e20"])
            #expect(last.code == 3 && last.errors.contains("Take a smaller learning rate than 1e+20"), "\(last.errors)")
            #expect(!FileManager.default.fileExists(atPath: out + "/model.safetensors"))
            try? FileManager.default.removeItem(atPath: out)
        }
        #expect(!FileManager.default.fileExists(atPath: out), "no model of numbers that are none")
        try Data().write(to: URL(fileURLWithPath: out))
        let file = try Plumb.run(train)
        #expect(file.code == 3 && file.errors.contains("out is a file: name another folder"), "\(file.errors)")
    }

    @Test func charactersThatAModelCannotReadAreNamed() throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "when mary and john\n", count: 30), "text.txt")
        let other = try model.write(String(repeating: "when märy and john\n", count: 30), "other.txt")
        let out = model.scratch.appendingPathComponent("out").path
        #expect(try Plumb.run(["train", "--text", text, "--out", out, "--steps", "2"] + tiny).code == 0)
        let second = model.scratch.appendingPathComponent("second").path
        let outcome = try Plumb.run(["train", "--text", other, "--model", out, "--steps", "2", "--out", second])
        #expect(outcome.code == 3 && outcome.errors.contains("no token for \"ä\""), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: second))
    }

    @Test func settingsEditedIntoNonsenseAreRefused() throws {
        let model = try TinyModel()
        let text = try model.write(String(repeating: "when mary and john\n", count: 30), "text.txt")
        let out = model.scratch.appendingPathComponent("out")
        let outcome = try Plumb.run(["train", "--text", text, "--out", out.path, "--steps", "2"] + tiny)
        #expect(outcome.code == 0)
        try FileManager.default.removeItem(at: out.appendingPathComponent("model.safetensors"))
        let file = out.appendingPathComponent("training.json")
        let settings = try String(contentsOf: file, encoding: .utf8)
        try Data(settings.replacing("\"batch\" : 2", with: "\"batch\" : -2").utf8).write(to: file)
        let resumed = try Plumb.run(["train", "--out", out.path, "--resume"])
        #expect(resumed.code == 3 && resumed.errors.contains("gives -2 for batch"), "\(resumed.errors)")
    }
}
