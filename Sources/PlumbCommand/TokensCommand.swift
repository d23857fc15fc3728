import ArgumentParser
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTokenizers

struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Show the tokens into which a model splits a text.")

    @OptionGroup var options: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(parsing: .unconditional, help: "The text to split.") var text: String
    @Option(
        help: "The pre-tokenizer of a GGUF file that does not name one: \(PreTokenizer.knownNames). (default: none)")
    var pre: String?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws { _ = try preTokenizer() }

    private func preTokenizer() throws -> PreTokenizer? {
        do {
            return try pre.map { try PreTokenizer(gguf: $0) }
        } catch {
            throw ValidationError("--pre: \(error)")
        }
    }

    func run() async throws {
        // The weights are not needed, and a file of a vocabulary has none.
        let tokenizer = try Tokenizer(of: await options.locate(), preTokenizer: preTokenizer())
        let tokens = try beginning.tokens(of: text, tokenizer)
        let strings = tokens.map { tokenizer.string(of: $0) }
        if json {
            return try Output.json(
                .object([
                    "tokens": .array(tokens.map { JSONValue($0) }), "strings": .array(strings.map(JSONValue.string)),
                    "special": .array(tokens.map { .bool(tokenizer.isSpecial($0)) }),
                ]))
        }
        let table = TerminalTable(
            columns: [.init("position", .right), .init("token", .right), .init("string"), .init("")],
            rows: tokens.indices.map { index in
                let role = tokenizer.role(of: tokens[index])
                return ["\(index)", "\(tokens[index])", VisibleText.token(strings[index]), role]
            })
        print(table.render(.current()))
    }
}

extension Tokenizer {
    /// What a special token is for, such as "special: begins a text"; empty for one that stands for text.
    fileprivate func role(of id: Int) -> String {
        guard isSpecial(id) else { return "" }
        switch id {
        case bos: return "special: begins a text"
        case eos: return "special: ends a text"
        case unknown: return "special: unknown"
        default: return "special"
        }
    }
}
