import Foundation
import Testing

/// What the shell offers for a word, asked as its script asks, and in the shells themselves.
@Suite final class CompletionTests {
    private let folder: URL
    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func candidates(_ words: String..., command: String = "plumb") throws -> [String] {
        let outcome = try Plumb.run(
            ["__complete"] + words, command: command, in: folder, environment: ["PLUMB_OFFLINE": "1"])
        #expect((outcome.code, outcome.errors) == (0, ""))
        return outcome.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    }

    /// A run folder as a run leaves it, with its record or without.
    private func makeRun(_ id: String, isFinished: Bool, in store: String = "runs") throws {
        let run = folder.appendingPathComponent("\(store)/\(id)")
        try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
        for name in ["settings.json"] + (isFinished ? ["record.json"] : []) {
            try Data("{}".utf8).write(to: run.appendingPathComponent(name))
        }
    }

    @Test func commandsAndTheirOptions() throws {
        let commands = try candidates("")
        #expect(Set(["list", "run", "report", "completion"]).isSubset(of: commands))
        #expect(!commands.contains("__complete"))
        #expect(try candidates("mod") == ["model"])
        #expect(try candidates("model", "") == ["list", "get", "show"])
        #expect(try candidates("help", "mod") == ["model"])
        #expect(try candidates("predict", "--t") == ["--threads", "--text", "--top"])
        #expect(try candidates("predict", "--top", "3", "--t") == ["--threads", "--text"])
        #expect(try candidates("train", "--text", "a.txt", "--text", "").contains("/files"))
        #expect(try candidates("train", "--out", "") == ["/folders"])
        #expect(try candidates("predict", "--arithmetic", "b") == ["bfloat16"])
        #expect(try candidates("no-such-command", "").isEmpty)
    }

    @Test func experimentsTheirSettingsAndPresets() throws {
        for command in ["run", "show", "verify"] { #expect(try candidates(command, "induc") == ["induction-heads"]) }
        #expect(try candidates("run", "activation-patching", "--si") == ["--sites"])
        #expect(try candidates("run", "activation-patching", "--preset", "") == ["paper", "tiny"])
        #expect(try candidates("run", "activation-patching", "--preset=t") == ["--preset=tiny"])
        // As bash gives it, which breaks words at the sign.
        #expect(try candidates("run", "activation-patching", "--preset", "=", "t") == ["tiny"])
        #expect(try candidates("run", "activation-patching", "--direction", "deno") == ["denoising"])
        #expect(try candidates("run", "activation-patching", "--sites", "z,mlp_o") == ["z,mlp_out"])
        #expect(try candidates("run", "activation-patching", "--model", "smollm2-1").contains("smollm2-135m"))
        #expect(try candidates("run", "no-such-experiment", "--").isEmpty)
    }

    @Test func modelsWorldsAndDataSets() throws {
        #expect(try candidates("predict", "--model", "smollm2-1") == ["smollm2-135m", "/files"])
        #expect(try candidates("model", "show", "gp").first == "gpt2")
        #expect(try candidates("world", "play", "boat") == ["boat-race"])
        #expect(try candidates("data", "show", "dig") == ["digits", "/files"])
    }

    @Test func runsAreOfferedByShortIDOrWholeID() throws {
        try makeRun("20260102T030405Z-grokking-abc234", isFinished: true)
        try makeRun("20260102T030406Z-grokking-def567", isFinished: false)
        try makeRun("20260102T030407Z-induction-heads-ghj789", isFinished: false)
        try makeRun("20260103T030405Z-grokking-xyz234", isFinished: true, in: "others")
        #expect(try candidates("report", "") == ["latest", "abc234", "/folders"])
        #expect(try candidates("report", "2026") == ["20260102T030405Z-grokking-abc234", "/folders"])
        #expect(try candidates("report", "--out", "others", "x") == ["xyz234", "/folders"])
        #expect(try candidates("run", "grokking", "--resume", "") == ["latest", "def567"])
    }

    @Test func anotherExecutableCompletesItsOwnExperiments() throws {
        #expect(try candidates("run", "coin", command: "lab") == ["coin-bias"])
        #expect(try candidates("run", "coin-bias", "--bi", command: "lab") == ["--bias"])
        let script = try Plumb.run(["completion", "bash"], command: "lab").output
        #expect(script.contains("complete -F _lab lab\n") && !script.contains("plumb"))
    }

    @Test func shellsThatAreNotKnownAreWrongUsage() throws {
        let outcome = try Plumb.run(["completion", "tcsh"])
        #expect(outcome.code == 2 && outcome.errors.contains("tcsh") && outcome.errors.contains("fish"))
        let help = try Plumb.run(["completion", "--help"]).output
        for file in ["~/.bashrc", "~/.zshrc", "~/.config/fish"] { #expect(help.contains(file)) }
    }

    // MARK: The shells

    private static func program(_ name: String) -> String? {
        ["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The lines that a script of the shell prints.
    private func lines(_ shell: String, _ script: String) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.program(shell)))
        process.arguments = (shell == "zsh" ? ["-f"] : shell == "fish" ? ["--no-config"] : []) + ["-c", script]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text.split(separator: "\n").map(String.init)
    }

    /// What bash has in `COMPREPLY` after the last of `words`.
    private func bash(_ words: String...) throws -> [String] {
        let path = try Plumb.executable().path
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        return try lines(
            "bash",
            """
            eval "$('\(path)' completion bash)"
            COMP_WORDS=('\(path)' \(quoted))
            COMP_CWORD=\(words.count)
            _plumb plumb '\(words.last ?? "")' x
            printf '%s\\n' "${COMPREPLY[@]}"
            """)
    }

    @Test(.enabled(if: program("bash") != nil)) func bashOffersThem() throws {
        #expect(try bash("ru") == ["run", "runs"])
        #expect(try bash("run", "activation-patching", "--preset", "") == ["paper", "tiny"])
        try Data().write(to: folder.appendingPathComponent("a map.txt"))
        #expect(try bash("world", "show", "boat-race", "--map", "a") == ["a map.txt"])
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("other"), withIntermediateDirectories: true)
        #expect(try bash("runs", "--out", "") == ["other"])
    }

    @Test(.enabled(if: program("zsh") != nil)) func zshOffersThem() throws {
        let path = try Plumb.executable().path
        let offered = try lines(
            "zsh",
            """
            compdef() { : }
            _describe() { print -l -- "${(@P)3}" }
            source <('\(path)' completion zsh)
            words=('\(path)' run activation-patching --preset '') CURRENT=5 PREFIX=''
            _plumb
            words=('\(path)' world show boat) CURRENT=4 PREFIX='boat'
            _plumb
            """)
        #expect(offered.prefix(2) == ["paper", "tiny"])
        #expect(offered.count == 3 && offered.last?.hasPrefix("boat-race:") == true, "\(offered)")
    }

    @Test(.enabled(if: program("fish") != nil)) func fishOffersThem() throws {
        let path = try Plumb.executable().path
        let offered = try lines(
            "fish",
            """
            '\(path)' completion fish | source
            set -x PATH '\((path as NSString).deletingLastPathComponent)' $PATH
            complete -C 'plumb run activation-patching --preset '
            """)
        #expect(offered == ["paper", "tiny"])
    }
}
