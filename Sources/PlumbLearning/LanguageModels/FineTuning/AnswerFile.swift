public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbTensor

/// A file of answers to learn from, one JSON object a line, with the column names of TRL.
///
/// | to learn | columns |
/// |---|---|
/// | answers | `messages`; or `prompt` and `completion` |
/// | preferences | `prompt`, `chosen` and `rejected`; or `chosen` and `rejected` as conversations that begin alike |
/// | by a reward | `prompt`; or `messages` that end with the user's |
///
/// `prompt` and answers are strings, or arrays of objects with `role` and `content`. Other columns are passed over.
public struct AnswerFile: Sendable {
    /// Where the file is.
    public let url: URL
    /// What makes tokens of its text.
    public let encoder: AnswerEncoder

    /// The file at `url`, not read yet.
    public init(_ url: URL, encoder: AnswerEncoder) { (self.url, self.encoder) = (url, encoder) }

    /// Half a gigabyte of text.
    static let mostBytes = 512 << 20

    private struct Row: Decodable {
        var messages: [ChatMessage]?
        var prompt: Passage?
        var completion: Passage?
        var chosen: Passage?
        var rejected: Passage?
    }

    /// The answers of a file for supervised learning.
    ///
    /// - Throws: `FileError` naming the file, the line and what is wrong with it.
    public func answers() throws -> [ScoredText] {
        try rows { row in
            if let messages = row.messages { return try encoder.conversation(messages) }
            let columns = "each line has \"messages\", or \"prompt\" and \"completion\""
            guard let prompt = row.prompt else {
                let lacking = row.completion == nil ? "\"messages\"" : "\"prompt\""
                throw FileError("it lacks \(lacking): \(columns)")
            }
            guard let completion = row.completion else { throw FileError("it lacks \"completion\": \(columns)") }
            return try encoder.answer(completion, to: prompt)
        }
    }

    /// The tokens of the prompts of a file, to which answers are to be written.
    ///
    /// - Throws: `FileError` naming the file, the line and what is wrong with it.
    public func prompts() throws -> [[Int]] {
        try rows { row in
            if let messages = row.messages { return try encoder.prompt(.turns(messages)) }
            guard let prompt = row.prompt else { throw FileError("it lacks \"prompt\": each line has \"prompt\"") }
            return try encoder.prompt(prompt)
        }
    }

    /// The pairs of a file of preferences.
    ///
    /// - Throws: `FileError` naming the file, the line and what is wrong with it.
    public func pairs() throws -> [AnswerPair] {
        try rows { row in
            for (name, value) in [("chosen", row.chosen), ("rejected", row.rejected)] where value == nil {
                throw FileError("it lacks \"\(name)\": each line has \"prompt\", \"chosen\" and \"rejected\"")
            }
            guard var chosen = row.chosen, var rejected = row.rejected else { throw FileError("it lacks an answer") }
            guard chosen != rejected else { throw FileError("its \"chosen\" and \"rejected\" are equal") }
            let prompt = try row.prompt ?? Self.splitPrompt(&chosen, &rejected)
            let pair = AnswerPair(
                chosen: try encoder.answer(chosen, to: prompt, name: "chosen"),
                rejected: try encoder.answer(rejected, to: prompt, name: "rejected"))
            guard pair.chosen != pair.rejected else {
                throw FileError(
                    "its \"chosen\" and \"rejected\" are equal in their first \(encoder.longest) tokens, which is as much "
                        + "as is read")
            }
            return pair
        }
    }

    /// The turns with which both conversations begin, which are taken from them.
    private static func splitPrompt(_ chosen: inout Passage, _ rejected: inout Passage) throws -> Passage {
        guard case .turns(let first) = chosen, case .turns(let second) = rejected else {
            throw FileError("it lacks \"prompt\", which plain text needs beside \"chosen\" and \"rejected\"")
        }
        let shared = zip(first, second).prefix { $0 == $1 }.count
        chosen = .turns(Array(first.dropFirst(shared)))
        rejected = .turns(Array(second.dropFirst(shared)))
        return .turns(Array(first.prefix(shared)))
    }

    private func rows<Result>(_ make: (Row) throws -> Result) throws -> [Result] {
        let data: Data
        do { data = try WholeFile.read(url, limit: Self.mostBytes, kind: .stream) } catch {
            throw FileError("\(url.path) cannot be read: \(error)")
        }
        var results: [Result] = []
        let decoder = JSONDecoder()
        for (index, line) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
            let place = "\(url.path), line \(index + 1)"
            let row: Row
            do { row = try decoder.decode(Row.self, from: Data(line)) } catch {
                throw FileError("\(place): \(Self.sentence(error))")
            }
            do { results.append(try make(row)) } catch { throw FileError("\(place): \(error)") }
        }
        guard !results.isEmpty else { throw FileError("\(url.path) has no line to learn from") }
        return results
    }

    private static func sentence(_ error: any Error) -> String {
        switch error {
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.keyNotFound(_, let context):
            guard let key = context.codingPath.first else { return "it is not a JSON object" }
            return "its \"\(key.stringValue)\" is neither text nor a list of turns with \"role\" and \"content\""
        default: return "it is not JSON"
        }
    }
}
