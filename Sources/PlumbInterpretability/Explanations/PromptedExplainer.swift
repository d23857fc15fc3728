public import PlumbData
public import PlumbModels
internal import PlumbTensor
internal import PlumbTokenizers

/// Asks a language model what a unit responds to: it reads the texts of the unit's largest activations, token by token
/// with levels from 0 to 10, and continues a sentence (Bills et al. 2023).
///
/// The model is any that answers a conversation: one that runs here, or one behind an endpoint that a closure calls.
public struct PromptedExplainer: Explainer {
    /// Answers a conversation whose last turn is the user's.
    public typealias Reply = @Sendable ([ChatMessage]) async throws -> String

    /// What the explainer is called in tables: the model's name.
    public let name: String
    /// How many texts it reads.
    public var excerpts: Int
    private let reply: Reply

    /// An explainer that asks whatever `reply` asks.
    public init(name: String, excerpts: Int = 5, reply: @escaping Reply) {
        (self.name, self.excerpts, self.reply) = (name, excerpts, reply)
    }

    /// An explainer that asks a model that runs here and has a chat template.
    public init(_ model: HookedTransformer, excerpts: Int = 5, maxTokens: Int = 24) {
        self.init(name: model.name, excerpts: excerpts, reply: model.answering(maxTokens: maxTokens))
    }

    /// The first line of what the model answers to the texts of the largest activations.
    ///
    /// - Throws: what the model's run or the endpoint throws; ``ExplanationError`` for an empty answer.
    public func explain(_ records: [ActivationRecord]) async throws -> Explanation {
        let answer = try await reply(Self.messages(records.top(excerpts), most: records.most))
        let line = TokenRule.plain(answer.split(separator: "\n").first.map(String.init) ?? "")
        guard !line.isEmpty else {
            throw ExplanationError("\(name) answered nothing when it was asked to explain a unit")
        }
        return .sentence(line)
    }

    /// The conversation: what is asked for, solved examples, and the texts.
    static func messages(_ texts: [ActivationRecord], most: Double) -> [ChatMessage] {
        let task =
            "You study the neurons of a neural network. Each neuron looks for one thing in a text. You are shown texts "
            + "with a token in each line, followed by the activation of the neuron from 0 to 10. Say in a few words "
            + "what the neuron looks for. Do not list examples."
        let solved = PromptExamples.standard.flatMap { example in
            [
                ChatMessage(role: "user", content: block([example.record], most: 10)),
                ChatMessage(role: "assistant", content: example.explanation),
            ]
        }
        return [ChatMessage(role: "system", content: task)] + solved
            + [ChatMessage(role: "user", content: block(texts, most: most))]
    }

    private static func block(_ texts: [ActivationRecord], most: Double) -> String {
        texts.map { record in
            let lines = zip(record.tokens, record.levels(most: most)).map { "\(PromptExamples.line($0))\t\($1)" }
            return (["<start>"] + lines + ["<end>"]).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

/// Examples that prompts show, written for this library.
enum PromptExamples {
    struct Example {
        let explanation: String
        let record: ActivationRecord
    }

    /// Two texts, each with two explanations, so that a model sees that the levels follow from the explanation.
    static let standard = [
        example("words for weather", "After the rain a cold wind blew.", ["rain": 10, "cold": 5, "wind": 9]),
        example("numbers", "We sold 12 cups at 3 coins.", ["12": 9, "3": 10]),
        example("the word \"the\" and the word \"a\"", "After the rain a cold wind blew.", ["the": 10, "a": 10]),
        example("things that one can hold", "We sold 12 cups at 3 coins.", ["cups": 9, "coins": 8]),
    ]

    /// A token as a prompt shows it: a line break inside it would begin another line.
    static func line(_ token: String) -> String { token.replacing("\n", with: "\\n").replacing("\t", with: "\\t") }

    private static func example(_ explanation: String, _ text: String, _ levels: [String: Double]) -> Example {
        let tokens = NeuronPuzzle.words(of: text)
        return Example(
            explanation: explanation,
            record: ActivationRecord(tokens: tokens, activations: tokens.map { levels[TokenRule.plain($0)] ?? 0 }))
    }
}

extension HookedTransformer {
    /// A function that answers conversations by the model's chat template, taking the most probable token each time.
    public func answering(maxTokens: Int) -> PromptedExplainer.Reply {
        { messages in
            guard let tokenizer else { throw ModelError("\(name) has no tokenizer: it cannot read a conversation") }
            let prompt = tokenizer.encode(try tokenizer.render(messages), addSpecialTokens: false)
            let answer = try generate(prompt, maxTokens: maxTokens)
            return tokenizer.decode(answer.tokens, skipSpecialTokens: true)
        }
    }
}
