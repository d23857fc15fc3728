import ArgumentParser
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers

struct AttributeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attribute",
        abstract: "Show which heads, layers and neurons write a logit: direct logit attribution.",
        discussion: """
            The residual stream that leaves the last block is a sum of what the embedding, every head and every MLP \
            wrote. Each part is read by the unembedding, with the scale of the last normalization held fixed; the \
            contributions add up to the logit, or with --wrong to the difference of two.

              \(CommandName.current) attribute --text "When Mary and John went to the store, John gave a drink to" \
            --answer " Mary" --wrong " John"
            """)

    @OptionGroup var options: InstrumentOptions
    @Option(parsing: .unconditional, help: "The token whose logit is attributed. (default: the most probable one)")
    var answer: String?
    @Option(parsing: .unconditional, help: "A token whose logit is taken away. (default: none)") var wrong: String?
    @Option(parsing: .unconditional, help: "The position whose next token it is: last, or a place such as 3 or -1.")
    var position = "last"
    @Option(parsing: .unconditional, help: "How many of the strongest neurons to list.") var neurons = 10

    func validate() throws {
        guard neurons >= 0 else { throw ValidationError("--neurons must not be negative, got \(neurons)") }
    }

    func run() async throws {
        let model = try await options.model.load()
        let tokens = try options.tokens(model)
        let places = try Positions.parse(position, of: tokens.count, option: "--position")
        guard let place = places.first, places.count == 1 else {
            throw ValidationError("--position takes one position, got \(places.count)")
        }
        let token =
            try answer.map(model.token)
            ?? model.nextTokenLogProbabilities(Array(tokens.prefix(place + 1))).argmax()
        let attribution = try DirectLogitAttribution(
            model, tokens, answer: token, wrong: wrong.map(model.token), position: place, neurons: neurons)
        func name(_ token: Int) -> String { "“\(model.string(of: token))”" }
        let quantity =
            try wrong.map { "the logit of \(name(token)) less that of \(name(try model.token($0)))" }
            ?? "the logit of \(name(token))"
        try options.show(
            attribution.findings(of: quantity), of: model, tokens: tokens, title: "Direct logit attribution",
            members: ["answer": JSONValue(token), "position": JSONValue(place)])
    }
}
