import Foundation
import Testing

/// `plumb preferences`: answers are kept as they are given, and a reward is learned from them.
@Suite struct PreferencesCommandTests {
    private let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(
        "preferences-\(UUID().uuidString)")
    private var file: URL { scratch.appendingPathComponent("answers.jsonl") }
    init() throws { try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true) }

    private func ask(_ replies: String, _ options: String...) throws -> Plumb.Outcome {
        let input = scratch.appendingPathComponent("input.txt")
        try Data(replies.utf8).write(to: input)
        return try Plumb.run(
            ["preferences", "ask", "--out", "answers.jsonl"] + options, in: scratch,
            input: try FileHandle(forReadingFrom: input))
    }

    private func lines() throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private func cleanUp() { try? FileManager.default.removeItem(at: scratch) }

    @Test func answersAreKeptAndAskingGoesOn() throws {
        defer { cleanUp() }
        let first = try ask("1\n 2\n=\nwhat\ns\n", "--count", "4")
        #expect((first.code, first.errors) == (0, ""))
        #expect(first.output.contains("\"what\" is none of these.") && first.output.contains("Question 4"))
        #expect(first.output.contains("4 answers in answers.jsonl, 1 of them skipped"))
        #expect(first.output.contains("10 are needed to learn: plumb preferences ask --out answers.jsonl"))
        let before = try lines()
        for (line, mu) in zip(before, ["1", "0", "0.5", "null"]) { #expect(line.contains("\"mu\":\(mu),"), "\(line)") }
        let next = try ask("2\n", "--count", "9", "--json")
        #expect(next.errors.contains("Question 5") && next.errors.contains("Question 6"))
        let answer = try next.json()
        #expect(answer["answers"] as? Int == 5 && answer["asked"] as? Int == 1 && answer["skipped"] as? Int == 1)
        let after = try lines()
        #expect(after.count == 5 && Array(after.prefix(4)) == before)
        #expect(Set(after.map { $0.split(separator: "\"mu\"")[0] }).count == 5, "questions come twice")
    }

    /// A cell shows the last step in it: step 9 is drawn once a walk, and cells of walks are neighbors.
    @Test func walksAreDrawn() throws {
        defer { cleanUp() }
        let shown = try ask("").output
        let grid = shown.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2).prefix(10)
        #expect(grid.allSatisfy { $0.count == 41 }, "\(shown)")
        #expect(grid.joined().filter { $0 == "9" }.count == 2)
    }

    @Test func whatWasAnsweredSurvivesBeingKilled() throws {
        defer { cleanUp() }
        let pipe = Pipe()
        let killed = try Plumb.run(
            ["preferences", "ask", "--out", "answers.jsonl"], in: scratch, input: pipe.fileHandleForReading
        ) { process in
            pipe.fileHandleForWriting.write(Data("1\n2\n".utf8))
            let end = Date(timeIntervalSinceNow: 20)
            while (try? lines().count) != 2, Date() < end { Thread.sleep(forTimeInterval: 0.01) }
            kill(process.processIdentifier, SIGKILL)
        }
        #expect(killed.code == 128 + SIGKILL)
        #expect(try lines().count == 2)
        let next = try ask("q\n")
        #expect(next.code == 0 && next.output.contains("Question 3"))
    }

    @Test func aLineTornByAKillIsLeftOutAndTheQuestionIsAskedAgain() throws {
        defer { cleanUp() }
        #expect(try ask("1\n2\n", "--count", "2").code == 0)
        let whole = try lines()
        try Data((whole.joined(separator: "\n") + "\n" + whole[0].prefix(30)).utf8).write(to: file)
        let run = try Plumb.run(["run", "learning-from-preferences", "--answers", "answers.jsonl"], in: scratch)
        #expect(run.code == 3 && run.errors.contains("holds 2 answers that can be learned from"), "\(run.errors)")
        let next = try ask("1\n", "--count", "1")
        #expect(next.code == 0 && next.output.contains("Question 3"))
        #expect(next.errors.contains("answers.jsonl, line 3 was cut off while it was written"), "\(next.errors)")
        let after = try lines()
        #expect(after.count == 3 && Array(after.prefix(2)) == whole)
        #expect(try ask("q\n").errors == "")
    }

    @Test func aMalformedLineIsNamedAndNothingIsLost() throws {
        defer { cleanUp() }
        let good = "{\"first\":[1,2],\"mu\":1,\"second\":[3,4]}\n"
        for (bad, sentence) in [
            ("{\"mu\":1,\"first\":[1,2],", "this is not JSON"),
            ("{\"first\":[1],\"mu\":7,\"second\":[2]}", "\"mu\" is 7"),
            ("{\"first\":[1],\"mu\":1,\"second\":[100]}", "100 is no cell of the grid: 10 rows of 10 cells"),
        ] {
            try Data((good + good + bad).utf8).write(to: file)
            let run = ["run", "learning-from-preferences", "--answers", "answers.jsonl"]
            for refused in [try ask("1\n"), try Plumb.run(run, in: scratch)] {
                #expect((refused.code, refused.output) == (3, ""))
                #expect(refused.errors.contains("answers.jsonl, line 3: \(sentence)"), "\(refused.errors)")
            }
            #expect(try Data(contentsOf: file) == Data((good + good + bad).utf8))
        }
        try Data(good.utf8).write(to: file)
        let few = try Plumb.run(["run", "learning-from-preferences", "--answers", "answers.jsonl"], in: scratch)
        #expect(few.code == 3 && few.errors.contains("holds 1 answer that can be learned from"), "\(few.errors)")
        let missing = try Plumb.run(["run", "learning-from-preferences", "--answers", "nowhere.jsonl"], in: scratch)
        #expect(missing.code == 3 && missing.errors.contains("there is no file nowhere.jsonl"), "\(missing.errors)")
        let none = try ask("1\n", "--count", "0")
        #expect(none.code == 2 && none.errors.contains("--count must be at least 1"))
    }

    /// Somebody who wants to be on the right, of whose walks the columns are therefore the return.
    @Test func aRewardIsLearnedFromAnswers() throws {
        defer { cleanUp() }
        #expect(try ask(String(repeating: "1\n", count: 80), "--count", "80").code == 0)
        struct Answer: Codable {
            var first: [Int]
            var mu: Double
            var second: [Int]
        }
        let encoder = JSONEncoder()
        let answers = try lines().map { line in
            var answer = try JSONDecoder().decode(Answer.self, from: Data(line.utf8))
            let columns = [answer.first, answer.second].map { $0.reduce(0) { $0 + $1 % 10 } }
            answer.mu = columns[0] == columns[1] ? 0.5 : columns[0] > columns[1] ? 1 : 0
            return String(decoding: try encoder.encode(answer), as: UTF8.self)
        }
        try Data(answers.joined(separator: "\n").utf8).write(to: file)
        let run = [
            "run", "learning-from-preferences", "--answers", "answers.jsonl", "--seeds", "2", "--rounds", "3",
            "--hidden", "16",
        ]
        let record = try Plumb.run(run + ["--json"], in: scratch).json()
        let metrics = try #require(record["metrics"] as? [[String: Any]])
        func metric(_ name: String) -> Double {
            metrics.first { $0["name"] as? String == name }?["value"] as? Double ?? .nan
        }
        #expect(metric("agreement") > 0.85 && metric("agreement_shuffled") < 0.65 && metric("answers") == 80)
        let claims = try #require(record["claims"] as? [[String: Any]])
        #expect(claims.count == 1 && claims.allSatisfy { $0["holds"] as? Bool == true })
        let table = try #require((record["tables"] as? [String: [String: Any]])?["reward"]?["values"] as? [[Double]])
        #expect(table.count == 10 && table.allSatisfy { $0[9] > $0[0] })
        let shown = try Plumb.run(run, in: scratch)
        #expect(shown.code == 0 && shown.output.contains("Learned reward") && shown.output.contains("report  "))
    }
}
