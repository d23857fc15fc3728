public import struct Foundation.Date
public import PlumbJinja
public import PlumbTokenizers

/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable, Codable {
    /// Who speaks: "system", "user" or "assistant" in most models.
    public var role: String
    /// What is said.
    public var content: String

    /// A turn of the conversation.
    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// Why a chat template cannot be read or rendered, in a sentence.
public struct ChatTemplateError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What is wrong, and in which line of the template.
    public let description: String

    init(_ problem: String) {
        description = "chat template: \(problem)"
    }

    init(_ error: JinjaError) {
        description = "chat template\(error.line.map { ", line \($0)" } ?? ""): \(error.problem)"
    }
}

/// Turns a conversation into the text a model was trained on, as the template in its files says.
///
/// Templates are written in Jinja; ``JinjaTemplate`` renders them as `transformers` does.
public struct ChatTemplate: Sendable {
    private let template: JinjaTemplate

    /// The template's text.
    public var source: String { template.source }

    /// Reads a template.
    ///
    /// - Throws: ``ChatTemplateError`` with the line and what is not valid or not known there.
    public init(_ source: String) throws(ChatTemplateError) {
        do { template = try JinjaTemplate(source) } catch { throw ChatTemplateError(error) }
    }

    /// The text of a conversation.
    ///
    /// - Parameters:
    ///   - messages: What was said, in order.
    ///   - addGenerationPrompt: Whether to end with what precedes the model's next turn.
    ///   - tools: The functions the model may call, each as its template wants it: most want JSON schemas.
    ///   - specialTokens: The texts of the model's special tokens by name, such as `bos_token`, which some templates
    ///     write themselves.
    ///   - now: The moment that a template writes where it asks for the date.
    /// - Returns: The text, and the date if the template asked for it.
    /// - Throws: ``ChatTemplateError``, also where the template itself refuses the conversation.
    public func rendering(
        messages: [ChatMessage], addGenerationPrompt: Bool, tools: [JinjaValue]? = nil,
        specialTokens: [String: String] = [:], now: Date = Date()
    ) throws(ChatTemplateError) -> JinjaRendering {
        var context = specialTokens.mapValues { JinjaValue.string($0) }
        context["messages"] = .list(
            messages.map { ["role": .string($0.role), "content": .string($0.content)] })
        context["add_generation_prompt"] = .boolean(addGenerationPrompt)
        context["tools"] = tools.map { .list($0) } ?? JinjaValue.none
        // Templates name it beside the tools; no documents are given here.
        context["documents"] = JinjaValue.none
        do { return try template.rendering(context, now: now) } catch { throw ChatTemplateError(error) }
    }
}

extension Tokenizer {
    /// The model's chat template; nil where its files have none.
    ///
    /// - Throws: ``ChatTemplateError`` where there is one that cannot be read.
    public var chatTemplate: ChatTemplate? {
        get throws(ChatTemplateError) {
            guard let chatTemplateSource else { return nil }
            return try ChatTemplate(chatTemplateSource)
        }
    }

    /// The text of a conversation by the model's own template.
    ///
    /// Encode it without special tokens added: the template writes them.
    ///
    /// - Parameters:
    ///   - messages: What was said, in order.
    ///   - addGenerationPrompt: Whether to end with what precedes the model's next turn.
    ///   - now: The moment that a template writes where it asks for the date.
    /// - Throws: ``ChatTemplateError``, also where the model has no template.
    public func render(
        _ messages: [ChatMessage], addGenerationPrompt: Bool = true, now: Date = Date()
    ) throws(ChatTemplateError) -> String {
        try rendering(messages, addGenerationPrompt: addGenerationPrompt, now: now).text
    }

    /// The text as ``render(_:addGenerationPrompt:now:)`` makes it, and the date if the template asked for it.
    ///
    /// - Parameters:
    ///   - messages: What was said, in order.
    ///   - addGenerationPrompt: Whether to end with what precedes the model's next turn.
    ///   - tools: The functions the model may call.
    ///   - now: The moment that a template writes where it asks for the date.
    /// - Throws: ``ChatTemplateError``, also where the model has no template.
    public func rendering(
        _ messages: [ChatMessage], addGenerationPrompt: Bool = true, tools: [JinjaValue]? = nil, now: Date = Date()
    ) throws(ChatTemplateError) -> JinjaRendering {
        guard let template = try chatTemplate else {
            throw ChatTemplateError("the model's files have none; give the text itself instead of messages")
        }
        // Templates expect an empty text where the model has no such token.
        var special = specialTokenTexts
        special["bos_token"] = bos.map { string(of: $0) } ?? ""
        special["eos_token"] = eos.map { string(of: $0) } ?? ""
        return try template.rendering(
            messages: messages, addGenerationPrompt: addGenerationPrompt, tools: tools, specialTokens: special, now: now
        )
    }
}
