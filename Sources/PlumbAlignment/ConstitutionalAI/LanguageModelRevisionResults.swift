internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What a language model's critiques and revisions of its own answers show, an outcome a sample of answers.
public struct LanguageModelRevisionResults {
    private let study: LanguageModelRevision
    private let outcomes: [LanguageModelRevision.Outcome]
    private let measured: Measurements

    /// The results of a study, one outcome a seed.
    public init(_ study: LanguageModelRevision, _ outcomes: [LanguageModelRevision.Outcome], seeds: [UInt64]) {
        (self.study, self.outcomes) = (study, outcomes)
        measured = Self.measured(outcomes, seeds: seeds)
    }

    private static func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the answers", isHeadline: isHeadline)
    }
    private static let first = share("violations_before_revision", isHeadline: true)
    private static let second = share("violations_after_two_rounds", isHeadline: true)
    private static let secondLetter = share("violations_after_two_rounds_by_unrelated_rule")
    private static let fallOwn = share("fall_of_violations_after_two_rounds", isHeadline: true)
    private static let fallLetter = share("fall_of_violations_after_two_rounds_by_unrelated_rule", isHeadline: true)
    private static let p = Quantity("p_of_fall", per: "run")
    private static let letters = Quantity("words_with_b_before_revision", unit: "of the words")
    private static let lettersAfter = Quantity("words_with_b_after_two_rounds_of_that_rule", unit: "of the words")
    private static let judged = Quantity("right_comparisons_both_orders", unit: "of the comparisons", per: "comparison")
    private static let named = Quantity("probability_of_right_answer", per: "comparison")
    private static let bias = Quantity("position_bias", unit: "of the probability", per: "comparison")
    private static let size = Quantity("size_of_position_bias", unit: "of the probability", per: "comparison")

    /// What is claimed of critique and revision by the model's own principle and by an unrelated rule.
    public static let claims = [
        Claim(
            .mean, "After two rounds of critique and revision fewer answers break their principle", fallOwn, .above(0),
            control: "Revised by an unrelated rule, about as many break it as before", fallLetter, .atMost(0.05)
        ).and(.value, p, .atMost(0.05))
    ]

    /// Numbers, figures and answers of the model `name`.
    public func findings(of name: String) -> Findings {
        Findings(summary: summary(name), claims: Self.claims, from: measured) {
            measured.metrics(Self.first, Self.second, Self.fallOwn, Self.fallLetter, Self.p)
            measured.metrics(Self.secondLetter, Self.letters)
            measured.metrics(Self.lettersAfter, Self.judged, Self.named, Self.bias, Self.size)
            rounds
            principles
            for answers in outcomes.first?.answers ?? [] {
                "\(answers.request) (\(answers.principle)) First: \"\(answers.texts[.own]?.first ?? "")\" Critique: "
                    + "\"\(answers.critique)\" After two rounds: \"\(answers.texts[.own]?[2] ?? "")\""
            }
        }
    }

    private static func measured(_ outcomes: [LanguageModelRevision.Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        measured[first] = outcomes.map { $0.violations(.own, after: 0) }
        measured[second] = outcomes.map { $0.violations(.own, after: 2) }
        measured[secondLetter] = outcomes.map { $0.violations(.unrelated, after: 2) }
        measured[fallOwn] = outcomes.map { $0.violations(.own, after: 0) - $0.violations(.own, after: 2) }
        measured[fallLetter] = outcomes.map {
            $0.violations(.unrelated, after: 0) - $0.violations(.unrelated, after: 2)
        }
        let falls = outcomes.flatMap { zip($0.broken(.own, after: 0), $0.broken(.own, after: 2)).map { $0 - $1 } }
        measured.set(
            p, PermutationTest(paired: falls, alternative: .greater, key: RandomKey(seeds[0])["fall"]).p)
        measured[letters] = outcomes.map { $0.letters(.unrelated, after: 0) }
        measured[lettersAfter] = outcomes.map { $0.letters(.unrelated, after: 2) }
        let comparisons = outcomes.flatMap(\.comparisons)
        measured[judged] = comparisons.map { $0.right > 0.5 ? 1 : 0 }
        measured[named] = comparisons.map(\.right)
        measured[bias] = comparisons.map(\.positionBias)
        measured[size] = comparisons.map { abs($0.positionBias) }
        return measured
    }

    private func summary(_ name: String) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "Of the answers of \(name) \(percent(Self.first)) break their principle, and \(percent(Self.second)) after "
            + "two rounds of critique and revision (p \(Phrase.number(measured.mean(Self.p)))), revised by an unrelated "
            + "rule \(percent(Self.secondLetter)). Asked which of two answers keeps to the principle, it is right in "
            + "\(percent(Self.judged)) of \(measured[Self.judged].count) comparisons when both orders count, "
            + "and names the answer in the first place with a probability of "
            + "\(Phrase.number(0.5 + measured.mean(Self.bias)))."
    }

    private var rounds: LineChart {
        let rounds = Array(0...study.revisions)
        return LineChart(
            title: "Answers that break their principle, round after round",
            caption: "Mean and range over \(outcomes.count) seeds.", x: Axis("rounds of critique and revision"),
            y: Axis("answers that break their principle"),
            series: [(LanguageModelRevision.Rule.own, "its own principle"), (.unrelated, "more words with b")].map {
                rule, name in
                measured.line(
                    name, over: rounds.map(Double.init),
                    curves: outcomes.map { outcome in rounds.map { outcome.violations(rule, after: $0) } },
                    band: .range)
            })
    }

    private var principles: Table {
        let (names, rounds) = (WritingPrinciple.constitution.map(\.name), Array(0...study.revisions))
        func share(
            _ outcome: LanguageModelRevision.Outcome, _ name: String, _ rule: LanguageModelRevision.Rule, _ round: Int
        ) -> Double {
            let answers = outcome.answers.filter { $0.principle == name }
            return Statistics.mean(answers.map { $0.isBroken[rule]?[round] == true ? 1 : 0 })
        }
        return measured.table(
            "principles", title: "Principle by principle", rowLabel: "principle", columnLabel: "rounds",
            rows: names, columns: rounds.map { "\($0)" } + rounds.dropFirst().map { "\($0), unrelated rule" },
            cells: names.map { name in
                rounds.map { round in outcomes.map { share($0, name, .own, round) } }
                    + rounds.dropFirst().map { round in outcomes.map { share($0, name, .unrelated, round) } }
            }, unit: "of the answers", band: .range)
    }
}
