internal import PlumbData

/// A model that grades answers, asked twice with its own choices in both orders, so that a grader which prefers the
/// first choice grades nothing (Zheng et al. 2023, arXiv:2306.05685).
///
/// A score is 1 where the grader calls the answer right in both orders, 0 where it calls it wrong in both, and 0.5
/// where the order decides; the explanation says which.
public struct ModelGrader: Sendable {
    /// The model that grades.
    public let model: any EvaluationModel

    /// A grader.
    public init(_ model: any EvaluationModel) { self.model = model }

    /// The scorer of this grader.
    public var scorer: Scorer {
        Scorer(batched: "model-graded", controlLimit: 40) { try scores($0) }
    }

    private func scores(_ answers: [(output: SampleOutput, sample: EvaluationSample)]) throws -> [Score] {
        guard !answers.isEmpty else { return [] }
        let orders = [["right", "wrong"], ["wrong", "right"]]
        let questions = answers.flatMap { answer in
            orders.map { order in
                TextOptions(
                    turns: [ChatMessage(role: "user", content: Self.question(answer.output, answer.sample, order))],
                    answerPrefix: "\n\nAnswer:", options: [" (A)", " (B)"])
            }
        }
        let found = try model.scores(of: questions) {}.map { SampleOutput(logProbabilities: $0.logProbabilities) }
        return answers.indices.map { index in
            let verdicts = orders.indices.map { found[2 * index + $0].choice.map { orders[0][$0] } }
            // In the second order the letters stand for the other words.
            let isRight = [verdicts[0] == "right", verdicts[1] == "wrong"]
            let value = (isRight[0] ? 0.5 : 0) + (isRight[1] ? 0.5 : 0)
            let explanation =
                value == 0.5
                ? "The grader's verdict depends on the order of its choices."
                : "The grader calls the answer \(isRight[0] ? "right" : "wrong") in both orders."
            return Score(value, answer: answers[index].output.completion, explanation: explanation)
        }
    }

    private static func question(_ output: SampleOutput, _ sample: EvaluationSample, _ order: [String]) -> String {
        """
        Question: Here are a question, a right answer and a submitted answer. Is the submitted answer right?

        The question: \(sample.question)
        A right answer: \(sample.target.joined(separator: " or "))
        The submitted answer: \(output.completion)

        Choices:
         (A) The submitted answer is \(order[0]).
         (B) The submitted answer is \(order[1]).
        """
    }
}
