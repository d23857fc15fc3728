internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Explanations of the neurons of a language model that was trained elsewhere, and what it says of them itself.
public struct LanguageModelExplanationResults {
    private let study: LanguageModelExplanations
    private let name: String
    /// Neurons, seed by seed.
    private let outcomes: [[LanguageModelExplanations.Neuron]]
    private let scores: [LanguageModelExplanations.PuzzleScore]
    private let measured: Measurements

    /// Explains neurons of the model `name`, and lets it simulate the first of the puzzles.
    ///
    /// - Throws: `SettingsError` for texts that cannot be read or settings that do not fit the model; `ModelError` and
    ///   the errors of files where the model cannot be had; `RunInterrupted`.
    public init(
        _ study: LanguageModelExplanations, of name: String, puzzles: [NeuronPuzzle], seeds count: Int,
        in context: inout RunContext
    ) async throws {
        let model = try await context.load(name)
        try study.check(model)
        let texts = try study.lines.map { try Self.lines($0, in: &context) }
        let seeds = Trials(context, count: count).seeds
        let reporter = context.reporter
        var outcomes: [[LanguageModelExplanations.Neuron]] = []
        for (index, seed) in seeds.enumerated() {
            outcomes.append(
                try await study.run(model, texts: texts, key: RandomKey(seed)) { part in
                    try reporter.checkpoint()
                    reporter.progress("explaining neurons", 0.8 * (Double(index) + part) / Double(seeds.count))
                })
        }
        let scores = try study.simulate(Array(puzzles.prefix(study.puzzlesSimulated)), by: model) { part in
            try reporter.checkpoint()
            reporter.progress("simulating puzzles", 0.8 + 0.2 * part)
        }
        (self.study, self.name, self.outcomes, self.scores) = (study, name, outcomes, scores)
        measured = Self.measured(outcomes, scores, seeds: seeds)
    }

    private static func score(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity("language_model_\(name)", isHeadline: isHeadline)
    }
    private static let modelRules = score("neurons_score_rules", isHeadline: true)
    private static let modelLookup = score("neurons_score_lookup", isHeadline: true)
    private static let modelExchanged = score("neurons_score_rules_exchanged")
    private static let ownSentence = score("score_own_sentence", isHeadline: true)
    private static let ruleSentence = score("score_sentence_of_rules")
    private static let otherSentence = score("score_sentence_of_another_neuron")
    private static let fewRules = score("score_rules_same_texts"), fewLookup = score("score_lookup_same_texts")
    private static let puzzleRight = Quantity("language_model_score_puzzle_right", per: "puzzle", isHeadline: true)
    private static let puzzleWrong = Quantity("language_model_score_puzzle_false", per: "puzzle")

    /// What is claimed of rules for its neurons.
    public static let claims = [
        Claim(
            .worst, "Rules found predict the language model's neurons", modelRules, .atLeast(0.25),
            control: "With exchanged activations they do not", modelExchanged, .within(0.1, of: 0)
        ).development(missed: 0, of: 6)
    ]

    /// All numbers, tables and figures.
    public var findings: Findings {
        Findings(summary: summary, claims: Self.claims, from: measured) {
            measured.metrics(Self.modelRules, Self.modelLookup, Self.modelExchanged)
            if study.asked > 0 {
                measured.metrics(
                    Self.ownSentence, Self.ruleSentence, Self.otherSentence, Self.fewRules, Self.fewLookup)
            }
            if !scores.isEmpty { measured.metrics(Self.puzzleRight, Self.puzzleWrong) }
            scoreChart
            blockTable
            for sentence in sentences { sentence }
        }
    }

    private static func lines(_ path: String, in context: inout RunContext) throws -> [String] {
        let data: Data
        do { data = try WholeFile.read(URL(fileURLWithPath: path), limit: 64 << 20, kind: .stream) } catch {
            throw SettingsError("--lines \(path): \(error)")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw SettingsError("--lines \(path) is not UTF-8")
        }
        context.record(
            input: InputFile(path: path, sha256: FileHash.sha256(of: data), bytes: data.count, role: "texts"))
        return text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
    }

    private static func measured(
        _ outcomes: [[LanguageModelExplanations.Neuron]], _ puzzles: [LanguageModelExplanations.PuzzleScore],
        seeds: [UInt64]
    ) -> Measurements {
        var measured = Measurements(seeds: seeds)
        func mean(_ values: [Double]) -> Double { Statistics.mean(values.filter { !$0.isNaN }) }
        measured[modelRules] = outcomes.map { mean($0.map(\.found)) }
        measured[modelLookup] = outcomes.map { mean($0.map(\.lookup)) }
        measured[modelExchanged] = outcomes.map { mean($0.map(\.exchanged)) }
        let asked = outcomes.map { $0.compactMap(\.asked) }
        measured[ownSentence] = asked.map { mean($0.map(\.own)) }
        measured[ruleSentence] = asked.map { mean($0.map(\.rules)) }
        measured[otherSentence] = asked.map { mean($0.map(\.other)) }
        measured[fewRules] = asked.map { mean($0.map(\.found)) }
        measured[fewLookup] = asked.map { mean($0.map(\.lookup)) }
        measured[puzzleRight] = puzzles.map(\.right)
        measured[puzzleWrong] = puzzles.map { mean($0.wrong) }
        return measured
    }

    private var summary: String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        let own =
            study.asked > 0
            ? " On a few of them its own sentences, simulated by itself, score \(number(Self.ownSentence)), "
                + "sentences about another neuron \(number(Self.otherSentence)), rules \(number(Self.fewRules))." : ""
        return "Neurons of \(name) are predicted with a correlation of \(number(Self.modelRules)) by rules and "
            + "\(number(Self.modelLookup)) by token means, with exchanged activations \(number(Self.modelExchanged))."
            + own
    }

    private var scoreChart: BarChart {
        let neurons = outcomes.flatMap { $0 }
        return BarChart(
            title: "Scores of explanations of the neurons of \(name)",
            caption: "Correlation of simulated and true activations on texts that the explanations were not made from, "
                + "over \(neurons.count) neurons.", valueLabel: "score", countLabel: "neurons",
            samples: [
                ("rules found", neurons.map(\.found)), ("token means", neurons.map(\.lookup)),
                ("rules, exchanged", neurons.map(\.exchanged)),
            ], bins: 12)
    }

    private var blockTable: Table {
        let columns: [(String, KeyPath<LanguageModelExplanations.Neuron, Double>)] = [
            ("rules found", \.found), ("token means", \.lookup), ("rules, exchanged", \.exchanged),
        ]
        let blocks = Set(outcomes[0].map(\.block)).sorted()
        return measured.table(
            "blocks", title: "Mean score by block", rowLabel: "block", columnLabel: "explanation",
            rows: blocks.map { "\($0)" }, columns: columns.map(\.0),
            cells: blocks.map { block in
                columns.map { column in
                    outcomes.map { neurons in
                        let values = neurons.filter { $0.block == block }.map { $0[keyPath: column.1] }
                        return Statistics.mean(values.filter { !$0.isNaN })
                    }
                }
            }, band: .range)
    }

    /// What was said of the neurons that the language model was asked about, first seed.
    private var sentences: [String] {
        outcomes[0].compactMap { neuron in
            neuron.asked.map { asked in
                "Neuron \(neuron.block).\(neuron.index): the model says \"\(asked.sentence)\" (score "
                    + "\(Phrase.number(asked.own))); rules: \(neuron.sentence) (\(Phrase.number(asked.found)))."
            }
        }
    }
}
