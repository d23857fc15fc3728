internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor

// Neurons of a language model that was trained elsewhere, and what it says of them itself.

extension NeuronExplanations {
    private static func score(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity("language_model_\(name)", isHeadline: isHeadline)
    }
    static let modelRules = score("neurons_score_rules", isHeadline: true)
    static let modelLookup = score("neurons_score_lookup", isHeadline: true)
    static let modelExchanged = score("neurons_score_rules_exchanged")
    static let ownSentence = score("score_own_sentence", isHeadline: true)
    static let ruleSentence = score("score_sentence_of_rules")
    static let otherSentence = score("score_sentence_of_another_neuron")
    static let fewRules = score("score_rules_same_texts"), fewLookup = score("score_lookup_same_texts")
    static let puzzleRight = Quantity("language_model_score_puzzle_right", per: "puzzle", isHeadline: true)
    static let puzzleWrong = Quantity("language_model_score_puzzle_false", per: "puzzle")

    static let languageModelClaims = [
        Claim(
            .worst, "Rules found predict the language model's neurons", modelRules, .atLeast(0.25),
            control: "With exchanged activations they do not", modelExchanged, .within(0.1, of: 0)
        ).development(missed: 0, of: 6)
    ]

    func examine(_ name: String, in context: inout RunContext) async throws -> Findings {
        let (model, study) = (try await context.load(name), settings.language)
        try study.check(model)
        let texts = try study.lines.map { try Self.lines($0, in: &context) }
        let seeds = Trials(context, count: settings.seeds).seeds
        let reporter = context.reporter
        var outcomes: [[LanguageModelExplanations.Neuron]] = []
        for (index, seed) in seeds.enumerated() {
            outcomes.append(
                try await study.run(model, texts: texts, key: RandomKey(seed)) { part in
                    try reporter.checkpoint()
                    reporter.progress("explaining neurons", 0.8 * (Double(index) + part) / Double(seeds.count))
                })
        }
        let puzzles = try study.simulate(Array(puzzles.prefix(study.puzzlesSimulated)), by: model) { part in
            try reporter.checkpoint()
            reporter.progress("simulating puzzles", 0.8 + 0.2 * part)
        }
        let measured = measured(outcomes, puzzles, seeds: seeds)
        return Findings(summary: summary(name, measured), claims: claims, from: measured) {
            measured.metrics(Self.modelRules, Self.modelLookup, Self.modelExchanged)
            if study.asked > 0 {
                measured.metrics(
                    Self.ownSentence, Self.ruleSentence, Self.otherSentence, Self.fewRules, Self.fewLookup)
            }
            if !puzzles.isEmpty { measured.metrics(Self.puzzleRight, Self.puzzleWrong) }
            scoreChart(name, outcomes)
            blockTable(outcomes, measured)
            for sentence in sentences(outcomes[0]) { sentence }
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

    private func measured(
        _ outcomes: [[LanguageModelExplanations.Neuron]], _ puzzles: [LanguageModelExplanations.PuzzleScore],
        seeds: [UInt64]
    ) -> Measurements {
        var measured = Measurements(seeds: seeds)
        func mean(_ values: [Double]) -> Double { Statistics.mean(values.filter { !$0.isNaN }) }
        measured[Self.modelRules] = outcomes.map { mean($0.map(\.found)) }
        measured[Self.modelLookup] = outcomes.map { mean($0.map(\.lookup)) }
        measured[Self.modelExchanged] = outcomes.map { mean($0.map(\.exchanged)) }
        let asked = outcomes.map { $0.compactMap(\.asked) }
        measured[Self.ownSentence] = asked.map { mean($0.map(\.own)) }
        measured[Self.ruleSentence] = asked.map { mean($0.map(\.rules)) }
        measured[Self.otherSentence] = asked.map { mean($0.map(\.other)) }
        measured[Self.fewRules] = asked.map { mean($0.map(\.found)) }
        measured[Self.fewLookup] = asked.map { mean($0.map(\.lookup)) }
        measured[Self.puzzleRight] = puzzles.map(\.right)
        measured[Self.puzzleWrong] = puzzles.map { mean($0.wrong) }
        return measured
    }

    private func summary(_ name: String, _ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        let own =
            settings.language.asked > 0
            ? " On a few of them its own sentences, simulated by itself, score \(number(Self.ownSentence)), "
                + "sentences about another neuron \(number(Self.otherSentence)), rules \(number(Self.fewRules))." : ""
        return "Neurons of \(name) are predicted with a correlation of \(number(Self.modelRules)) by rules and "
            + "\(number(Self.modelLookup)) by token means, with exchanged activations \(number(Self.modelExchanged))."
            + own
    }

    private func scoreChart(_ name: String, _ outcomes: [[LanguageModelExplanations.Neuron]]) -> BarChart {
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

    private func blockTable(
        _ outcomes: [[LanguageModelExplanations.Neuron]], _ measured: Measurements
    ) -> Table {
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
    private func sentences(_ neurons: [LanguageModelExplanations.Neuron]) -> [String] {
        neurons.compactMap { neuron in
            neuron.asked.map { asked in
                "Neuron \(neuron.block).\(neuron.index): the model says \"\(asked.sentence)\" (score "
                    + "\(Phrase.number(asked.own))); rules: \(neuron.sentence) (\(Phrase.number(asked.found)))."
            }
        }
    }
}
