public import struct Foundation.Date
public import PlumbData
internal import PlumbTensor
public import PlumbTokenizers

/// Plain text, or turns of a conversation.
public enum Passage: Sendable, Hashable {
    /// Text that no template is laid around.
    case text(String)
    /// Turns, which the model's chat template makes text of.
    case turns([ChatMessage])

    /// Whether nothing but white space is in it.
    var isEmpty: Bool {
        switch self {
        case .text(let text): text.allSatisfy(\.isWhitespace)
        case .turns(let turns): turns.allSatisfy { $0.content.allSatisfy(\.isWhitespace) }
        }
    }
}

extension Passage: Decodable {
    /// Reads a string, or an array of objects with `role` and `content`.
    ///
    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .turns(try container.decode([ChatMessage].self))
        }
    }
}

/// Makes tokens of prompts and answers to learn from, cut into pieces as they are when the model answers: a prompt is
/// encoded alone, and the answer after it.
///
/// Of a conversation the assistant's turns are learned, up to and with the token that ends each, as the model's chat
/// template writes them. Of plain text the answer and an end-of-text token are.
public struct AnswerEncoder: Sendable {
    /// What makes tokens of text.
    public let tokenizer: Tokenizer
    /// The most tokens of a text; answers are cut there.
    public let longest: Int
    /// The moment that a template writes where it asks for the date.
    public let now: Date

    /// An encoder for texts of at most `longest` tokens.
    public init(_ tokenizer: Tokenizer, longest: Int, now: Date) {
        (self.tokenizer, self.longest, self.now) = (tokenizer, longest, now)
    }

    /// A conversation whose assistant's turns are learned.
    ///
    /// - Throws: `FileError` with what is wrong, without a full stop; `ChatTemplateError`.
    public func conversation(_ turns: [ChatMessage]) throws -> ScoredText { try conversation(turns, from: 0) }

    /// An answer to a prompt.
    ///
    /// - Parameter name: what an error calls the answer.
    /// - Throws: `FileError` with what is wrong, without a full stop; `ChatTemplateError`.
    public func answer(_ answer: Passage, to prompt: Passage, name: String = "completion") throws -> ScoredText {
        guard !answer.isEmpty else { throw FileError("its \"\(name)\" is empty") }
        switch (prompt, answer) {
        case (.text(let prompt), .text(let answer)):
            var tokens = tokenizer.encode(answer, addSpecialTokens: false)
            if let end = tokenizer.eos, tokens.last != end { tokens.append(end) }
            return try checked(ScoredText(prompt: tokenizer.encode(prompt), answer: tokens))
        case (.turns(let prompt), .turns(let answer)):
            return try conversation(prompt + answer, from: prompt.count)
        default:
            throw FileError("its \"prompt\" and \"\(name)\" must both be text, or both turns of a conversation")
        }
    }

    /// The tokens of a prompt that an answer is to be written to; of turns with the beginning of the assistant's next.
    ///
    /// - Throws: `FileError` with what is wrong, without a full stop; `ChatTemplateError`.
    public func prompt(_ prompt: Passage) throws -> [Int] {
        guard !prompt.isEmpty else { throw FileError("its \"prompt\" is empty") }
        let tokens: [Int]
        switch prompt {
        case .text(let text): tokens = tokenizer.encode(text)
        case .turns(let turns):
            if turns.last?.role == "assistant" {
                throw FileError("its prompt ends with a turn of the assistant, who is to answer it")
            }
            let text = try tokenizer.render(turns, addGenerationPrompt: true, now: now)
            tokens = tokenizer.encode(text, addSpecialTokens: false)
        }
        guard tokens.count < longest else {
            throw FileError("its prompt of \(tokens.count) tokens leaves no room for an answer in \(longest) tokens")
        }
        return tokens
    }

    /// A conversation of which the assistant's turns from number `first` on are learned.
    private func conversation(_ turns: [ChatMessage], from first: Int) throws -> ScoredText {
        var (parts, written) = ([ScoredText.Part](), [UInt8]())
        func append(_ text: [UInt8], isScored: Bool) {
            parts.append(.init(tokens(of: text.dropFirst(written.count), isScored: isScored), isScored: isScored))
            written = text
        }
        for (index, turn) in turns.enumerated() where turn.role == "assistant" && index >= first {
            guard !turn.content.allSatisfy(\.isWhitespace) else {
                throw FileError("the assistant's turn \(index + 1) is empty")
            }
            let before = try render(turns[..<index], addGenerationPrompt: true)
            let through = try render(turns[...index], addGenerationPrompt: false)
            guard before.starts(with: written), through.starts(with: before) else {
                throw FileError(
                    "the model's chat template changes what it wrote before when turn \(index + 1) is added, so that "
                        + "the assistant's tokens cannot be told apart")
            }
            append(before, isScored: false)
            append(through, isScored: true)
            // The template may write more behind the end of the turn, such as a line break; the model stops before.
            if let turn = parts.last, let end = turn.tokens.lastIndex(where: tokenizer.stopTokens.contains),
                end + 1 < turn.tokens.count
            {
                parts.removeLast()
                parts.append(.init(Array(turn.tokens[...end]), isScored: true))
                parts.append(.init(Array(turn.tokens[(end + 1)...]), isScored: false))
            }
        }
        guard !parts.isEmpty else { throw FileError("it has no turn of the assistant to learn from") }
        return try checked(ScoredText(parts))
    }

    private func render(_ turns: ArraySlice<ChatMessage>, addGenerationPrompt: Bool) throws -> [UInt8] {
        Array(try tokenizer.render(Array(turns), addGenerationPrompt: addGenerationPrompt, now: now).utf8)
    }

    private func tokens(of text: ArraySlice<UInt8>, isScored: Bool) -> [Int] {
        tokenizer.encode(String(decoding: text, as: UTF8.self), addSpecialTokens: false)
    }

    /// A text that fits, cut where it is too long.
    private func checked(_ text: ScoredText) throws -> ScoredText {
        guard let first = text.places.first else { throw FileError("there is nothing to learn in it") }
        guard first < longest else {
            throw FileError("its prompt of \(first) tokens leaves no room for an answer in \(longest) tokens")
        }
        return text.tokens.count > longest ? text.prefix(longest) : text
    }
}
