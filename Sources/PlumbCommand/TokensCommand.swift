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
        let tokens = tokenizer.encode(text)
        let strings = tokens.map { tokenizer.string(of: $0) }
        if json {
            return try Output.json(
                .object([
                    "tokens": .array(tokens.map { JSONValue($0) }), "strings": .array(strings.map(JSONValue.string)),
                ]))
        }
        let table = TerminalTable(
            columns: [.init("position", .right), .init("token", .right), .init("string")],
            rows: tokens.indices.map { ["\($0)", "\(tokens[$0])", VisibleText.token(strings[$0])] })
        print(table.render(.current()))
    }
}
