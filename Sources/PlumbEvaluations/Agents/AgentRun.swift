public import Foundation
internal import PlumbBasics
public import PlumbData

/// What an agent does next, in words, after what was said so far.
public typealias AgentPolicy = ([ChatMessage]) throws -> String

/// An agent at a task: it writes, what it asks for is run in the sandbox, and it reads the result, until it submits an answer
/// or a limit is reached (ReAct: Yao et al. 2022, arXiv:2210.03629).
///
/// An agent acts by fenced blocks: `bash` and `python` are run, `answer` is submitted and ends the task. Everything else it
/// writes is kept as its reasoning.
public struct AgentRun: Sendable {
    /// The most turns of the agent.
    public var turns = 10
    /// The most seconds of the whole task by the clock; infinite for no limit.
    public var seconds = 120.0
    /// What a command may use.
    public var limits = Sandbox.Limits()

    /// Ten turns in two minutes.
    public init() {}

    /// Why an agent ended.
    public enum Ending: String, Sendable, Codable, CaseIterable {
        /// It submitted an answer.
        case submitted = "submitted an answer"
        /// It had no turns left.
        case outOfTurns = "had no turns left"
        /// It had no time left.
        case outOfTime = "had no time left"
    }

    /// What an agent did, and its score.
    public struct Result: Sendable, Codable, Equatable {
        /// From 0 to 1.
        public var score: Double
        /// Why it ended.
        public var ending: Ending
        /// What it submitted.
        public var answer: String?
        /// Everything that was said, roles and texts.
        public var transcript: [ChatMessage]
        /// How many commands were run.
        public var commands: Int
    }

    /// What an agent asked for.
    enum Action: Equatable {
        case run(program: String, script: String)
        case submit(String)
    }

    /// What every agent is told first.
    public static let manual = """
        You work in a folder, \(Sandbox.inside), by running commands. To run bash, write a block that begins with ```bash and ends with \
        ```; to run Python, one that begins with ```python. You then see what it printed. When the task is done, write a \
        block that begins with ```answer, with your answer in it, or with "done" where none is asked for.
        """

    /// Lets an agent try a task in a folder of its own.
    ///
    /// - Parameters:
    ///   - folder: where the task's files go; it should not exist.
    ///   - checkpoint: called before each turn, to stop.
    /// - Throws: ``EvaluationError`` where there is no sandbox or a program that the task needs; what the policy throws.
    public func callAsFunction(
        _ task: AgentTask, in folder: URL, checkpoint: () throws -> Void = {}, policy: AgentPolicy
    ) throws -> Result {
        for program in task.needs where !FileManager.default.isExecutableFile(atPath: "/usr/bin/\(program)") {
            throw EvaluationError("the task \(task.name) needs /usr/bin/\(program), which is missing here")
        }
        let sandbox = try Sandbox(folder: folder, limits: limits)
        try sandbox.write(task.files)
        let start = ContinuousClock.now
        var result = Result(
            score: 0, ending: .outOfTurns, answer: nil,
            transcript: [
                ChatMessage(role: "system", content: Self.manual),
                ChatMessage(role: "user", content: task.instructions),
            ], commands: 0)
        for _ in 0..<turns where result.answer == nil {
            try checkpoint()
            guard seconds == .infinity || ContinuousClock.now - start < .seconds(seconds) else {
                result.ending = .outOfTime
                break
            }
            let text = try policy(result.transcript)
            result.transcript.append(ChatMessage(role: "assistant", content: text))
            switch Self.action(in: text) {
            case .submit(let answer): (result.answer, result.ending) = (answer, .submitted)
            case .run(let program, let script):
                result.commands += 1
                let output = try sandbox.run(script, by: program)
                result.transcript.append(ChatMessage(role: "user", content: Self.shown(output)))
            case nil:
                result.transcript.append(
                    ChatMessage(role: "user", content: "There was no block to run. \(Self.manual)"))
            }
        }
        result.score = try score(task, folder, result.answer ?? "")
        return result
    }

    /// The first block of a text that is an action.
    static func action(in text: String) -> Action? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var index = 0
        while index < lines.count {
            let line = lines[index].trimmingCharacters(in: .whitespaces)
            index += 1
            guard line.hasPrefix("```"), line.count > 3 else { continue }
            let end = lines[index...].firstIndex { $0.trimmingCharacters(in: .whitespaces) == "```" } ?? lines.count
            let body = lines[index..<end].joined(separator: "\n")
            switch line.dropFirst(3).lowercased() {
            case "bash", "sh", "shell": return .run(program: "bash", script: body)
            case "python", "python3": return .run(program: "python3", script: body)
            case "answer": return .submit(body.trimmingCharacters(in: .whitespacesAndNewlines))
            default: index = min(end + 1, lines.count)
            }
        }
        return nil
    }

    /// A command's result as the agent reads it.
    static func shown(_ result: Sandbox.Result) -> String {
        let output = result.output.isEmpty ? "(nothing was printed)" : result.output
        let cut = result.isCut ? "\n(the rest of the output was dropped)" : ""
        return result.succeeded ? output + cut : "\(output)\(cut)\n(\(result.ending.sentence))"
    }

    /// Scores what an agent left in its folder. Its links lead no further than the sandbox in which this runs.
    private func score(_ task: AgentTask, _ folder: URL, _ answer: String) throws -> Double {
        let sandbox = try Sandbox(folder: folder, limits: limits)
        for test in task.cases {
            let result = try sandbox.run("(\(test.command)) 2>/dev/null")
            guard case .exited = result.ending, !result.isCut, Self.withoutLineEnds(result.output) == test.printed
            else { return 0 }
        }
        let quoted = answer.replacingOccurrences(of: "'", with: "'\\''")
        let result = try sandbox.run("ANSWER='\(quoted)'\n\(task.scorer)")
        let last = result.output.split(separator: "\n").last.map { $0.trimmingCharacters(in: .whitespaces) }
        guard result.succeeded, !result.isCut, let score = last.flatMap(Double.init), (0...1).contains(score) else {
            return 0
        }
        return score
    }

    private static func withoutLineEnds(_ text: String) -> Substring {
        var text = text[...]
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}

extension AgentTask.Solution {
    /// An agent that runs the script and submits the answer, or what the script printed.
    public var policy: AgentPolicy {
        { transcript in
            guard transcript.last(where: { $0.role == "assistant" }) != nil else { return "```bash\n\(script)\n```" }
            let printed = transcript.last?.content.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
            return "```answer\n\(answer ?? printed)\n```"
        }
    }
}
