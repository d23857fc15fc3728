import ArgumentParser
import Foundation
import PlumbData
import PlumbJinja
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Continue a text with a model, and print each token as it is sampled.")

    @OptionGroup var options: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(parsing: .unconditional, help: "The text to continue; with --chat, the user's message.")
    var text: String
    @Flag(help: "Format the text with the model's chat template.") var chat = false
    @Option(help: "The date that a chat template states, such as 2026-07-06. (default: today)") var date: String?
    @Option(parsing: .unconditional, help: "The greatest number of tokens to add.") var maxTokens = 100
    @Option(parsing: .unconditional, help: "0 always takes the most probable token; higher values vary more.")
    var temperature = 0.0
    @Option(parsing: .unconditional, help: "The seed of the random numbers that sample tokens.") var seed: UInt64 = 0
    @Flag(help: "Continue after the end-of-text token.") var ignoreEos = false
    @Flag(help: "Print one JSON object when done.") var json = false

    func validate() throws {
        guard maxTokens >= 0 else { throw ValidationError("--max-tokens must not be negative, got \(maxTokens)") }
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature must be 0 or a positive number, got \(temperature)")
        }
        guard date == nil || date.flatMap(PromptDate.noon) != nil else {
            throw ValidationError("--date must be a date such as 2026-07-06, got \(date ?? "")")
        }
        guard beginning.bos == nil || !chat else {
            throw ValidationError("--bos and --no-bos do not go with --chat: the chat template begins the text")
        }
        guard date == nil || chat else {
            throw ValidationError("--date needs --chat: only a chat template asks for it")
        }
    }

    func run() async throws {
        let request = Interruption.current?.awaited()
        let model = try await options.load()
        guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
        let (prompt, promptDate) = try promptTokens(model, tokenizer)
        var stream = tokenizer.textStream()
        let start = ContinuousClock.now
        let generation = try model.generate(
            prompt, maxTokens: maxTokens, temperature: temperature, key: RandomKey(seed),
            stopTokens: ignoreEos ? [] : nil
        ) { token in
            if request?.isRaised ?? false { throw RunInterrupted() }
            if !json { try Output.show(stream.append(token)) }
            return true
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard json else { return try Output.show(stream.finish() + "\n") }
        // Without a date in the prompt the key is there too, so that its absence can be told from an older version.
        try Output.json(
            .object([
                "prompt_date": promptDate.map { JSONValue.string(PromptDate.text($0)) } ?? JSONValue.null,
                "model": .string(model.name), "prompt_tokens": .array(prompt.map { JSONValue($0) }),
                "tokens": .array(generation.tokens.map { JSONValue($0) }),
                "text": .string(tokenizer.decode(generation.tokens)),
                "logprobs": .array(generation.logProbabilities.map(Output.number)),
                "stopped": .bool(generation.stopped), "seed": JSONValue(seed), "temperature": JSONValue(temperature),
                "seconds": JSONValue(seconds),
                "tokens_per_second": JSONValue(Double(generation.tokens.count) / max(seconds, 1e-9)),
            ]))
    }

    /// The prompt, and the date it holds if its template asked for one.
    private func promptTokens(_ model: HookedTransformer, _ tokenizer: Tokenizer) throws -> ([Int], Date?) {
        guard chat else { return (try beginning.tokens(of: text, model), nil) }
        let conversation = try tokenizer.rendering(
            [ChatMessage(role: "user", content: text)], now: date.flatMap(PromptDate.noon) ?? Date())
        let tokens = tokenizer.encode(conversation.text, addSpecialTokens: false)
        try model.check(tokens)
        return (tokens, conversation.date)
    }
}
