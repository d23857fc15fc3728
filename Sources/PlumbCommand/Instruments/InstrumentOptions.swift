import ArgumentParser
import Foundation
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

/// What the commands that look inside a model share: a model, a text, and how the result is shown.
struct InstrumentOptions: ParsableArguments {
    @OptionGroup var model: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(parsing: .unconditional, help: "The text that the model reads.") var text: String
    @OptionGroup var output: PageOptions

    var page: String? { output.page }
    var json: Bool { output.json }

    func validate() throws {
        guard !text.isEmpty else { throw ValidationError("--text is empty: give the text that the model should read") }
    }

    /// The tokens of the text.
    func tokens(_ model: HookedTransformer) throws -> [Int] { try beginning.tokens(of: text, model) }

    /// Prints findings, and writes their page where one is asked for.
    ///
    /// - Parameters:
    ///   - members: what the JSON object holds beside the findings.
    ///   - page: the whole page; by default the findings'.
    func show(
        _ findings: Findings, of loaded: HookedTransformer, tokens: [Int], title: String,
        members: [String: JSONValue] = [:], page markup: String? = nil
    ) throws {
        var object = members
        object["model"] = .string(loaded.name)
        object["is_quantized"] = .bool(loaded.isQuantized)
        object["tokens"] = .array(tokens.map { JSONValue($0) })
        object["strings"] = .array(tokens.map { .string(loaded.string(of: $0)) })
        try output.show(findings, title: title, members: object, page: markup)
    }
}

/// Positions of a prompt as a person writes them.
enum Positions {
    /// Reads `all`, `last`, or places such as `0,3,-1` and `2-5`, counted from 0, or from the end where negative.
    ///
    /// - Throws: `ValidationError` naming what is not a position of the prompt.
    static func parse(_ text: String, of count: Int, option: String = "--positions") throws -> [Int] {
        switch text {
        case "all": return Array(0..<count)
        case "last": return [count - 1]
        default: break
        }
        return try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part -> [Int] in
            let piece = part.trimmingCharacters(in: .whitespaces)
            if let value = Int(piece) {
                let place = value < 0 ? count + value : value
                guard (0..<count).contains(place) else {
                    throw ValidationError("\(option) \(value) is outside the prompt, which has \(count) tokens")
                }
                return [place]
            }
            let ends = piece.split(separator: "-").compactMap { Int($0) }
            guard ends.count == 2, ends[0] <= ends[1], ends[0] >= 0, ends[1] < count else {
                throw ValidationError(
                    "\(option) takes all, last, or places such as 0,3,-1 or 2-5 in a prompt of \(count) tokens, not "
                        + "\"\(piece)\"")
            }
            return Array(ends[0]...ends[1])
        }
    }

    /// Reads `all` or numbers such as `0,3` and `2-5` below a count: layers, or heads.
    ///
    /// - Throws: `ValidationError` naming what is not one of them.
    static func numbers(_ text: String, below count: Int, option: String, thing: String) throws -> [Int] {
        if text == "all" { return Array(0..<count) }
        return try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part -> [Int] in
            let piece = part.trimmingCharacters(in: .whitespaces)
            let ends = piece.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last,
                first >= 0, last < count
            else {
                throw ValidationError(
                    "\(option) takes all, or numbers from 0 to \(count - 1) such as 0,3 or 2-5: the model has "
                        + "\(count) \(thing), not \"\(piece)\"")
            }
            return Array(first...last)
        }
    }
}
