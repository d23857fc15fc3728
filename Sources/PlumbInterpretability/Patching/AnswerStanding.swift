internal import Foundation
internal import PlumbData
internal import PlumbTokenizers
public import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// How likely a model finds the two answers after each prompt of a pair: whether there is anything to patch.
public struct AnswerStanding: Sendable, Equatable {
    /// One token after one prompt.
    public struct Place: Sendable, Equatable {
        /// Its place among all tokens, the most likely being 1.
        public let rank: Int
        /// Its probability.
        public let probability: Double
        /// The natural logarithm of its probability.
        public let logProbability: Double
    }

    /// The answer and the wrong answer after the clean prompt.
    public let clean: (answer: Place, wrong: Place)
    /// The answer and the wrong answer after the corrupted prompt.
    public let corrupted: (answer: Place, wrong: Place)
    /// The logit differences, answer less wrong, of the clean and the corrupted prompt.
    public let difference: (clean: Double, corrupted: Double)

    /// Runs both prompts.
    public init(_ model: HookedTransformer, _ pair: TokenizedPair) {
        func places(_ prompt: [Int]) -> (answer: Place, wrong: Place) {
            let next = model.nextTokenLogProbabilities(prompt).elements
            func place(_ token: Int) -> Place {
                let value = next[token]
                return Place(
                    rank: 1 + next.count { $0 > value }, probability: exp(Double(value)),
                    logProbability: Double(value))
            }
            return (place(pair.answer), place(pair.wrong))
        }
        clean = places(pair.clean)
        corrupted = places(pair.corrupted)
        difference = (
            clean.answer.logProbability - clean.wrong.logProbability,
            corrupted.answer.logProbability - corrupted.wrong.logProbability
        )
    }

    /// Why patching this pair can show nothing, as a sentence without a full stop; `nil` where it can.
    public var problem: String? {
        func number(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        let (clean, corrupted) = difference
        if clean <= 0 {
            return "after the clean prompt the model prefers the wrong answer (logit difference \(number(clean)))"
        }
        if clean - corrupted < max(0.1, 0.05 * abs(clean)) {
            return
                "the logit differences of the two prompts, \(number(clean)) and \(number(corrupted)), are nearly equal"
        }
        if self.clean.answer.rank > 10 {
            return "the answer is only token \(self.clean.answer.rank) of the model's list after the clean prompt"
        }
        if self.corrupted.wrong.rank > 10 {
            return
                "the wrong answer is only token \(self.corrupted.wrong.rank) of the model's list after the corrupted prompt"
        }
        return nil
    }

    /// Rank and probability of each answer after each prompt.
    public var metrics: [Metric] {
        let places = [
            ("clean_answer", clean.answer), ("clean_wrong", clean.wrong), ("corrupted_answer", corrupted.answer),
            ("corrupted_wrong", corrupted.wrong),
        ]
        return places.flatMap { name, place in
            [Metric("\(name)_rank", Double(place.rank)), Metric("\(name)_probability", place.probability)]
        }
    }

    public static func == (one: AnswerStanding, other: AnswerStanding) -> Bool {
        one.clean == other.clean && one.corrupted == other.corrupted && one.difference == other.difference
    }

    /// The two prompts as the model reads them, with what it expects next.
    ///
    /// - Parameter note: a number about the clean and the corrupted prompt.
    public func panel(
        _ pair: TokenizedPair, _ model: HookedTransformer, title: String, note: (clean: String, corrupted: String)
    ) -> PromptPanel {
        func text(_ token: Int) -> String { model.string(of: token) }
        func prompt(
            _ label: String, _ tokens: [Int], _ places: (answer: Place, wrong: Place), _ note: String
        ) -> PromptPanel.Prompt {
            let next = [
                PromptPanel.Continuation(
                    text(pair.answer), logProbability: places.answer.logProbability, role: "answer"),
                PromptPanel.Continuation(
                    text(pair.wrong), logProbability: places.wrong.logProbability, role: "wrong answer"),
            ]
            return PromptPanel.Prompt(
                label, tokens: tokens.map(text), ids: tokens,
                marked: pair.differing.map { $0 + tokens.count - pair.alignedCount },
                continuations: next.sorted { $0.logProbability > $1.logProbability }, note: note)
        }
        return PromptPanel(
            title: title, caption: "Marked tokens differ. Patching moves activations from one run into the other.",
            prompts: [
                prompt("clean", pair.clean, clean, note.clean),
                prompt("corrupted", pair.corrupted, corrupted, note.corrupted),
            ])
    }
}
