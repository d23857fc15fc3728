import ArgumentParser
import Foundation
import PlumbAlignment
import PlumbBasics
import PlumbExperiments
import PlumbLearning
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbWorlds

/// Answers of a person, to learn a reward from.
struct PreferencesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preferences", abstract: "Compare pairs of walks, and keep the answers to learn a reward from.",
        subcommands: [Ask.self])

    struct Ask: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw two walks over a grid, ask which is better, and append the answer to a file.",
            discussion: """
                Decide what you want of a walk, for example to be near the upper right corner, and answer by it:
                  1  the first is better      =  both are as good        q  no more questions
                  2  the second is better     s  skip: I cannot tell

                A walk is drawn by the numbers of its steps, 0 where it begins; a cell shows the last step in it. Every \
                answer is on disk before the next question, and the next call goes on where the file ends. Learn with:
                  \(CommandName.current) run learning-from-preferences --answers FILE
                """)

        @Option(
            help: "The file of answers, with one JSON object a line; it is made where missing.", completion: .file())
        var out: String
        @Option(parsing: .unconditional, help: "How many questions to ask.") var count = 20
        @Option(parsing: .unconditional, help: "The seed of the questions.") var seed: UInt64 = 0
        @Flag(help: "Print one JSON object when done; questions then go to standard error.") var json = false

        func validate() throws {
            try PathOption.check(out, "--out")
            guard count > 0 else { throw ValidationError("--count must be at least 1, got \(count)") }
        }

        func run() throws {
            let url = URL(fileURLWithPath: out)
            let (file, questions) = (PreferenceFile<Int>(url), PreferenceQuestions(seed: seed))
            // Two who ask at once would ask, and count, the same questions.
            let lock = try lock(url)
            defer { lock.release() }
            try file.checkWritable()
            let contents = try questions.answers(in: url)
            if let torn = contents.torn { Failure.say(torn) }
            let before = contents.comparisons
            var (given, skipped) = (before.count, before.count { $0.mu == nil })
            for _ in 0..<count {
                let question = questions.comparison(given, mu: nil)
                try say(TerminalGrid(questions.drawing(question, title: "Question \(given + 1)")).render(.current()))
                guard case .mu(let mu) = try answer() else { break }
                try file.append([questions.comparison(given, mu: mu)])
                given += 1
                skipped += mu == nil ? 1 : 0
            }
            try report(given, skipped, asked: given - before.count)
        }

        private func lock(_ url: URL) throws -> HeldLock {
            let folder = url.deletingLastPathComponent()
            do throws(HeldLock.Failure) {
                return try HeldLock(folder.appendingPathComponent(".\(url.lastPathComponent).lock").path)
            } catch {
                switch error {
                case .isHeld:
                    throw FileError(
                        "\(out) is being answered in another process: wait, or name another file with --out")
                case .system(let code): throw FileError("cannot write \(out): \(systemReason(code, at: folder.path))")
                }
            }
        }

        /// What a person says to a question.
        private enum Reply {
            case mu(Double?)
            case end
        }

        /// Asks until the answer is one that is known; the input's end is the end of asking.
        private func answer() throws -> Reply {
            while true {
                try say("Which is better: 1, 2, =, s(kip) or q(uit)? ")
                let line = readLine()
                // Only a terminal shows the line break that was typed.
                if line == nil || isatty(STDIN_FILENO) == 0 { try say("\n") }
                guard let line else { return .end }
                switch line.trimmingCharacters(in: .whitespaces).lowercased() {
                case "1": return .mu(1)
                case "2": return .mu(0)
                case "=": return .mu(0.5)
                case "s", "skip": return .mu(nil)
                case "q", "quit": return .end
                default: try say("\"\(VisibleText.line(line))\" is none of these.\n")
                }
            }
        }

        /// Written at once: the answer is waited for on the same line.
        private func say(_ text: String) throws {
            try json ? Output.complain(text) : Output.stream(text)
        }

        private func report(_ given: Int, _ skipped: Int, asked: Int) throws {
            if json {
                return try Output.json(
                    .object([
                        "file": .string(out), "answers": JSONValue(given), "skipped": JSONValue(skipped),
                        "asked": JSONValue(asked),
                    ]))
            }
            let path = ShellWord.quoted(out)
            let again = path + (seed == 0 ? "" : " --seed \(seed)")
            print("\n\(given) \(given == 1 ? "answer" : "answers") in \(out), \(skipped) of them skipped")
            let isEnough = given - skipped >= PreferenceQuestions.fewest
            print(
                isEnough
                    ? "learn from them with: \(CommandName.current) run learning-from-preferences --answers \(path)"
                    : "\(PreferenceQuestions.fewest) are needed to learn: \(CommandName.current) preferences ask --out \(again)"
            )
        }
    }
}
