import Foundation
import Testing

/// Bad input ends with code 3, one clear sentence on standard error and nothing on standard output.
@Suite struct BadInputTests {
    private let model: TinyModel
    init() throws { model = try TinyModel() }

    private func expectBad(
        _ arguments: [String], environment: [String: String?] = [:], says parts: String...,
        location: SourceLocation = #_sourceLocation
    ) throws {
        var variables: [String: String?] = ["PLUMB_OFFLINE": "1"]
        for (name, value) in environment { variables[name] = value }
        let outcome = try Plumb.run(arguments, in: model.scratch, environment: variables)
        #expect(outcome.code == 3, "\(arguments): \(outcome.errors)", sourceLocation: location)
        #expect(outcome.output == "", sourceLocation: location)
        #expect(outcome.errors.hasPrefix("plumb: "), "\(outcome.errors)", sourceLocation: location)
        for part in parts {
            #expect(outcome.errors.contains(part), "\(arguments): \(outcome.errors)", sourceLocation: location)
        }
    }

    private func patching(_ more: [String]) -> [String] {
        ["run", "activation-patching", "--model", model.path, "--preset", "tiny", "--templates", "0"] + more
    }

    // MARK: Model files

    @Test func filesThatAreNoModels() throws {
        try expectBad(
            ["predict", "--text", "a", "--model", "./none.gguf"], says: "there is no file or folder", "none.gguf")
        try expectBad(["predict", "--text", "a", "--model", "smollm2-135"], says: "Did you mean smollm2-135m?")
        let text = try model.write("hello", "readme.txt")
        try expectBad(["tokens", "--text", "a", "--model", text], says: "readme.txt is not a GGUF file")
        let noise = try model.write("not a GGUF file at all", "noise.gguf")
        try expectBad(["model", "show", noise], says: "noise.gguf")
        let cut = try model.write("GGUF\u{3}\u{0}\u{0}\u{0}\u{4}", "cut.gguf")
        try expectBad(["predict", "--text", "a", "--model", cut], says: "cut.gguf", "truncated")
        try model.write("x", "plain/weights.bin")
        try expectBad(
            ["predict", "--text", "a", "--model", model.scratch.path + "/plain"], says: "neither config.json nor")
    }

    @Test func foldersWithoutTheirParts() throws {
        let sizes = TinyModel.configuration(vocabulary: 300)
        try model.write(sizes, "bare/config.json")
        try expectBad(["predict", "--text", "a", "--model", "./bare"], says: "safetensors")
        try model.write(TinyModel.configuration(vocabulary: 300, architecture: "mamba"), "mamba/config.json")
        try FileManager.default.copyItem(
            at: model.folder.appendingPathComponent("model.safetensors"),
            to: model.scratch.appendingPathComponent("mamba/model.safetensors"))
        try expectBad(
            ["predict", "--text", "a", "--model", "./mamba"], says: "\"mamba\"", "gpt2, llama, qwen2")
        let silent = try TinyModel(hasTokenizer: false)
        for command in ["predict", "generate", "tokens"] {
            try expectBad([command, "--text", "a", "--model", silent.path], says: "has no tokenizer")
        }
    }

    @Test func weightsThatAreNoNumbersAreNamed() throws {
        let damaged = try TinyModel(damagesWeights: true)
        let says = "are not numbers (NaN): the weights in"
        try expectBad(["predict", "--text", "When Mary", "--model", damaged.path], says: says, "model.safetensors")
        try expectBad(["predict", "--text", "When Mary", "--all-positions", "--model", damaged.path], says: says)
        try expectBad(["generate", "--text", "When Mary", "--json", "--model", damaged.path], says: says)
        try expectBad(patching(["--model", damaged.path]), says: says, "model.safetensors")
        #expect(records().isEmpty)
    }

    @Test func offlineWithAColdCacheIsOneSentence() throws {
        for variable in ["PLUMB_OFFLINE", "HF_HUB_OFFLINE"] {
            var environment: [String: String?] = ["PLUMB_OFFLINE": nil, "HF_HUB_OFFLINE": nil]
            environment[variable] = "1"
            environment["PLUMB_CACHE"] = model.scratch.path + "/cold"
            environment["HF_HOME"] = model.scratch.path + "/cold-hub"
            for name in ["smollm2-135m", "organization/name"] {
                let outcome = try Plumb.run(
                    ["predict", "--text", "a", "--model", name], in: model.scratch, environment: environment)
                #expect(outcome.code == 3)
                #expect(outcome.output == "")
                #expect(outcome.errors.contains(name), "\(outcome.errors)")
                #expect(outcome.errors.lowercased().contains("offline"), "\(outcome.errors)")
                #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
            }
        }
    }

    // MARK: Prompts

    @Test func promptsOfDifferentLengthsShowWhereTheyPart() throws {
        let prompts = [
            "--clean", "When Mary and John went to the store, John gave a drink to",
            "--corrupted", "When Mary and John went to the store, Tim gave a drink to",
            "--answer", " Mary", "--wrong", " John",
        ]
        try expectBad(
            patching(prompts), says: "has 14 tokens", "has 16", "They part at position 9: \" John\" against",
            "--align end")
        let aligned = try Plumb.run(
            patching(prompts + ["--align", "end", "--json", "--sites", "resid_pre,z"]), in: model.scratch)
        #expect(aligned.code == 0, "\(aligned.errors)")
        let tables = try #require(try aligned.json()["tables"] as? [String: [String: Any]])
        #expect((tables["resid_pre"]?["columns"] as? [String])?.count == 14)
        #expect((tables["z"]?["columns"] as? [String])?.count == 4)
    }

    @Test func promptsThatCannotBePatched() throws {
        try expectBad(patching(["--answer", " xy"]), says: "\" xy\" is 3 tokens", "\" \" \"x\" \"y\"")
        try expectBad(patching(["--answer", ""]), says: "an answer must be one")
        let answers = ["--answer", " Mary", "--wrong", " John"]
        try expectBad(patching(["--clean", "When Mary", "--corrupted", "When Mary"] + answers), says: "are the same")
        try expectBad(patching(["--wrong", " Mary"]), says: "both \" Mary\"")
        try expectBad(patching(["--clean", "", "--corrupted", ""] + answers), says: "the prompt has no tokens")
        try expectBad(["predict", "--text", "", "--model", model.path], says: "the prompt has no tokens")
        let long = String(repeating: " Mary", count: 200)
        try expectBad(["predict", "--text", long, "--model", model.path], says: "200 tokens", "at most 128")
        #expect(records().isEmpty)
    }

    @Test func pairsFilesAreNamedWithTheirLine() throws {
        let pair = #"{"clean":"When Mary","corrupted":"When John","answer":" Mary","wrong":" John"}"#
        try expectBad(patching(["--pairs", "none.jsonl"]), says: "cannot read the pairs in", "none.jsonl")
        try expectBad(patching(["--pairs", model.folder.path]), says: "cannot read the pairs in", "it is a folder")
        let blank = try model.write("\(pair)\n\t \r\nnot json\n", "blank.jsonl")
        try expectBad(patching(["--pairs", blank]), says: "blank.jsonl, line 3 is not a pair")
        let noJSON = try model.write("\(pair)\n\nnot json\n", "a.jsonl")
        try expectBad(patching(["--pairs", noJSON]), says: "a.jsonl, line 3 is not a pair")
        let missing = try model.write("\(pair)\n{\"clean\":\"x\",\"corrupted\":\"y\",\"answer\":\"z\"}", "b.jsonl")
        try expectBad(patching(["--pairs", missing]), says: "b.jsonl, line 2: \"wrong\" is missing")
        try expectBad(patching(["--pairs", try model.write("\n\n", "c.jsonl")]), says: "c.jsonl holds no pairs")
        let long = pair.replacing(" John\"}", with: " Johnny\"}")
        let answers = try model.write("\(pair)\n\(long)\n", "d.jsonl")
        try expectBad(patching(["--pairs", answers]), says: "d.jsonl, pair 2:", "an answer must be one")
        let other = pair.replacing("When", with: "When Mary and")
        let lengths = try model.write("\(pair)\n\(other)\n", "e.jsonl")
        try expectBad(patching(["--pairs", lengths]), says: "pair 1 has 2 tokens, pair 2 has 4")
    }

    // MARK: Folders and runs

    #if os(Linux)
        @Test(arguments: [
            ["list"], ["list", "--json"], ["generate", "--text", "When Mary"], ["tokens", "--text", "When Mary"],
            ["predict", "--text", "When Mary", "--json"],
        ])
        func outputThatCannotBeWrittenIsAnError(arguments: [String]) throws {
            let process = Process()
            process.executableURL = try Plumb.executable()
            process.arguments = arguments + (arguments[0] == "list" ? [] : ["--model", model.path])
            let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
            let errors = Pipe()
            process.standardOutput = full
            process.standardError = errors
            try process.run()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 3, "\(arguments): \(text)")
            #expect(text.hasPrefix("plumb: cannot write to standard output: "), "\(text)")
        }
    #endif

    @Test func folderThatCannotBeWritten() throws {
        let file = try model.write("in the way", "file")
        try expectBad(patching(["--out", file]), says: file, "a part of the path is a file, not a folder")
        try expectBad(patching(["--out", file + "/runs"]), says: file)
    }

    @Test func runsThatAreNotThere() throws {
        try expectBad(["report"], says: "there is no finished run")
        try expectBad(["report", "abcdef"], says: "there is no run \"abcdef\"")
    }

    /// The records of the runs in the scratch folder.
    private func records() -> [String] {
        let paths = FileManager.default.enumerator(atPath: model.scratch.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix("record.json") }
    }
}
