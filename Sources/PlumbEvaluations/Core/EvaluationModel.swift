public import PlumbData
public import PlumbTensor

/// What a model may write.
public struct AnswerLimits: Sendable, Equatable {
    /// The most tokens of an answer.
    public var maxTokens: Int
    /// 0 takes the most probable token.
    public var temperature: Double

    /// Limits of an answer.
    public init(maxTokens: Int = 64, temperature: Double = 0) {
        (self.maxTokens, self.temperature) = (maxTokens, temperature)
    }
}

/// An answer that a model wrote.
public struct WrittenAnswer: Sendable, Equatable, Codable {
    /// The text.
    public var text: String
    /// How many tokens the prompt has.
    public var inputTokens: Int
    /// How many tokens were written.
    public var outputTokens: Int
    /// Whether it ended by itself rather than by a limit.
    public var stopped: Bool

    /// An answer with its size.
    public init(_ text: String, inputTokens: Int = 0, outputTokens: Int = 0, stopped: Bool = true) {
        (self.text, self.inputTokens) = (text, inputTokens)
        (self.outputTokens, self.stopped) = (outputTokens, stopped)
    }
}

/// A conversation, and texts of which each could be the next turn.
public struct TextOptions: Sendable, Equatable {
    /// The turns before.
    public var turns: [ChatMessage]
    /// What the answer begins with, before every option.
    public var answerPrefix: String
    /// The texts.
    public var options: [String]

    /// A conversation and its options.
    public init(turns: [ChatMessage], answerPrefix: String, options: [String]) {
        (self.turns, self.answerPrefix, self.options) = (turns, answerPrefix, options)
    }
}

/// The log-probabilities of options.
public struct OptionScores: Sendable, Equatable {
    /// One number for each option, in nats, summed over its tokens.
    public var logProbabilities: [Double]
    /// How many tokens the prompt and all options have.
    public var inputTokens: Int

    /// Scores of options.
    public init(_ logProbabilities: [Double], inputTokens: Int = 0) {
        (self.logProbabilities, self.inputTokens) = (logProbabilities, inputTokens)
    }
}

/// A model under evaluation, or one that grades.
public protocol EvaluationModel: Sendable {
    /// Its name in results.
    var name: String { get }

    /// Answers conversations side by side.
    ///
    /// - Parameter goesOn: asked now and then; false ends every answer where it is.
    func answers(
        to conversations: [[ChatMessage]], _ limits: AnswerLimits, key: RandomKey, while goesOn: () throws -> Bool
    ) throws -> [WrittenAnswer]

    /// The log-probabilities of options.
    func scores(of questions: [TextOptions], checkpoint: () throws -> Void) throws -> [OptionScores]
}
