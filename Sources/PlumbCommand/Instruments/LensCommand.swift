import ArgumentParser
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbTokenizers

struct LensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lens",
        abstract: "Show what each layer would say next if it were the last: the logit lens.",
        discussion: """
            The residual stream after each block is normalized and unembedded as the last one is. With --answer, the \
            probability and the rank of one token are shown too.

              \(CommandName.current) lens --text "The capital of France is" --answer " Paris" --page lens.html
            """)

    @OptionGroup var options: InstrumentOptions
    @Option(parsing: .unconditional, help: "A token to follow; a word in a sentence begins with a space.")
    var answer: String?
    @Option(
        parsing: .unconditional, help: "The positions to show: all, last, or places such as 0,3,-1 or 2-5.")
    var positions = "all"
    @Option(parsing: .unconditional, help: "How many of the most probable tokens --json holds for each cell.")
    var top = 5

    func validate() throws {
        guard top > 0 else { throw ValidationError("--top must be at least 1, got \(top)") }
    }

    func run() async throws {
        let model = try await options.model.load()
        let tokens = try options.tokens(model)
        let lens = try LogitLens(
            model, tokens, answer: answer.map(model.token), positions: Positions.parse(positions, of: tokens.count),
            top: top)
        let cells = lens.cells.map { row in
            JSONValue.array(
                row.map { cell in
                    JSONValue.array(
                        cell.top.map { guess in
                            .object([
                                "token": JSONValue(guess.token),
                                "string": .string(model.string(of: guess.token)),
                                "probability": JSONValue(guess.probability),
                            ])
                        })
                })
        }
        try options.show(
            lens.findings(model), of: model, tokens: tokens, title: "Logit lens",
            members: ["top": .array(cells), "positions": .array(lens.positions.map { JSONValue($0) })])
    }
}
