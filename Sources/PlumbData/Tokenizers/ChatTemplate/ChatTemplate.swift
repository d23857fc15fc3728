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

    init(_ problem: String, line: Int? = nil) {
        description = "chat template\(line.map { ", line \($0)" } ?? ""): \(problem)"
    }
}

/// Turns a conversation into the text a model was trained on, as the template in its files says.
///
/// Templates are written in Jinja. The part of that language that published templates use is interpreted here, with the
/// settings `transformers` has (a line end after a block tag, and white space before one, are not part of the text):
/// `for`, `if`, `set`, expressions, common filters, tests and string methods, `namespace` and `raise_exception`. What is
/// beyond that (macros, imports) is refused by name.
public struct ChatTemplate: Sendable {
    /// The template's text.
    public let source: String
    private let statements: [JinjaStatement]

    /// Reads a template.
    ///
    /// - Throws: ``ChatTemplateError`` with the line and what is not valid or not known there.
    public init(_ source: String) throws(ChatTemplateError) {
        self.source = source
        var parser = JinjaParser(try JinjaLexer.segments(of: source))
        statements = try parser.template()
    }

    /// The text of a conversation.
    ///
    /// - Parameters:
    ///   - messages: What was said, in order.
    ///   - addGenerationPrompt: Whether to end with what precedes the model's next turn.
    ///   - bos: The text of the model's beginning-of-sequence token, which some templates write themselves.
    ///   - eos: The text of its end-of-sequence token, likewise.
    ///   - specialTokens: The texts of the model's special tokens by the names that its files give them, such as
    ///     "pad_token": further variables of the template.
    /// - Throws: ``ChatTemplateError``, also where the template itself refuses the conversation.
    public func render(
        messages: [ChatMessage], addGenerationPrompt: Bool, bos: String = "", eos: String = "",
        specialTokens: [String: String] = [:]
    ) throws(ChatTemplateError) -> String {
        let list = messages.map {
            JinjaValue.dictionary([("role", .string($0.role)), ("content", .string($0.content))])
        }
        var globals = specialTokens.mapValues(JinjaValue.string)
        let variables: [String: JinjaValue] = [
            "messages": .list(list), "add_generation_prompt": .boolean(addGenerationPrompt),
            "bos_token": .string(bos), "eos_token": .string(eos),
            // Written into templates beside these; no tools and no documents are given here.
            "tools": .none, "documents": .none,
        ]
        globals.merge(variables) { $1 }
        var renderer = JinjaRenderer(globals: globals)
        try renderer.run(statements)
        return renderer.output
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
    /// - Throws: ``ChatTemplateError``, also where the model has no template.
    public func render(
        _ messages: [ChatMessage], addGenerationPrompt: Bool = true
    ) throws(ChatTemplateError) -> String {
        guard let template = try chatTemplate else {
            throw ChatTemplateError("the model's files have none; give the text itself instead of messages")
        }
        return try template.render(
            messages: messages, addGenerationPrompt: addGenerationPrompt, bos: bos.map { string(of: $0) } ?? "",
            eos: eos.map { string(of: $0) } ?? "", specialTokens: specialTokenTexts)
    }
}
