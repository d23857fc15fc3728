import ArgumentParser
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTokenizers

struct AttentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attention",
        abstract: "Show where a model's heads look in a text.",
        discussion: """
            Of many heads it shows how much each looks at the token before, the first token and its own; of up to four \
            it draws the patterns. --page writes a page on which every head can be picked and every token pointed at.

              \(CommandName.current) attention --text "When Mary and John went to the store" --page attention.html
              \(CommandName.current) attention --text "When Mary and John went to the store" --layers 5 --heads 2
            """)

    @OptionGroup var options: InstrumentOptions
    @Option(parsing: .unconditional, help: "The layers: all, or numbers such as 0,3 or 2-5.") var layers = "all"
    @Option(parsing: .unconditional, help: "The heads: all, or numbers such as 0,3 or 2-5.") var heads = "all"

    func run() async throws {
        let model = try await options.model.load()
        let tokens = try options.tokens(model)
        let sizes = model.configuration
        let patterns = try AttentionPatterns(
            model, tokens,
            layers: Positions.numbers(layers, below: sizes.layers, option: "--layers", thing: "layers"),
            heads: Positions.numbers(heads, below: sizes.heads, option: "--heads", thing: "heads in a layer"))
        let findings = patterns.findings(model)
        let page =
            options.page == nil
            ? nil
            : AttentionPage(
                title: "Attention of \(model.name)", summary: findings.summary,
                tokens: tokens.map { model.string(of: $0) },
                heads: patterns.patterns.map { AttentionPage.Head(layer: $0.layer, head: $0.head, weights: $0.weights) }
            ).render()
        try options.show(findings, of: model, tokens: tokens, title: "Attention", page: page)
    }
}
