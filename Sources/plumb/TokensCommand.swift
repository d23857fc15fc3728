import ArgumentParser
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport

struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Show how a model cuts a text into tokens.")

    @OptionGroup var options: ModelOptions
    @Option(parsing: .unconditional, help: "The text.") var text: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        let model = try await options.load()
        guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
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
