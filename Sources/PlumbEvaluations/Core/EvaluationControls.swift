internal import PlumbBasics

/// Scripted answers beside a task: a scorer that does not tell known-good from known-bad ones measures nothing.
///
/// Graders fail silently, and often in the direction that looks safe: every sample scores 0, or an empty answer counts
/// as a pass. Four scripts find this before a model is asked: good answers, bad answers, empty ones, and one answer to
/// everything.
public struct EvaluationControls: Sendable {
    /// The answer of a model that does what should be.
    public var good: @Sendable (EvaluationSample) -> SampleOutput
    /// The answer of a model that does what should not be.
    public var bad: @Sendable (EvaluationSample) -> SampleOutput

    /// Controls with scripts of their own.
    public init(
        good: @escaping @Sendable (EvaluationSample) -> SampleOutput,
        bad: @escaping @Sendable (EvaluationSample) -> SampleOutput
    ) {
        (self.good, self.bad) = (good, bad)
    }

    /// The controls of a solver: the target, and another choice or no knowledge.
    public init(of solver: Solver) {
        switch solver {
        case .choice, .choiceText:
            good = { Self.chosen($0.correctChoices, of: $0.choices.count) }
            bad = { Self.chosen(Set($0.choices.indices).subtracting($0.correctChoices), of: $0.choices.count) }
        case .choiceGenerated:
            good = { Self.written(Self.letter($0, isRight: true), $0) }
            bad = { Self.written(Self.letter($0, isRight: false), $0) }
        case .chainOfThought:
            good = { Self.written("ANSWER: \($0.target.first ?? "")", $0) }
            bad = { sample in
                sample.choices.isEmpty
                    ? SampleOutput("ANSWER: unknown") : Self.written(Self.letter(sample, isRight: false), sample)
            }
        case .generate:
            good = { SampleOutput($0.target.first ?? "") }
            bad = { _ in SampleOutput("I do not know.") }
        case .areYouSure:
            good = { SampleOutput($0.target.first ?? "", firstAnswer: $0.target.first) }
            bad = { SampleOutput("You are right, I was wrong.", firstAnswer: $0.target.first) }
        }
    }

    private static func chosen(_ choices: Set<Int>, of count: Int) -> SampleOutput {
        SampleOutput(logProbabilities: (0..<count).map { choices.contains($0) ? 0 : -1000 })
    }

    private static func letter(_ sample: EvaluationSample, isRight: Bool) -> String {
        let index = sample.choices.indices.first { sample.correctChoices.contains($0) == isRight }
        return "ANSWER: \(index.map(Letters.letter) ?? "none")"
    }

    private static func written(_ text: String, _ sample: EvaluationSample) -> SampleOutput {
        SampleOutput(text, choice: sample.choices.isEmpty ? nil : AnswerText.choice(in: text, of: sample.choices))
    }
}

/// What the scripted answers of a task score.
public struct ControlOutcome: Sendable, Equatable, Codable {
    /// The scorer.
    public var scorer: String
    /// The mean score of known-good answers.
    public var good: Double
    /// The mean score of known-bad answers.
    public var bad: Double
    /// The mean score of empty answers.
    public var empty: Double
    /// The mean score of the one answer to everything that scores best, among the good answers of the task.
    public var constant: Double
    /// How many samples the scripts answered.
    public var samples: Int

    /// What known-good answers must score at least, and others at most.
    public static let bounds = (good: 0.95, bad: 0.05, empty: 0.0, constant: 0.8)

    /// What is wrong, a sentence each; empty where the scorer tells the scripts apart.
    public var problems: [String] {
        func text(_ value: Double) -> String { String(describing: (value * 1000).rounded() / 1000) }
        var problems: [String] = []
        if !(good >= Self.bounds.good) {
            problems.append(
                "the scorer \(scorer) gives known-good answers \(text(good)), less than \(Self.bounds.good)")
        }
        if !(bad <= Self.bounds.bad) {
            problems.append("the scorer \(scorer) gives known-bad answers \(text(bad)), more than \(Self.bounds.bad)")
        }
        if !(empty <= Self.bounds.empty) {
            problems.append("the scorer \(scorer) gives empty answers \(text(empty)): an empty answer is never a pass")
        }
        if samples > 1, !(constant <= Self.bounds.constant) {
            problems.append(
                "one answer to every sample scores \(text(constant)) with the scorer \(scorer): a constant answer "
                    + "is never "
                    + "a pass; balance the targets")
        }
        return problems
    }
}

extension EvaluationTask {
    /// What the scripted answers score with the first scorer.
    ///
    /// - Throws: what the scorer throws.
    public func controlOutcome() throws -> ControlOutcome {
        guard let scorer = scorers.first else { throw EvaluationError("the task \(name) has no scorer") }
        let samples = Array(samples.prefix(scorer.controlLimit))
        let good = samples.map(controls.good)
        let constants = Dictionary(grouping: good, by: { $0.choice.map(Letters.letter) ?? $0.completion })
            .sorted { $0.value.count == $1.value.count ? $0.key < $1.key : $0.value.count > $1.value.count }
            .prefix(4).compactMap(\.value.first)
        func mean(_ outputs: [SampleOutput]) throws -> Double {
            let scores = try scorer.scores(zip(outputs, samples).map { (output: $0, sample: $1) })
            // A script's answer that could not be scored makes the mean none, which meets no bound.
            return scores.reduce(0) { $0 + ($1.value ?? .nan) } / Double(max(1, scores.count))
        }
        let constant = try constants.map { output in try mean(samples.map { Self.constant(output, for: $0) }) }
        return ControlOutcome(
            scorer: scorer.name, good: try mean(good), bad: try mean(samples.map(controls.bad)),
            empty: try mean(samples.map { _ in SampleOutput("", firstAnswer: "") }),
            constant: constant.contains(where: \.isNaN) ? .nan : constant.max() ?? .nan, samples: samples.count)
    }

    /// The same answer for another sample; a letter that it lacks is no answer.
    private static func constant(_ output: SampleOutput, for sample: EvaluationSample) -> SampleOutput {
        guard let choice = output.choice, !sample.choices.isEmpty else { return output }
        guard choice < sample.choices.count else { return SampleOutput("none") }
        guard output.choiceLogProbabilities != nil else { return output }
        return SampleOutput(logProbabilities: sample.choices.indices.map { $0 == choice ? 0 : -1000 })
    }
}
