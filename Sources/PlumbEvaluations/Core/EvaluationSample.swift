public import PlumbBasics
public import PlumbData

/// One item of an evaluation: what a model is asked, and what it should answer. The fields are those of Inspect's
/// samples.
public struct EvaluationSample: Sendable, Equatable {
    /// The name of the sample, unique in its task.
    public var id: String
    /// What the model is asked: turns of a conversation, of which the last is the user's.
    public var input: [ChatMessage]
    /// The answers that count as right; for questions with choices their letters.
    public var target: [String]
    /// The answers to choose from; empty for open questions.
    public var choices: [String]
    /// Whatever else is known of the sample, such as its family.
    public var metadata: [String: JSONValue]

    /// A sample that asks one question.
    public init(
        id: String, input: String, target: [String], choices: [String] = [], metadata: [String: JSONValue] = [:]
    ) {
        self.init(
            id: id, turns: [ChatMessage(role: "user", content: input)], target: target, choices: choices,
            metadata: metadata)
    }

    /// A sample that asks with a conversation.
    public init(
        id: String, turns: [ChatMessage], target: [String], choices: [String] = [],
        metadata: [String: JSONValue] = [:]
    ) {
        (self.id, input, self.target, self.choices, self.metadata) = (id, turns, target, choices, metadata)
    }

    /// The text of the last turn.
    public var question: String { input.last?.content ?? "" }

    /// The places of the choices that count as right.
    public var correctChoices: Set<Int> { Set(target.compactMap { Letters.index(of: $0) }) }

    /// - Throws: ``EvaluationError`` for a sample without a question or a name, or whose target names no choice.
    func check() throws {
        let name = visible(id, limit: 60)
        guard !id.isEmpty else { throw EvaluationError("a sample has no id") }
        guard !question.allSatisfy(\.isWhitespace) else {
            throw EvaluationError("the sample \(name) has an empty question")
        }
        guard !choices.isEmpty else { return }
        guard choices.count >= 2, choices.count <= Letters.most else {
            throw EvaluationError(
                "the sample \(name) has \(choices.count) choices; a question has 2 to \(Letters.most)")
        }
        for letter in target {
            guard let index = Letters.index(of: letter), index < choices.count else {
                throw EvaluationError(
                    "the target \(visible(letter, limit: 40)) of the sample \(name) is no choice: its letters are A to "
                        + Letters.letter(choices.count - 1))
            }
        }
        guard !target.isEmpty else { throw EvaluationError("the sample \(name) has choices but no target") }
    }

    /// The sample with its choices moved on by `steps` places, the last ones to the front; the target moves with them.
    public func rotated(by steps: Int) -> EvaluationSample {
        guard !choices.isEmpty, steps % choices.count != 0 else { return self }
        var copy = self
        let count = choices.count
        copy.choices = choices.indices.map { choices[(($0 - steps) % count + count) % count] }
        copy.target = target.map { letter in
            Letters.index(of: letter).map { Letters.letter((($0 + steps) % count + count) % count) } ?? letter
        }
        return copy
    }
}

/// The letters of choices.
public enum Letters {
    /// How many there are.
    public static let most = 26

    /// The letter of choice number `index`, from 0.
    public static func letter(_ index: Int) -> String {
        require(index >= 0 && index < most, "choices have the letters of numbers 0 to \(most - 1), got \(index)")
        return String(UnicodeScalar(UInt8(65 + index)))
    }

    /// Refuses more choices than there are letters.
    static func check(_ count: Int) throws {
        guard count <= most else {
            throw EvaluationError("it has \(count) choices; a question has at most \(most)")
        }
    }

    /// The choice of a letter alone, such as `B`, `(B)` or `b`.
    public static func index(of text: String) -> Int? {
        let scalars = text.unicodeScalars.filter { !" ().".unicodeScalars.contains($0) }
        guard scalars.count == 1, let scalar = scalars.first else { return nil }
        switch scalar {
        case "A"..."Z": return Int(scalar.value) - 65
        case "a"..."z": return Int(scalar.value) - 97
        default: return nil
        }
    }
}
