public import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Does an explanation of a neuron predict its activations?
///
/// Units whose activation is known test explainers and scores; neurons of a transformer trained here, or with a
/// language model's name its own, show how far explanations go. Controls: exchanged activations, other units, token
/// means.
public struct NeuronExplanations: Experiment {
    private typealias Outcome = ExplanationStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with texts, noise and a transformer of its own.", 1...1000) public var seeds = 4
        @Setting("A language model whose neurons are explained (smollm2-135m, a file, a folder, a hub id).")
        public var model: String? = nil
        @Setting("A file of puzzles in the format of OpenAI's puzzles.json, beside those of this library.")
        public var puzzles: String? = nil
        /// Planted units, and the small transformer.
        public var study = ExplanationStudy()
        /// The language model.
        public var language = LanguageModelExplanations()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper, smollm2) = (Settings(), Settings(), Settings())
        (tiny.seeds, tiny.study.texts, tiny.study.testTexts, tiny.study.steps) = (2, 80, 40, 20)
        (tiny.study.trainingTexts, tiny.study.width, tiny.study.batch, tiny.study.neurons) = (200, 16, 8, 4)
        (paper.seeds, paper.study.texts, paper.study.testTexts, paper.study.steps) = (12, 500, 300, 2000)
        (paper.study.trainingTexts, paper.study.neurons) = (20_000, 128)
        (smollm2.seeds, smollm2.model) = (2, "smollm2-135m")
        return ["tiny": tiny, "paper": paper, "smollm2": smollm2]
    }()

    public static let card = Card(
        id: "neuron-explanations", title: "Do explanations of neurons predict them?",
        direction: "interpretability: automated interpretability",
        question: "How well do explanations in words predict the activations of the units that they are about?",
        method:
            "Explain, simulate, score: an explainer reads texts with the activations of a unit, a simulator predicts "
            + "activations on other texts from the explanation alone, and the score is the correlation with the true "
            + "ones. Two explainers need no language model: the mean activation of each token, and rules such as "
            + "\"tokens that come right after “not”\", searched for greedily. They are tried on units whose activation "
            + "is a known rule plus noise, on puzzles, and on neurons of a transformer trained on generated texts. "
            + "Detection asks which texts activate a unit, fuzzing which marked tokens do. With --model the neurons of "
            + "a language model are explained, and it explains and simulates some of them itself.",
        limits:
            "Generated texts have few words and few patterns, so rules reach further there than on real text. A high "
            + "score says that an explanation predicts activations on such texts, not that it says what the unit does.",
        references: [
            Reference(
                authors: "Bills, Cammarata, Mossing, Tillman, Gao, Goh, Sutskever, Leike, Wu, Saunders",
                title: "Language models can explain neurons in language models", year: 2023),
            Reference(
                authors: "Paulo, Mallen, Juang, Belrose",
                title: "Automatically Interpreting Millions of Features in Large Language Models", year: 2024,
                arXiv: "2410.13928"),
        ], minutes: 2)

    private static func score(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, isHeadline: isHeadline)
    }
    private static let right = score("score_right_explanation"), found = score("score_rules_found", isHeadline: true)
    private static let rightExchanged = score("score_right_explanation_exchanged")
    private static let foundExchanged = score("score_rules_found_exchanged")
    private static let elsewhere = score("score_on_other_units")
    private static let detection = Quantity("detection", unit: "balanced accuracy")
    private static let fuzzing = Quantity("fuzzing", unit: "balanced accuracy")
    private static let detectionElsewhere = Quantity("detection_on_other_units", unit: "balanced accuracy")
    private static let fuzzingElsewhere = Quantity("fuzzing_on_other_units", unit: "balanced accuracy")
    private static let context = score("score_rules_context"), token = score("score_lookup_token")
    private static let lookup = score("score_lookup_context", isHeadline: true)
    private static let both = score("score_rules_polysemantic"), one = score("score_one_rule_polysemantic")
    private static let neurons = score("score_rules_neurons", isHeadline: true)
    private static let neuronsLookup = score("score_lookup_neurons", isHeadline: true)
    private static let neuronsExchanged = score("score_rules_neurons_exchanged")
    private static let ablation = score("ablation_score_rules"), ablationLookup = score("ablation_score_lookup")
    private static let oracle = Quantity("oracle_score_on_puzzles", per: "puzzle")
    private static let puzzlesExchanged = Quantity("oracle_score_on_puzzles_exchanged", per: "puzzle")
    private static let puzzleRules = Quantity("score_rules_puzzles", per: "puzzle")
    private static let loss = Quantity("loss", unit: "nats")

    private static let trainedClaims = [
        Claim(
            .worst, "Right explanations of planted units predict them, and so do the rules found", right,
            .atLeast(0.95),
            control: "With exchanged activations neither right explanations nor rules found do", rightExchanged,
            .within(0.1, of: 0)
        ).and(found, .atLeast(0.95)).controlAnd(foundExchanged, .within(0.1, of: 0))
            .development(missed: 0, of: 16),
        Claim(
            .worst, "A right explanation tells which texts and which tokens activate its unit", detection,
            .atLeast(0.95),
            control: "It hardly tells which activate other units, nor predicts them", detectionElsewhere,
            .within(0.15, of: 0.5)
        ).and(fuzzing, .atLeast(0.95)).controlAnd(fuzzingElsewhere, .within(0.15, of: 0.5))
            .controlAnd(elsewhere, .within(0.2, of: 0)).development(missed: 0, of: 16),
        Claim(
            .worst, "Rules explain units that depend on what stands before a token", context, .atLeast(0.9),
            control: "Token means do not, though they explain units that depend on the token", lookup, .atMost(0.6)
        ).controlAnd(token, .atLeast(0.95)).development(missed: 0, of: 16),
        Claim(
            .worst, "Several rules explain units with two meanings", both, .atLeast(0.95),
            control: "One rule does not", one, .atMost(0.85)
        ).development(missed: 0, of: 16),
        Claim(
            .worst, "Rules found predict neurons of the trained transformer", neurons, .atLeast(0.5),
            control: "With exchanged activations they do not", neuronsExchanged, .within(0.1, of: 0)
        ).development(missed: 0, of: 16),
        Claim(
            .worst, "An oracle scores 1 on every puzzle", oracle, .within(1e-9, of: 1),
            control: "With exchanged activations it scores about 0", puzzlesExchanged, .within(0.1, of: 0),
            controlRule: .mean
        ).development(missed: 0, of: 52, controlOf: 4),
    ]

    public var claims: [Claim] { settings.model == nil ? Self.trainedClaims : LanguageModelExplanationResults.claims }

    let settings: Settings
    private let puzzles: [NeuronPuzzle]
    private let file: InputFile?

    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
        let read = try settings.puzzles.map(NeuronPuzzle.read(contentsOf:))
        (puzzles, file) = (NeuronPuzzle.standard + (read?.puzzles ?? []), read?.file)
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        if let file { context.record(input: file) }
        if let name = settings.model {
            return try await LanguageModelExplanationResults(
                settings.language, of: name, puzzles: puzzles, seeds: settings.seeds, in: &context
            ).findings
        }
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("explaining") { try study.run(key: $0.key, in: $0.session) }
        let key = RandomKey(context.seed)["puzzles"]
        let checks = puzzles.indices.map { puzzles[$0].check(key: key[$0]) }
        let measured = measured(outcomes, checks, seeds: trials.seeds)
        let figures = ExplanationFigures(outcomes: outcomes, checks: checks, measured: measured)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.found, Self.lookup, Self.neurons, Self.neuronsLookup, Self.right, Self.context)
            measured.metrics(Self.token, Self.both, Self.one, Self.elsewhere, Self.detection, Self.fuzzing)
            measured.metrics(Self.detectionElsewhere, Self.fuzzingElsewhere, Self.rightExchanged, Self.foundExchanged)
            measured.metrics(Self.neuronsExchanged, Self.ablation, Self.ablationLookup, Self.loss)
            measured.metrics(Self.oracle, Self.puzzlesExchanged, Self.puzzleRules)
            figures.planted
            figures.neurons
            figures.puzzles
            for sentence in figures.sentences { sentence }
        }
    }

    private func measured(_ outcomes: [Outcome], _ checks: [NeuronPuzzle.Check], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        let planted: [(Quantity, KeyPath<ExplanationStudy.Planted, Double>)] = [
            (Self.right, \.right), (Self.found, \.found), (Self.rightExchanged, \.rightExchanged),
            (Self.foundExchanged, \.foundExchanged), (Self.elsewhere, \.elsewhere), (Self.detection, \.detection),
            (Self.fuzzing, \.fuzzing), (Self.detectionElsewhere, \.detectionElsewhere),
            (Self.fuzzingElsewhere, \.fuzzingElsewhere),
        ]
        for (quantity, value) in planted { measured[quantity] = outcomes.map { $0.mean(value) } }
        measured[Self.context] = outcomes.map { $0.mean(\.found, .context) }
        measured[Self.lookup] = outcomes.map { $0.mean(\.lookup, .context) }
        measured[Self.token] = outcomes.map { $0.mean(\.lookup, .token) }
        measured[Self.both] = outcomes.map { $0.mean(\.found, .polysemantic) }
        measured[Self.one] = outcomes.map { $0.mean(\.single, .polysemantic) }
        measured[Self.neurons] = outcomes.map { $0.mean(\.found) }
        measured[Self.neuronsLookup] = outcomes.map { $0.mean(\.lookup) }
        measured[Self.neuronsExchanged] = outcomes.map { $0.mean(\.exchanged) }
        measured[Self.ablation] = outcomes.map { $0.mean(\.ablationFound) }
        measured[Self.ablationLookup] = outcomes.map { $0.mean(\.ablationLookup) }
        measured[Self.loss] = outcomes.map { $0.losses.last ?? .nan }
        measured[Self.oracle] = checks.map(\.oracle)
        measured[Self.puzzlesExchanged] = checks.map(\.exchanged)
        measured[Self.puzzleRules] = checks.map(\.rules)
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "Rules found by search predict planted units with a correlation of \(number(Self.found)), right "
            + "explanations with \(number(Self.right)). Of units that depend on what stands before a token rules reach "
            + "\(number(Self.context)), token means \(number(Self.lookup)). Neurons of a transformer trained here are "
            + "predicted with \(number(Self.neurons)) by rules, \(number(Self.neuronsLookup)) by token means."
    }
}
