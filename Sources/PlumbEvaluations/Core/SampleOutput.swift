internal import Foundation
internal import PlumbBasics

/// What came of asking a sample, before it is scored.
public struct SampleOutput: Sendable, Equatable, Codable {
    /// The text of the model's last answer; for log-probabilities the choice that was taken.
    public var completion: String
    /// The text of the answer before the model was asked whether it is sure.
    public var firstAnswer: String?
    /// The log-probability of each choice, in nats.
    public var choiceLogProbabilities: [Double]?
    /// The choice that was taken; nil where the answer names none.
    public var choice: Int?

    /// The output of a model that wrote something.
    public init(_ completion: String, firstAnswer: String? = nil, choice: Int? = nil) {
        (self.completion, self.firstAnswer, self.choice) = (completion, firstAnswer, choice)
    }

    /// The output of log-probabilities: the most probable choice, the first of equal ones.
    public init(logProbabilities: [Double]) {
        let best = logProbabilities.indices.max {
            logProbabilities[$0] == logProbabilities[$1] ? $0 > $1 : logProbabilities[$0] < logProbabilities[$1]
        }
        choiceLogProbabilities = logProbabilities
        choice = best
        completion = best.map(Letters.letter) ?? ""
    }

    /// Whether nothing but white space was answered.
    public var isEmpty: Bool { completion.allSatisfy(\.isWhitespace) }

    /// The probability of each choice among the choices.
    public var choiceProbabilities: [Double]? {
        guard let values = choiceLogProbabilities, let highest = values.max(), highest.isFinite else { return nil }
        let weights = values.map { exp($0 - highest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }
}

/// What a scorer makes of an answer.
public struct Score: Sendable, Equatable, Codable {
    /// 0 to 1, 1 for what should be; nil where the answer could not be scored.
    public var value: Double?
    /// The part of the answer that was scored.
    public var answer: String?
    /// Why.
    public var explanation: String?

    /// A score.
    public init(_ value: Double?, answer: String? = nil, explanation: String? = nil) {
        (self.value, self.answer, self.explanation) = (value, answer, explanation)
    }
}

/// A sample that was asked and scored.
public struct SampleResult: Sendable, Equatable, Codable {
    /// The sample's name.
    public var id: String
    /// The first repetition is 1.
    public var epoch: Int
    /// By how many places the choices were moved on.
    public var rotation: Int
    /// The cluster of the sample.
    public var cluster: String
    /// The target, by the letters of the moved choices.
    public var target: [String]
    /// What came of it.
    public var output: SampleOutput
    /// The scores by their scorers' names.
    public var scores: [String: Score]
    /// Tokens that were read.
    public var inputTokens: Int
    /// Tokens that were written.
    public var outputTokens: Int
    /// Whether the answer was cut at the most tokens.
    public var isCut: Bool

    /// Where it belongs.
    var key: UnitKey { UnitKey(id: id, epoch: epoch) }
}

/// A sample and its repetition.
struct UnitKey: Hashable, Sendable {
    let id: String
    let epoch: Int
}
