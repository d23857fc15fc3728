import Foundation
import PlumbEvaluations
import PlumbTensor
import Testing

/// The code of the guide "Write an agent task", kept running.
@Suite("Write an agent task", .enabled(if: (try? Sandbox.check()) != nil, "bubblewrap is not installed"))
struct AgentTaskGuideTests {
    private func sortWords(key: RandomKey) -> AgentTask {
        let names = ["amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "heron"]
        var random = key.generator()
        let words = (0..<12).map { _ in names[random.index(below: names.count)] }
        let right = Set(words).sorted().joined(separator: "\n")
        return AgentTask(
            "sort words", minutes: 1,
            instructions:
                "Write every different word of words.txt to sorted.txt once, one a line, in alphabetical order.",
            files: ["words.txt": words.joined(separator: "\n") + "\n"],
            scorer: "[ \"$(cat sorted.txt)\" = '\(right)' ] && echo 1 || echo 0",
            solution: .init("sort -u words.txt > sorted.txt", answer: "done"),
            failure: .init("sort words.txt > sorted.txt", answer: "done"))
    }

    @Test("The guide's scorer passes the script that sorts and neither the one that repeats words nor an idle agent")
    func scripts() throws {
        var run = AgentRun()
        (run.turns, run.seconds, run.limits.seconds) = (6, 60, 5)
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("tasks-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        for seed: UInt64 in 0..<3 {
            let task = sortWords(key: RandomKey(seed))
            let good = try run(task, in: place.appendingPathComponent("\(seed)-good"), policy: task.solution.policy)
            let bad = try run(task, in: place.appendingPathComponent("\(seed)-bad"), policy: task.failure.policy)
            let idle = try run(task, in: place.appendingPathComponent("\(seed)-idle")) { _ in "```answer\ndone\n```" }
            #expect(good.score == 1 && bad.score == 0 && idle.score == 0)
            #expect(good.commands == 1 && good.ending == .submitted)
        }
    }
}
