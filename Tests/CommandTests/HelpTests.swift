import Foundation
import Testing

/// Helps and lists: what a newcomer reads first. `PLUMB_RECORD_GOLDEN=1` writes the snapshots anew.
@Suite struct HelpTests {
    private func expectGolden(_ text: String, _ name: String) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let source = tests.appendingPathComponent("Golden/\(name)")
        if ProcessInfo.processInfo.environment["PLUMB_RECORD_GOLDEN"] != nil {
            try Data(text.utf8).write(to: source)
            return
        }
        let file = try #require(Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil))
        #expect(try String(contentsOf: file, encoding: .utf8) == text, "PLUMB_RECORD_GOLDEN=1 records \(name) anew")
    }

    @Test func theCommandAloneAndItsHelpAreTheSame() throws {
        let alone = try Plumb.run([])
        #expect((alone.code, alone.errors) == (0, ""))
        #expect(alone.output.contains("Exit codes: 0 done, 1 a claim failed in verify, 2 wrong usage, 3 bad input"))
        for command in [
            "list", "show", "run", "verify", "report", "runs", "predict", "generate", "tokens", "model", "data",
            "train", "finetune", "eval", "world", "preferences", "attack", "certify", "completion", "circuit",
            "features",
            "probe",
        ] {
            #expect(alone.output.contains("\n  \(command) "), "help does not list \(command)")
        }
        #expect(try Plumb.run(["--help"]).output == alone.output)
    }

    @Test func theVersionIsOneLine() throws {
        let outcome = try Plumb.run(["--version"])
        #expect(outcome.code == 0)
        #expect(outcome.output.split(separator: "\n").count == 1)
        #expect(outcome.output.contains(try Regex("^[0-9]+\\.[0-9]+")))
    }

    @Test func settingsAreListedWithDefaults() throws {
        let outcome = try Plumb.run(["run", "activation-patching", "--help"])
        #expect((outcome.code, outcome.errors) == (0, ""))
        try expectGolden(outcome.output, "run-activation-patching-help.txt")
    }

    @Test func listNamesEveryExperiment() throws {
        let outcome = try Plumb.run(["list"])
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("activation-patching"))
        #expect(!outcome.output.contains("\u{1B}"), "color reached a pipe")
        let cards = try #require(try Plumb.run(["list", "--json"]).json()["experiments"] as? [[String: Any]])
        #expect(cards.contains { $0["id"] as? String == "activation-patching" })
        for card in cards {
            #expect(outcome.output.contains(try #require(card["id"] as? String)))
            for key in ["id", "title", "direction", "question", "hypothesis", "control"] {
                #expect((card[key] as? String)?.isEmpty == false, "a card lacks \(key)")
            }
        }
    }

    @Test func showExplainsAnExperiment() throws {
        let outcome = try Plumb.run(["show", "activation-patching"])
        #expect(outcome.code == 0)
        for heading in ["Question", "Method", "Hypothesis", "Control", "Limits", "Sources", "Settings", "Presets"] {
            #expect(outcome.output.contains("\n\(heading)\n"), "no \(heading)")
        }
        #expect(outcome.output.contains("arXiv:2404.15255"))
        let shown = try Plumb.run(["show", "activation-patching", "--json"]).json()
        #expect((shown["card"] as? [String: Any])?["id"] as? String == "activation-patching")
        #expect((shown["settings"] as? [String: Any])?["model"] as? String == "smollm2-135m")
        #expect((shown["presets"] as? [String])?.contains("tiny") == true)
    }

    @Test(arguments: [
        "list", "show", "verify", "report", "runs", "predict", "generate", "tokens", "model", "data", "train", "world",
        "finetune", "preferences", "completion", "circuit", "features", "probe",
    ])
    func everySubcommandHasHelp(_ command: String) throws {
        let outcome = try Plumb.run([command, "--help"])
        #expect((outcome.code, outcome.errors) == (0, ""))
        #expect(outcome.output.contains("USAGE: plumb \(command)"))
    }
}
