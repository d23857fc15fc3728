import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbJinja
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue a text with a model, and print each token as it is sampled.",
        discussion: """
              \(CommandName.current) generate --text "The capital of France is" --max-tokens 20
              \(CommandName.current) generate --chat --system "Answer in one word." --text "What is the capital of France?"
              \(CommandName.current) generate --file prompts.txt --temperature 0.8 --top-p 0.95 --json

            --messages reads a conversation of several turns: a JSON array of objects with "role" and "content".
            """)

    @OptionGroup var options: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(parsing: .unconditional, help: "The text to continue; with --chat, the user's message.") var text: String?
    @Option(help: "A file with a text to continue in each line. (default: none)", completion: .file()) var file: String?
    @Option(help: "A conversation to continue, as JSON. (default: none)", completion: .file()) var messages: String?
    @Flag(help: "Format the text with the model's chat template.") var chat = false
    @Option(parsing: .unconditional, help: "With --chat, what the system says first. (default: the template's own)")
    var system: String?
    @Option(help: "The date that a chat template states, such as 2026-07-06. (default: today)") var date: String?
    @Option(parsing: .unconditional, help: "The greatest number of tokens to add.") var maxTokens = 100
    @OptionGroup var sampling: SamplingOptions
    @Option(
        parsing: .unconditionalSingleValue,
        help: "End the text where this string begins; may be repeated. (default: none)")
    var stop: [String] = []
    @Flag(help: "Continue after the end-of-text token.") var ignoreEos = false
    @Flag(help: "Print one JSON object when done.") var json = false

    func validate() throws {
        guard [text, file, messages].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("give one of --text, --file and --messages")
        }
        try PathOption.check(file, "--file")
        try PathOption.check(messages, "--messages")
        guard maxTokens >= 0 else { throw ValidationError("--max-tokens must not be negative, got \(maxTokens)") }
        guard date == nil || date.flatMap(PromptDate.noon) != nil else {
            throw ValidationError("--date must be a date such as 2026-07-06, got \(date ?? "")")
        }
        guard beginning.bos == nil || !(chat || messages != nil) else {
            throw ValidationError("--bos and --no-bos do not go with --chat: the chat template begins the text")
        }
        guard date == nil || chat || messages != nil else {
            throw ValidationError("--date needs --chat: only a chat template asks for it")
        }
        guard system == nil || chat else { throw ValidationError("--system needs --chat") }
        guard !stop.contains("") else { throw ValidationError("--stop is empty: give the string that ends a text") }
    }

    func run() async throws {
        let prompts = try self.prompts()
        let request = Interruption.current?.awaited()
        let model = try await options.load()
        guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
        var results: [JSONValue] = []
        for (index, prompt) in prompts.enumerated() {
            let (tokens, promptDate) = try self.tokens(of: prompt, model, tokenizer)
            let key = prompts.count == 1 ? RandomKey(sampling.seed) : RandomKey(sampling.seed)["prompt \(index)"]
            let result = try generate(tokens, model, tokenizer, key: key) {
                if request?.isRaised ?? false { throw RunInterrupted() }
            }
            results.append(.object(result.merging(["prompt_date": promptDate]) { _, new in new }))
        }
        guard json else { return }
        guard file != nil else { return try Output.json(results[0]) }
        try Output.json(.object(["results": .array(results)]))
    }

    private func generate(
        _ prompt: [Int], _ model: HookedTransformer, _ tokenizer: Tokenizer, key: RandomKey,
        check: () throws -> Void
    ) throws -> [String: JSONValue] {
        var (stream, stops, text) = (tokenizer.textStream(), StopStrings(stop), "")
        let start = ContinuousClock.now
        func show(_ part: String) throws {
            text += part
            if !json { try Output.show(part) }
        }
        let generation = try model.generate(
            prompt, maxTokens: maxTokens, sampling: sampling.sampling, key: key, stopTokens: ignoreEos ? [] : nil
        ) { token in
            try check()
            try show(stops.append(stream.append(token)))
            return !stops.isStopped
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        try show(stops.append(stream.finish()))
        try show(stops.finish())
        if !json { try Output.show("\n") }
        return [
            "model": .string(model.name), "prompt_tokens": .array(prompt.map { JSONValue($0) }),
            "tokens": .array(generation.tokens.map { JSONValue($0) }), "text": .string(text),
            "logprobs": .array(generation.logProbabilities.map(Output.number)),
            "stopped": .bool(generation.stopped || stops.isStopped), "seed": JSONValue(sampling.seed),
            "temperature": JSONValue(sampling.temperature), "seconds": JSONValue(seconds),
            "tokens_per_second": JSONValue(Double(generation.tokens.count) / max(seconds, 1e-9)),
        ]
    }

    /// A text, or a conversation.
    private enum Prompt {
        case text(String)
        case conversation([ChatMessage])
    }

    private func prompts() throws -> [Prompt] {
        if let messages {
            let data = try UserFile.data(messages)
            guard let turns = try? JSONDecoder().decode([ChatMessage].self, from: data), !turns.isEmpty else {
                throw FileError(
                    "\(messages) is not a conversation: a JSON array of objects with \"role\" and \"content\"")
            }
            return [.conversation(turns)]
        }
        let texts = try file.map(UserFile.lines) ?? [text ?? ""]
        return texts.map { text in
            guard chat else { return .text(text) }
            let first = system.map { [ChatMessage(role: "system", content: $0)] } ?? []
            return .conversation(first + [ChatMessage(role: "user", content: text)])
        }
    }

    /// The prompt's tokens, and the date it holds if its template asked for one.
    private func tokens(
        of prompt: Prompt, _ model: HookedTransformer, _ tokenizer: Tokenizer
    ) throws -> ([Int], JSONValue) {
        switch prompt {
        case .text(let text): return (try beginning.tokens(of: text, model), .null)
        case .conversation(let turns):
            let conversation = try tokenizer.rendering(turns, now: date.flatMap(PromptDate.noon) ?? Date())
            let tokens = tokenizer.encode(conversation.text, addSpecialTokens: false)
            try model.check(tokens)
            return (tokens, conversation.date.map { .string(PromptDate.text($0)) } ?? .null)
        }
    }
}
