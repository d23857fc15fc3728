import ArgumentParser
import Foundation
import PlumbData
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers

struct SteerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steer",
        abstract: "Make a control vector from pairs of texts, and generate with one added.",
        discussion: """
            A control vector is a direction of the residual stream for each layer. Its file is that of llama.cpp.

              \(CommandName.current) steer make --positive "I love this" --negative "I hate this" --out love.gguf
              \(CommandName.current) steer generate --vector love.gguf --scale 2 --layers 14 --text "I think that this film"
            """, subcommands: [Make.self, Generate.self])

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "make",
            abstract: "Make a control vector: the difference of means between positive and negative texts.",
            discussion: """
                Of each layer, the residual stream at the last token of the positive texts, on average, less that of the \
                negative ones. A file of pairs has one JSON object a line: {"positive": "…", "negative": "…"}.
                """)

        @OptionGroup var options: ModelOptions
        @OptionGroup var beginning: BeginningOption
        @Option(parsing: .unconditionalSingleValue, help: "A text that shows what to steer to; may be repeated.")
        var positive: [String] = []
        @Option(parsing: .unconditionalSingleValue, help: "A text that shows the opposite; may be repeated.")
        var negative: [String] = []
        @Option(help: "A file of pairs. (default: none)", completion: .file()) var pairs: String?
        @Option(help: "The file to write.", completion: .file(extensions: ["gguf"])) var out: String

        func validate() throws {
            try PathOption.check(pairs, "--pairs")
            try PathOption.check(out, "--out")
            guard pairs != nil || (!positive.isEmpty && !negative.isEmpty) else {
                throw ValidationError("give --positive and --negative, or --pairs")
            }
        }

        private struct Pair: Codable {
            var positive: String
            var negative: String
        }

        func run() async throws {
            var (more, less) = (positive, negative)
            let lines = try pairs.map(UserFile.lines) ?? []
            for (index, line) in lines.enumerated() {
                guard let pair = try? JSONDecoder().decode(Pair.self, from: Data(line.utf8)) else {
                    throw FileError(
                        "\(pairs ?? ""), text \(index + 1), is not a pair: {\"positive\": \"…\", \"negative\": \"…\"}")
                }
                more.append(pair.positive)
                less.append(pair.negative)
            }
            let model = try await options.load()
            let vector = try ControlVector(
                model, positive: more.map { try beginning.tokens(of: $0, model) },
                negative: less.map { try beginning.tokens(of: $0, model) })
            try vector.write(to: URL(fileURLWithPath: out))
            let count = vector.directions.count
            print(
                "\(count - 1) directions, of layers 1 to \(count - 1), from \(more.count) positive and \(less.count) "
                    + "negative texts\n\(out)")
        }
    }

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate", abstract: "Continue a text with and without a control vector.")

        @OptionGroup var options: ModelOptions
        @OptionGroup var beginning: BeginningOption
        @Option(parsing: .unconditional, help: "The text to continue.") var text: String
        @Option(help: "The control vector.", completion: .file(extensions: ["gguf"])) var vector: String
        @Option(parsing: .unconditional, help: "What the vector is multiplied by; negative steers the other way.")
        var scale = 1.0
        @Option(parsing: .unconditional, help: "The layers: all, or numbers such as 5 or 10-20.") var layers = "all"
        @Option(help: "Where it is added: all positions, those of the prompt, or those of the new tokens (new).")
        var positions = SteeredPositions.all
        @Option(parsing: .unconditional, help: "The greatest number of tokens to add.") var maxTokens = 40
        @OptionGroup var sampling: SamplingOptions
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws {
            try PathOption.check(vector, "--vector")
            guard scale.isFinite else { throw ValidationError("--scale must be a number, got \(scale)") }
            guard maxTokens >= 0 else { throw ValidationError("--max-tokens must not be negative, got \(maxTokens)") }
        }

        func run() async throws {
            let request = Interruption.current?.awaited()
            let model = try await options.load()
            guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
            let found = try ControlVector(contentsOf: URL(fileURLWithPath: vector))
            let prompt = try beginning.tokens(of: text, model)
            let chosen =
                layers == "all"
                ? nil
                : try Positions.numbers(
                    layers, below: model.configuration.layers, option: "--layers", thing: "layers")
            let interventions = try found.interventions(
                model, scale: Float(scale), layers: chosen, positions: positions.range(prompt: prompt.count))
            func continuation(_ changes: [Intervention]) throws -> String {
                let made = try model.generate(
                    prompt, maxTokens: maxTokens, sampling: sampling.sampling, key: RandomKey(sampling.seed),
                    with: changes
                ) { _ in
                    if request?.isRaised ?? false { throw RunInterrupted() }
                    return true
                }
                return tokenizer.decode(made.tokens)
            }
            let (plain, steered) = (try continuation([]), try continuation(interventions))
            guard json else { return try Output.show("without  \(plain)\n\nsteered  \(steered)\n") }
            try Output.json(
                .object([
                    "model": .string(model.name), "text": .string(steered), "text_without": .string(plain),
                    "scale": JSONValue(scale), "prompt_tokens": .array(prompt.map { JSONValue($0) }),
                ]))
        }
    }
}

/// At which positions a control vector is added.
enum SteeredPositions: String, ExpressibleByArgument, CaseIterable {
    case all, prompt, new

    func range(prompt count: Int) -> Range<Int>? {
        switch self {
        case .all: nil
        case .prompt: 0..<count
        case .new: count..<Int.max
        }
    }
}
