import Foundation
import PlumbData
import PlumbTensor

@testable import PlumbEvaluations

/// A model that answers by a script, and counts what it is asked.
final class ScriptedModel: EvaluationModel, @unchecked Sendable {
    let name = "scripted"
    let script: ([ChatMessage]) -> String
    let preference: (TextOptions, Int) -> Double
    private(set) var asked = 0

    init(
        _ script: @escaping ([ChatMessage]) -> String = { _ in "" },
        preference: @escaping (TextOptions, Int) -> Double = { _, _ in 0 }
    ) {
        (self.script, self.preference) = (script, preference)
    }

    func answers(
        to conversations: [[ChatMessage]], _ limits: AnswerLimits, key: RandomKey, while goesOn: () throws -> Bool
    ) throws -> [WrittenAnswer] {
        guard try goesOn() else { return conversations.map { _ in WrittenAnswer("") } }
        asked += conversations.count
        return conversations.map { WrittenAnswer(script($0), inputTokens: 10, outputTokens: 5) }
    }

    func scores(of questions: [TextOptions], checkpoint: () throws -> Void) throws -> [OptionScores] {
        try checkpoint()
        asked += questions.count
        return questions.map { question in
            OptionScores(question.options.indices.map { preference(question, $0) }, inputTokens: 10)
        }
    }
}

/// A file or folder that is gone when the test is over.
final class Scratch {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ text: String, _ name: String) throws -> URL {
        let file = url.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return file
    }
}
