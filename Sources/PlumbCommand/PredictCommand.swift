public import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbModels
import PlumbRecords
import PlumbReport
public import PlumbTensor
import PlumbTokenizers

/// The options by which commands choose a model.
struct ModelOptions: ParsableArguments {
    @Option(
        help: """
            A name that \(CommandName.current) model list shows, a .gguf file, a folder with config.json and \
            safetensors, or a hub id.
            """)
    var model = "smollm2-135m"
    @Option(help: "Of a hub id, the branch, tag or commit, such as step1000 of Pythia. (default: main)")
    var revision: String?
    @Option(help: "float32 is exact on the stored weights; bfloat16 is faster and inexact.")
    var arithmetic = Arithmetic.float32
    @Option(parsing: .unconditional, help: .threads) var threads: Int?

    func validate() throws {
        try PathOption.check(model, "--model")
        if revision != nil, model.contains("@") {
            throw ValidationError("--revision is given twice: \(model) names one too")
        }
        if revision != nil, model.split(separator: "/").count != 2 || model.hasSuffix(".gguf") {
            throw ValidationError(
                "--revision is for models of the hub, such as EleutherAI/pythia-70m, not for \(model)")
        }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
    }

    /// The model, fetched first where it is not at hand.
    func load() async throws -> HookedTransformer {
        let location = try await locate()
        var loaded =
            switch location {
            case .gguf(let url): try HookedTransformer.load(gguf: url, name: model)
            case .folder(let url): try HookedTransformer.load(folder: url, name: model)
            }
        loaded.arithmetic = arithmetic
        return loaded
    }

    /// Where the model's files are, fetched first where they are not at hand.
    func locate() async throws -> ModelLocation {
        if let threads { Compute.configure(threads: threads) }
        let progress = Output.progress()
        let name = model + (revision.map { "@\($0)" } ?? "")
        let location = try await ModelStore().locate(name) { downloaded in
            progress.receive(
                RunEvent(.progress(label: "fetching \(name)", fraction: downloaded.fraction ?? 0)))
        }
        progress.close()
        return location
    }
}

extension ArgumentHelp {
    /// What `--threads` is in every command that computes.
    static var threads: ArgumentHelp {
        "How many threads compute; results do not depend on it. (default: one for each core)"
    }
}

extension Arithmetic: ExpressibleByArgument {}

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Show the tokens that a model expects next, with log-probabilities.")

    @OptionGroup var options: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(parsing: .unconditional, help: "The text to continue.") var text: String
    @Option(parsing: .unconditional, help: "How many tokens to show.") var top = 10
    @Flag(help: "Show them after every token, not only after the last.") var allPositions = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard top > 0 else { throw ValidationError("--top must be at least 1, got \(top)") }
    }

    func run() async throws {
        let model = try await options.load()
        let tokens = try beginning.tokens(of: text, model)
        let strings = tokens.map { model.string(of: $0) }
        let rows = allPositions ? Array(tokens.indices) : [tokens.count - 1]
        let logProbabilities =
            allPositions
            ? model.run(tokens).output.logSoftmax() : model.nextTokenLogProbabilities(tokens).reshaped([1, -1])
        try model.requireNumbers(logProbabilities)
        let best = rows.indices.map { HookedTransformer.topTokens(logProbabilities[$0], count: top) }
        if json { return try printJSON(model, tokens, strings, best) }
        for (row, position) in rows.enumerated() {
            if allPositions { print("\nafter \(VisibleText.token(strings[position])) (position \(position))") }
            let table = TerminalTable(
                columns: [.init("token", .right), .init("string"), .init("log-prob", .right), .init("prob", .right)],
                rows: best[row].map { candidate in
                    [
                        "\(candidate.token)", VisibleText.token(model.string(of: candidate.token)),
                        NumberText.fixed(Double(candidate.value), decimals: 4),
                        NumberText.fixed(exp(Double(candidate.value)), decimals: 4),
                    ]
                })
            print(table.render(.current()))
        }
    }

    private func printJSON(
        _ model: HookedTransformer, _ tokens: [Int], _ strings: [String],
        _ best: [[(token: Int, value: Float)]]
    ) throws {
        func list(_ row: [(token: Int, value: Float)]) -> JSONValue {
            .array(
                row.map { candidate in
                    .object([
                        "token": JSONValue(candidate.token),
                        "string": .string(model.string(of: candidate.token)),
                        "logprob": Output.number(candidate.value),
                    ])
                })
        }
        var object: [String: JSONValue] = [
            "tokens": .array(tokens.map { JSONValue($0) }), "strings": .array(strings.map(JSONValue.string)),
            "next": best.last.map(list) ?? .array([]),
        ]
        if allPositions { object["positions"] = .array(best.map(list)) }
        try Output.json(.object(object))
    }
}
