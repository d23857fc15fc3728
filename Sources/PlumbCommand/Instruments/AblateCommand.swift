public import ArgumentParser
public import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

extension AblationMethod: ExpressibleByArgument {}

struct AblateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ablate",
        abstract: "Show what a model says without some of its heads, neurons or layers.",
        discussion: """
            Without --layers every layer, and every head of a site that has heads, is ablated by itself, and a table \
            shows what each does to the answer. With --layers they are ablated together.

              \(CommandName.current) ablate --text "The capital of France is" --answer " Paris" --site mlp_out
              \(CommandName.current) ablate --text "The capital of France is" --layers 20-29 --site attn_out --method zero

            Sites: attn_out, mlp_out, z (heads), result, mlp.post, resid_pre and the others of the model.
            """)

    @OptionGroup var options: InstrumentOptions
    @Option(parsing: .unconditional, help: "The token to follow. (default: the most probable one)") var answer: String?
    @Option(parsing: .unconditional, help: "A token whose logit is taken away. (default: none)") var wrong: String?
    @Option(help: "What is ablated in each layer.") var site = "z"
    @Option(
        parsing: .unconditional,
        help: "Layers to ablate together: all, or numbers such as 0,3 or 2-5. (default: each by itself)")
    var layers: String?
    @Option(parsing: .unconditional, help: "Heads, by numbers such as 0,3 or 2-5. (default: all)") var heads: String?
    @Option(parsing: .unconditional, help: "Positions: all, last, or places such as 0,3,-1 or 2-5.") var positions =
        "all"
    @Option(help: "What takes the place: zero, the mean over reference texts, or another text (resample).")
    var method = AblationMethod.mean
    @Option(
        parsing: .unconditionalSingleValue,
        help: "A text that a mean is taken over, by default the text itself, or that resampling takes; may be repeated."
    )
    var reference: [String] = []

    func validate() throws {
        guard method != .resample || reference.count == 1 else {
            throw ValidationError(
                "--method resample takes activations from one other text of as many tokens: give it by --reference")
        }
    }

    func run() async throws {
        let request = Interruption.current?.awaited()
        let model = try await options.model.load()
        let tokens = try options.tokens(model)
        let ablation = try ablation(model, tokens)
        let token = try answer.map(model.token) ?? model.nextTokenLogProbabilities(tokens).argmax()
        let other = try wrong.map(model.token)
        func name(_ token: Int) -> String { "“\(model.string(of: token))”" }
        let quantity =
            other.map { "the logit of \(name(token)) less that of \(name($0))" }
            ?? "the log-probability of \(name(token))"
        guard layers == nil else {
            let effect = try AblationEffect(model, tokens, answer: token, wrong: other, with: ablation.interventions)
            return try options.show(
                effect.findings(of: quantity, name), of: model, tokens: tokens, title: "Ablation",
                members: ["answer": JSONValue(token), "method": .string(method.rawValue)])
        }
        let progress = Output.progress()
        let changes = try ablation.sweep(model, tokens, answer: token, wrong: other) { share in
            if request?.isRaised ?? false { throw RunInterrupted() }
            progress.receive(RunEvent(.progress(label: "ablating", fraction: share)))
        }
        progress.close()
        try options.show(
            ablation.findings(changes, of: quantity), of: model, tokens: tokens, title: "Ablation of each part",
            members: ["answer": JSONValue(token), "method": .string(method.rawValue)])
    }

    private func ablation(_ model: HookedTransformer, _ tokens: [Int]) throws -> Ablation {
        guard let site = Site(named: site) else {
            throw ValidationError("--site \"\(site)\" is not a site: attn_out, mlp_out, z and mlp.post are")
        }
        let count = model.configuration.layers
        let target = AblationTarget(
            site,
            layers: try Positions.numbers(layers ?? "all", below: count, option: "--layers", thing: "layers"),
            heads: try heads.map {
                try Positions.numbers(
                    $0, below: model.heads(at: site), option: "--heads", thing: "heads at \(self.site)")
            }, positions: positions == "all" ? nil : try Positions.parse(positions, of: tokens.count))
        let references = try (reference.isEmpty ? [options.text] : reference).map {
            try options.beginning.tokens(of: $0, model)
        }
        return try model.ablation(of: target, by: method, over: tokens, references: references)
    }
}
