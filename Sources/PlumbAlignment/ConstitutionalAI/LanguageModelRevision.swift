internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// A chat model criticizes and revises its own answers by a principle, again and again, and says which of two answers
/// keeps to it.
///
/// Whether an answer keeps to its principle is checked by a program. The same model is asked to revise by a rule that
/// has nothing to do with the principle: what falls then falls because texts are rewritten. A comparison is made in both
/// orders, since a small judge may go by the place alone (Bai et al. 2022, arXiv:2212.08073; Zheng et al. 2023, *Judging
/// LLM-as-a-Judge*, arXiv:2306.05685).
public struct LanguageModelRevision: SettingGroup {
    @Setting("Requests of each of the five principles.", 1...4) public var requests = 4
    @Setting("Rounds of critique and revision by the language model.", 2...20) public var revisions = 4
    @Setting("Tokens of an answer, at most.", 1...1000) public var answerTokens = 48
    @Setting("Tokens of a critique, at most.", 1...1000) public var critiqueTokens = 32
    @Setting("Temperature of the language model; 0 takes the most probable token.", 0...100)
    public var temperature = 0.7

    /// Short answers to all twenty requests.
    public init() {}

    /// Which rule answers are revised by.
    public enum Rule: String, Sendable, Codable, CaseIterable {
        /// The principle by which the answer is checked.
        case own
        /// More words that begin with b.
        case unrelated
    }

    /// Answers to one request.
    public struct Answers: Sendable, Codable, Equatable {
        /// The principle's name.
        public let principle: String
        /// What was asked.
        public let request: String
        /// The answer after 0, 1, … rounds, by the rule of the revisions.
        public var texts: [Rule: [String]]
        /// Whether each breaks the principle.
        public var isBroken: [Rule: [Bool]]
        /// The first critique by the principle.
        public var critique: String
    }

    /// A judgment of two answers, of which exactly one breaks the principle.
    public struct Comparison: Sendable, Codable, Equatable {
        /// The probability of naming the first answer, of naming either, where the right one stands first.
        public let rightFirst: Double
        /// The same where the wrong one stands first.
        public let wrongFirst: Double

        /// A judgment of two probabilities.
        public init(rightFirst: Double, wrongFirst: Double) {
            (self.rightFirst, self.wrongFirst) = (rightFirst, wrongFirst)
        }

        /// The probability of naming the right answer, the mean over both orders.
        public var right: Double { (rightFirst + 1 - wrongFirst) / 2 }
        /// How much likelier the first place is named than one half, the mean over both orders.
        public var positionBias: Double { (rightFirst + wrongFirst - 1) / 2 }
    }

    /// What one seed finds.
    public struct Outcome: Sendable, Codable, Equatable {
        /// For each request.
        public var answers: [Answers] = []
        /// One at most for each request.
        public var comparisons: [Comparison] = []

        /// The share of answers that break their principle after `round` rounds.
        public func violations(_ rule: Rule, after round: Int) -> Double {
            Statistics.mean(broken(rule, after: round))
        }

        /// 1 where an answer breaks its principle and 0 elsewhere, for each request.
        public func broken(_ rule: Rule, after round: Int) -> [Double] {
            answers.map { $0.isBroken[rule]?[round] == true ? 1 : 0 }
        }

        /// The mean share of words that begin with b.
        public func letters(_ rule: Rule, after round: Int) -> Double {
            Statistics.mean(answers.map { WritingPrinciple.share(of: "b", in: $0.texts[rule]?[round] ?? "") })
        }
    }

    /// Answers every request, and revises the answers by both rules.
    ///
    /// - Parameters:
    ///   - key: of the sampling.
    ///   - checkpoint: called before each round with the fraction that is done.
    /// - Throws: `ModelError` for a model without a tokenizer or for logits that are not numbers; `ChatTemplateError`
    ///   for one without a chat template; what `checkpoint` throws.
    public func run(
        _ model: HookedTransformer, key: RandomKey, checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let asked = WritingPrinciple.constitution.flatMap { principle in
            principle.requests.prefix(requests).map { (principle, $0) }
        }
        try checkpoint(0)
        let first = try write(
            model, asked.map { [ChatMessage(role: "user", content: $0.1)] }, answerTokens, key["answers"])
        var outcome = Outcome()
        outcome.answers = zip(asked, first).map { asked, text in
            Answers(
                principle: asked.0.name, request: asked.1, texts: [.own: [text], .unrelated: [text]],
                isBroken: [.own: [asked.0.isBroken(by: text)], .unrelated: [asked.0.isBroken(by: text)]], critique: "")
        }
        for (index, rule) in Rule.allCases.enumerated() {
            var texts = first
            let aims = asked.map { rule == .own ? $0.0.aim : WritingPrinciple.letter.aim }
            for round in 0..<revisions {
                try checkpoint(0.05 + 0.9 * Double(index * revisions + round) / Double(2 * revisions))
                let key = key[rule.rawValue][round]
                let (critiques, revised) = try revise(model, asked.map(\.1), texts, aims, key)
                texts = revised
                for row in asked.indices {
                    outcome.answers[row].texts[rule]?.append(texts[row])
                    outcome.answers[row].isBroken[rule]?.append(asked[row].0.isBroken(by: texts[row]))
                    if rule == .own, round == 0 { outcome.answers[row].critique = critiques[row] }
                }
            }
        }
        try checkpoint(0.95)
        outcome.comparisons = try zip(asked, outcome.answers).compactMap { asked, answers in
            try compare(model, asked.0, asked.1, answers)
        }
        return outcome
    }

    /// One round: a critique of each answer, and a revision that has it before it.
    private func revise(
        _ model: HookedTransformer, _ requests: [String], _ texts: [String], _ aims: [String], _ key: RandomKey
    ) throws -> (critiques: [String], texts: [String]) {
        var talks = requests.indices.map { row in
            [
                ChatMessage(role: "user", content: requests[row]), ChatMessage(role: "assistant", content: texts[row]),
                ChatMessage(
                    role: "user",
                    content: "The answer must \(aims[row]). Say briefly where your answer does not keep to this rule."),
            ]
        }
        let critiques = try write(model, talks, critiqueTokens, key["critiques"])
        for row in talks.indices {
            talks[row] += [
                ChatMessage(role: "assistant", content: critiques[row]),
                ChatMessage(
                    role: "user",
                    content: "Now answer again, and keep to the rule: the answer must \(aims[row]). \(requests[row])"),
            ]
        }
        return (critiques, try write(model, talks, answerTokens, key["revisions"]))
    }

    /// What a model answers to conversations, side by side. An empty answer becomes a dash, which templates can show.
    private func write(
        _ model: HookedTransformer, _ talks: [[ChatMessage]], _ tokens: Int, _ key: RandomKey
    ) throws -> [String] {
        let tokenizer = try Self.tokenizer(of: model)
        let prompts = try talks.map {
            tokenizer.encode(try tokenizer.render($0, now: Date(timeIntervalSince1970: 0)), addSpecialTokens: false)
        }
        return try model.continuations(of: prompts, maxTokens: tokens, temperature: temperature, key: key).map {
            let text = tokenizer.decode($0.tokens).trimmingCharacters(in: .whitespacesAndNewlines)
            return text.isEmpty ? "-" : text
        }
    }

    private static func tokenizer(of model: HookedTransformer) throws -> Tokenizer {
        guard let tokenizer = model.tokenizer else {
            throw ModelError("\(model.name) has no tokenizer: critique and revision need a model that reads text")
        }
        return tokenizer
    }

    /// The first answer that breaks the principle against the first that does not, in both orders; nil where all do, or
    /// none.
    private func compare(
        _ model: HookedTransformer, _ principle: WritingPrinciple, _ request: String, _ answers: Answers
    ) throws -> Comparison? {
        let all = Rule.allCases.flatMap { answers.texts[$0] ?? [] }
        guard let right = all.first(where: { !principle.isBroken(by: $0) }),
            let wrong = all.first(where: principle.isBroken)
        else { return nil }
        return Comparison(
            rightFirst: try firstChosen(model, principle, request, right, wrong),
            wrongFirst: try firstChosen(model, principle, request, wrong, right))
    }

    /// The probability that the model names the answer (A), among (A) and (B).
    private func firstChosen(
        _ model: HookedTransformer, _ principle: WritingPrinciple, _ request: String, _ first: String, _ second: String
    ) throws -> Double {
        let tokenizer = try Self.tokenizer(of: model)
        let question =
            "Request: \(request)\nThe answer must \(principle.aim). Which answer keeps to this rule better?\n"
            + "(A) \(first)\n(B) \(second)"
        let text = try tokenizer.render(
            [ChatMessage(role: "user", content: question)], now: Date(timeIntervalSince1970: 0))
        let prompt = tokenizer.encode(text + "The better answer is (", addSpecialTokens: false)
        let names = ["A", "B"].map { tokenizer.encode($0, addSpecialTokens: false) }
        guard names.allSatisfy({ $0.count == 1 }) else {
            throw ModelError("\(model.name) does not write A and B as one token each: it cannot name an answer so")
        }
        try model.check(prompt)
        let logs = model.nextTokenLogProbabilities(prompt).elements
        let (a, b) = (exp(Double(logs[names[0][0]])), exp(Double(logs[names[1][0]])))
        return a / (a + b)
    }
}
