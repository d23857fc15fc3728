internal import PlumbBasics
public import PlumbData

/// What is asked, how, and how answers are scored.
public struct EvaluationTask: Sendable {
    /// Its name on the command line and in logs.
    public var name: String
    /// What it measures, in a sentence.
    public var summary: String
    /// Raised where prompts, samples or scoring change, since numbers then change too.
    public var version = 1
    /// The samples.
    public var samples: [EvaluationSample]
    /// How the model is brought to answer.
    public var solver: Solver
    /// How answers are scored; the first is the score that is reported first. 1 is what should be, 0 what should not.
    public var scorers: [Scorer]
    /// The texts of prompts.
    public var format = PromptFormat.standard
    /// What the system says first; nil for nothing.
    public var system: String?
    /// Samples that can be shown with their answers before the question; none of them is asked.
    public var examples: [EvaluationSample] = []
    /// The entry of a sample's metadata that names its cluster: samples that were not drawn independently, such as
    /// questions about one passage. Nil where samples are independent.
    public var clusterKey: String?
    /// The most tokens of an answer.
    public var maxTokens = 64
    /// Scripted answers that the scorers must tell apart.
    public var controls: EvaluationControls

    /// A task; controls are those of its solver where none are given.
    public init(
        _ name: String, summary: String, samples: [EvaluationSample], solver: Solver, scorers: [Scorer],
        controls: EvaluationControls? = nil
    ) {
        (self.name, self.summary, self.samples, self.solver) = (name, summary, samples, solver)
        (self.scorers, self.controls) = (scorers, controls ?? EvaluationControls(of: solver))
    }

    /// Refuses a task that cannot be run.
    ///
    /// - Throws: ``EvaluationError`` naming the sample and what is wrong with it.
    public func check() throws {
        guard !samples.isEmpty else { throw EvaluationError("the task \(name) has no samples") }
        guard !scorers.isEmpty else { throw EvaluationError("the task \(name) has no scorer") }
        var seen: Set<String> = []
        for sample in samples + examples {
            try sample.check()
            guard seen.insert(sample.id).inserted else {
                throw EvaluationError("two samples have the id \(visible(sample.id, limit: 60)); ids must differ")
            }
            guard !solver.needsChoices || !sample.choices.isEmpty else {
                throw EvaluationError(
                    "the sample \(visible(sample.id, limit: 60)) has no choices, which the solver \(solver.rawValue) "
                        + "needs")
            }
        }
    }

    /// The turns of a sample as the model reads them, after `fewShot` worked examples.
    ///
    /// - Throws: ``EvaluationError`` where there are fewer examples.
    public func turns(of sample: EvaluationSample, fewShot: Int) throws -> [ChatMessage] {
        guard fewShot <= examples.count else {
            throw EvaluationError("the task \(name) has \(examples.count) worked examples; \(fewShot) were asked for")
        }
        let shown = examples.prefix(fewShot).flatMap { example in
            solver.turns(of: example, format: format)
                + [ChatMessage(role: "assistant", content: solver.answer(of: example, format: format))]
        }
        let first = system.map { [ChatMessage(role: "system", content: $0)] } ?? []
        return first + shown + solver.turns(of: sample, format: format)
    }

    /// The cluster of a sample.
    func cluster(of sample: EvaluationSample) -> String {
        guard let clusterKey, let value = sample.metadata[clusterKey] else { return sample.id }
        return value.string ?? value.text(.compact)
    }
}
