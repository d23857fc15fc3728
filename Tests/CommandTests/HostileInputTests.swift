import Foundation
import Testing

/// Pipes, devices, links in circles, control characters and full disks end a command soon, with a sentence.
@Suite struct HostileInputTests {
    private let model: TinyModel
    init() throws { model = try TinyModel() }

    private func refusal(_ arguments: [String], code: Int32 = 3) throws -> String {
        let outcome = try Plumb.run(
            arguments, in: model.scratch, environment: ["PLUMB_OFFLINE": "1"], timeout: 20)
        #expect((outcome.code, outcome.output) == (code, ""), "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.hasPrefix("plumb: "))
        return outcome.errors
    }

    private func makePipe(_ name: String) throws {
        let path = model.scratch.appendingPathComponent(name).path
        try? FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
    }

    @Test(arguments: ["config.json", "tokenizer.json", "generation_config.json", "model.safetensors"])
    func aPipeAmongAModelsFilesIsNotWaitedFor(name: String) throws {
        try makePipe("tiny/\(name)")
        let errors = try refusal(["predict", "--model", model.path, "--text", "When Mary"])
        #expect(errors.contains(name), "\(errors)")
    }

    @Test func aPipeIsNoFileOfAnswers() throws {
        try makePipe("pipe")
        #expect(try refusal(["preferences", "ask", "--out", "pipe"]).contains("it is a pipe or a device"))
        #expect(try refusal(["preferences", "ask", "--out", "/dev/null"]).contains("it is a pipe or a device"))
        #expect(try refusal(["preferences", "ask", "--out", "tiny"]).contains("it is a folder"))
    }

    @Test func answersThatCouldNotBeKeptAreNotAskedFor() throws {
        #expect(symlink("circle", model.scratch.appendingPathComponent("circle").path) == 0)
        #expect(try refusal(["preferences", "ask", "--out", "circle"]).contains("its links lead in a circle"))
        let file = try model.write("{\"first\":[1],\"mu\":1,\"second\":[2]}\n", "answers.jsonl")
        #expect(chmod(file, 0o444) == 0)
        // Whoever is root may write every file.
        guard getuid() != 0 else { return }
        #expect(try refusal(["preferences", "ask", "--out", "answers.jsonl"]).contains("permission denied"))
    }

    @Test func answersMayComeThroughAPipe() throws {
        let line = "{\"first\":[1,2],\"mu\":1,\"second\":[3,4]}\n"
        let pipe = Pipe()
        pipe.fileHandleForWriting.write(Data(String(repeating: line, count: 12).utf8))
        try pipe.fileHandleForWriting.close()
        let outcome = try Plumb.run(
            [
                "run", "learning-from-preferences", "--answers", "/dev/stdin", "--seeds", "2", "--rounds", "3",
                "--hidden",
                "16", "--json",
            ], in: model.scratch, input: pipe.fileHandleForReading)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let inputs = try #require(try outcome.json()["inputs"] as? [[String: Any]])
        #expect(inputs.first?["bytes"] as? Int == 12 * line.utf8.count)
    }

    @Test func linksThatCannotBeFollowedAreNotCalledAbsent() throws {
        #expect(symlink("circle", model.scratch.appendingPathComponent("circle").path) == 0)
        #expect(symlink("nothing", model.scratch.appendingPathComponent("dangling").path) == 0)
        for (name, reason) in [("circle", "its links lead in a circle"), ("dangling", "its link leads nowhere")] {
            for command in [
                ["model", "show", name], ["tokens", "--text", "a", "--model", "./\(name)"], ["data", "show", name],
                ["data", "show", "./\(name)"], ["run", "learning-from-preferences", "--answers", name],
            ] { #expect(try refusal(command).contains(reason), "\(command)") }
        }
    }

    @Test func mapsThatCannotBeReadSayWhy() throws {
        let show = ["world", "show", "boat-race", "--map"]
        #expect(try refusal(show + ["tiny"]).contains("the map tiny cannot be read: it is a folder"))
        #expect(try refusal(show + ["/dev/zero"]).contains("it holds more than the 1048576 bytes"))
        #expect(try refusal(show + ["nowhere"]).contains("there is no such file or folder"))
    }

    @Test func controlCharactersOfAFileNeverReachTheTerminal() throws {
        let evil = TinyModel.configuration(vocabulary: 300, architecture: "\\u001b]0;PWNED\\u0007\\u001b[2J")
        try model.write(evil, "tiny/config.json")
        for command in [["model", "show", model.path], ["predict", "--text", "a", "--model", model.path]] {
            let errors = try refusal(command)
            #expect(errors.contains("\"⟨U+001B⟩]0;PWNED⟨U+0007⟩⟨U+001B⟩[2J\" model"), "\(errors)")
            #expect(!errors.contains("\u{1B}") && !errors.contains("\u{7}"))
        }
    }

    @Test func negativeNumbersAreJudgedAsNumbers() throws {
        for (command, sentence) in [
            (["train", "--text", "a", "--out", "o", "--layers", "-1"], "--layers must be at least 1, got -1"),
            (["train", "--text", "a", "--out", "o", "--learning-rate", "-0.1"], "must be a number above 0, got -0.1"),
            (["train", "--text", "a", "--out", "o", "--sample", "-2"], "--sample must not be negative, got -2"),
            (["preferences", "ask", "--out", "o", "--count", "-1"], "--count must be at least 1, got -1"),
            (["data", "show", "digits", "--vocabulary", "-1"], "--vocabulary is 0 or from 256"),
            (["world", "show", "boat-race", "--seed", "-1"], "The value '-1' is invalid for '--seed"),
        ] { #expect(try refusal(command, code: 2).contains(sentence), "\(command)") }
    }

    @Test func anEmptyPathIsNeverTheCurrentFolder() throws {
        #expect(try refusal(["report", "--figures", ""], code: 2).contains("--figures is empty"))
        #expect(try refusal(["world", "show", "boat-race", "--map", " "], code: 2).contains("--map is empty"))
    }

    /// The number of a closed standard stream would be that of the next file opened, and printed text would go into it.
    @Test func closedStreamsDamageNoFile() throws {
        let text = try model.write(String(repeating: "when mary and john\n", count: 30), "text.txt")
        func shell(_ streams: String, _ words: [String]) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "exec \"$0\" \"$@\" \(streams)", try Plumb.executable().path] + words
            process.currentDirectoryURL = model.scratch
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
        #expect(try shell(">&- 2>/dev/null", ["list"]) == 3)
        #expect(try shell("2>&- >/dev/null", ["list"]) == 0)
        #expect(try shell("<&- >/dev/null", ["list"]) == 0)
        let train = [
            "train", "--text", text, "--steps", "2", "--layers", "1", "--width", "16", "--heads", "2", "--context",
        ]
        for streams in [">&- 2>&-", "<&- >&- 2>&-"] {
            let out = model.scratch.appendingPathComponent("out")
            #expect(try shell(streams, train + ["16", "--batch", "2", "--out", out.path]) == 3)
            let predicted = try Plumb.run(["predict", "--model", out.path, "--text", "when"])
            #expect((predicted.code, predicted.errors) == (0, ""))
            try FileManager.default.removeItem(at: out)
        }
    }

    #if os(Linux)
        @Test(arguments: [["--help"], ["--version"], ["train", "--help"], ["model", "list"], ["world", "list"]])
        func helpThatCannotBeWrittenIsAnError(arguments: [String]) throws {
            let process = Process()
            process.executableURL = try Plumb.executable()
            process.arguments = arguments
            process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(
                process.terminationStatus == 3 && text == "plumb: cannot write to standard output: the disk is full\n")
        }
    #endif
}
