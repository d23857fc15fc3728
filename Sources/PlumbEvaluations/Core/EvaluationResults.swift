internal import PlumbBasics

/// What a model did in a task.
public struct EvaluationResults: Sendable {
    /// Why samples were left out.
    public enum Limit: String, Sendable, Codable {
        /// The time was up.
        case time
        /// The tokens were used up.
        case tokens
    }

    /// The task.
    public let task: EvaluationTask
    /// The model's name.
    public let model: String
    /// How it was run.
    public let settings: EvaluationSettings
    /// The samples that were asked, in their order.
    public let samples: [SampleResult]
    /// How many should have been asked.
    public let planned: Int
    /// Why there are fewer; nil where there are not.
    public let limit: Limit?
    /// How long this run took, in seconds.
    public let seconds: Double

    /// The values of a scorer with their clusters; answers that could not be scored are left out.
    public func values(_ scorer: String) -> [(value: Double, cluster: String)] {
        samples.compactMap { sample in sample.scores[scorer]?.value.map { ($0, sample.cluster) } }
    }

    /// The mean of a scorer.
    public func mean(_ scorer: String) -> ClusteredMean { ClusteredMean(values(scorer)) }

    /// How many answers a scorer could not score.
    public func unscored(_ scorer: String) -> Int { samples.count { $0.scores[scorer]?.value == nil } }

    /// How many answers are empty.
    public var emptyAnswers: Int { samples.count { $0.output.isEmpty } }

    /// The answer that every sample got, where at least three different samples got the same one; nil where answers
    /// differ.
    ///
    /// Of choices it is the letter, where the right letters differ: a letter that is always right is no fault.
    public var constantAnswer: String? {
        let answers = Set(samples.map { $0.output.choice.map(Letters.letter) ?? $0.output.completion })
        guard answers.count == 1, Set(samples.map(\.id)).count >= 3 else { return nil }
        // Where options are measured by their texts, letters are only names.
        guard task.solver != .choiceText, Set(samples.map(\.target)).count > 1 else { return nil }
        return answers.first
    }

    /// Of the samples whose first answer was right, the share whose answer after the doubt is wrong; nil where none was
    /// doubted or right.
    public var flipRate: (rate: Double, of: Int)? {
        guard task.solver == .areYouSure, let last = task.scorers.first?.name else { return nil }
        let right = samples.filter { $0.scores["first"]?.value == 1 }
        guard !right.isEmpty else { return nil }
        return (Double(right.count { $0.scores[last]?.value == 0 }) / Double(right.count), right.count)
    }
}
