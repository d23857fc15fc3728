public import struct Foundation.Date
internal import PlumbBasics
public import PlumbData
public import PlumbModels
public import PlumbTensor
internal import PlumbTokenizers

/// A language model that is evaluated: how conversations become its prompts.
public struct EvaluatedLanguageModel: EvaluationModel {
    /// Whether conversations are written by the model's chat template.
    public enum Prompting: String, Sendable, Codable, CaseIterable {
        /// By the chat template.
        case chat
        /// As plain text: turns of the user begin with `Question:`, those of the model with `Answer:`.
        case plain
    }

    /// The model.
    public let model: HookedTransformer
    /// How conversations become prompts.
    public let prompting: Prompting
    /// The moment that a template writes where it asks for the date.
    public let now: Date

    /// A model to evaluate.
    ///
    /// - Throws: ``EvaluationError`` for a model without a tokenizer, or without a chat template where one is asked
    ///   for.
    public init(_ model: HookedTransformer, prompting: Prompting, now: Date) throws {
        guard let tokenizer = model.tokenizer else {
            throw EvaluationError("\(model.name) has no tokenizer, so it cannot be asked questions")
        }
        if prompting == .chat, try tokenizer.chatTemplate == nil {
            throw EvaluationError("\(model.name) has no chat template: evaluate it with plain prompts")
        }
        (self.model, self.prompting, self.now) = (model, prompting, now)
    }

    /// Its name in results.
    public var name: String { model.name }

    /// The text of a conversation up to where the model answers.
    public func text(of turns: [ChatMessage], answerPrefix: String = "") throws -> String {
        guard let tokenizer = model.tokenizer else { return "" }
        switch prompting {
        case .chat: return try tokenizer.render(turns, addGenerationPrompt: true, now: now) + answerPrefix
        case .plain:
            let parts = turns.map { turn in
                switch turn.role {
                case "assistant": "Answer: \(turn.content)"
                case "system": turn.content
                default: turn.content.hasPrefix("Question:") ? turn.content : "Question: \(turn.content)"
                }
            }
            let prefix = answerPrefix.isEmpty ? "\n\nAnswer:" : answerPrefix
            return parts.joined(separator: "\n\n") + prefix
        }
    }

    private func tokens(_ text: String) throws -> [Int] {
        guard let tokenizer = model.tokenizer else { return [] }
        switch prompting {
        case .chat: return tokenizer.encode(text, addSpecialTokens: false)
        case .plain: return try tokenizer.encode(text, addsBOS: model.addsBOS)
        }
    }

    /// Answers conversations side by side; what is written after the answer, such as a next question, is cut.
    ///
    /// - Throws: `ModelError` for a prompt that the model cannot read; what `goesOn` throws.
    public func answers(
        to conversations: [[ChatMessage]], _ limits: AnswerLimits, key: RandomKey, while goesOn: () throws -> Bool
    ) throws -> [WrittenAnswer] {
        let prompts = try conversations.map { try tokens(text(of: $0)) }
        let written = try model.continuations(
            of: prompts, maxTokens: limits.maxTokens, temperature: limits.temperature, key: key, while: goesOn)
        return zip(prompts, written).map { prompt, generation in
            let text = model.tokenizer?.decode(generation.tokens) ?? ""
            let answer = prompting == .plain ? Self.firstAnswer(in: text) : text
            return WrittenAnswer(
                Self.trimmed(answer), inputTokens: prompt.count, outputTokens: generation.tokens.count,
                // A next question of its own ends an answer too.
                stopped: generation.stopped || answer.utf8.count < text.utf8.count)
        }
    }

    /// The text up to where a model that was given plain text asks its own next question.
    static func firstAnswer(in text: String) -> String {
        text.firstRange(of: "\nQuestion:").map { String(text[..<$0.lowerBound]) } ?? text
    }

    static func trimmed(_ text: String) -> String {
        var part = Substring(text)
        while part.first?.isWhitespace ?? false { part.removeFirst() }
        while part.last?.isWhitespace ?? false { part.removeLast() }
        return String(part)
    }

    /// The log-probabilities of options; what all conversations begin with is read once.
    ///
    /// A prompt and an option are made tokens of together, as they are where the option was written after the prompt.
    ///
    /// - Throws: `ModelError` for a prompt that the model cannot read; what `checkpoint` throws.
    public func scores(of questions: [TextOptions], checkpoint: () throws -> Void) throws -> [OptionScores] {
        let read = try questions.map { question in
            let text = try text(of: question.turns, answerPrefix: question.answerPrefix)
            let prompt = try tokens(text)
            let options = try question.options.map { option in
                let whole = try tokens(text + option)
                return whole.starts(with: prompt)
                    ? Array(whole.dropFirst(prompt.count)) : try separate(option)
            }
            return OptionQuestion(prompt: prompt, options: options)
        }
        let values = try model.optionLogProbabilities(of: read, checkpoint: checkpoint)
        return zip(read, values).map { question, values in
            OptionScores(values, inputTokens: question.options.reduce(question.prompt.count) { $0 + $1.count })
        }
    }

    /// An option whose first letters are merged with the prompt's last ones where both are read together.
    private func separate(_ option: String) throws -> [Int] {
        model.tokenizer?.encode(option, addSpecialTokens: false) ?? []
    }
}
