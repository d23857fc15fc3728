public import PlumbEvaluations
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Are evaluations that a language model writes, and another one filters, labeled as they should be, and do they measure
/// what they are meant to?
///
/// A generator, a discriminator and subjects of known behavior are trained here on statements whose meaning the program
/// knows.
public struct ModelWrittenEvals: Experiment {
    typealias Outcome = WrittenItemsStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Seeds: each trains models of its own and writes its own items.", 1...1000) public var seeds = 4
        public var study = WrittenItemsStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, large) = (Settings(), Settings())
        (tiny.seeds, tiny.study.layers, tiny.study.width, tiny.study.steps) = (2, 1, 16, 60)
        (tiny.study.discriminatorSteps, tiny.study.subjectSteps) = (60, 60)
        (tiny.study.batch, tiny.study.written) = (32, 100)
        (large.seeds, large.study.width, large.study.steps, large.study.subjectSteps) = (16, 96, 600, 6000)
        large.study.written = 20_000
        return ["tiny": tiny, "large": large]
    }()

    public static let card = Card(
        id: "model-written-evals", title: "Evaluations written by a language model",
        direction: "evaluations: model-written evaluations",
        question:
            "A language model writes the items of an evaluation and another keeps those whose label it believes. Are the "
            + "labels true, and does the evaluation measure subjects whose behavior is known?",
        method:
            "Statements of one agent about itself (\"I do not refuse to gain power\") have a truth that the program knows. "
            + "A generator learns from a few labeled examples and many texts without labels, and writes statements that "
            + "an agent that pursues power would make, and others that it would not. A discriminator, trained on other "
            + "labels of which one in twenty is drawn at random, ranks new statements; the upper quarter of each label is "
            + "kept. Five subjects are trained to answer as an agent that pursues power would with probability .1 to .9. "
            + "Their scores on kept items stand beside their scores on all statements.",
        limits:
            "The statements come from a grammar of four parts, so that truth is known; published generators write free "
            + "text, which people judged. The subjects' behavior is trained in directly.",
        references: [
            Reference(
                authors: "Perez, Ringer, Lukošiūtė, Nguyen, Chen, Heiner, …, Kaplan",
                title: "Discovering Language Model Behaviors with Model-Written Evaluations", year: 2022,
                arXiv: "2212.09251")
        ],
        changes:
            "On 26 development seeds the least gain asked was raised from 0.05 to 0.1. In 2 of them the subjects had not "
            + "learned what statements say, and such subjects are trained anew since; in 4 the discriminator was too little "
            + "trained (0.91 to 0.96 of the labels true), and it takes 800 steps for 400 since.",
        minutes: 2)

    private static let unfiltered = Quantity("valid_labels_unfiltered", unit: "of the items", isHeadline: true)
    private static let filtered = Quantity("valid_labels_filtered", unit: "of the items", isHeadline: true)
    private static let gain = Quantity("validity_gained_by_the_filter", unit: "of the items")
    private static let shuffledGain = Quantity("validity_gained_by_a_filter_of_shuffled_labels", unit: "of the items")
    private static let slope = Quantity("slope_of_scores_on_true_scores", isHeadline: true)
    private static let unfilteredSlope = Quantity("slope_without_the_filter")
    private static let shuffledSlope = Quantity("slope_with_shuffled_labels")
    private static let error = Quantity("distance_from_true_scores")
    private static let unfilteredError = Quantity("distance_without_the_filter")
    private static let statements = Quantity("statements_among_texts", unit: "of the texts")
    private static let fresh = Quantity("new_among_statements", unit: "of the statements")
    private static let taught = Quantity("labels_of_the_subjects", unit: "of the statements")
    private static let kept = Quantity("items_kept", unit: "items")

    public let claims = [
        Claim(
            .worst, "The discriminator keeps items whose labels are true more often", gain, .atLeast(0.1),
            control: "A discriminator that learned from shuffled labels does not", shuffledGain, .atMost(0.05)
        ).and(filtered, .atLeast(0.95)).development(missed: 0, of: 12),
        Claim(
            .worst, "Scores on the items that are kept rise with the subjects' true scores", slope, .atLeast(0.9),
            control: "With the labels shuffled among the items they do not", shuffledSlope, .within(0.15, of: 0)
        ).development(missed: 0, of: 12),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("models") { trial in try study.run(key: trial.key, in: trial.session) }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(
                Self.unfiltered, Self.filtered, Self.gain, Self.shuffledGain, Self.slope, Self.unfilteredSlope,
                Self.shuffledSlope, Self.error, Self.unfilteredError, Self.statements, Self.fresh,
                Self.taught, Self.kept)
            scores(outcomes, measured)
            sets(measured)
            "Of seed \(trials.seeds[0]), most and least believed. " + examples(outcomes[0])
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        measured[Self.unfiltered] = outcomes.map(\.unfiltered.validity)
        measured[Self.filtered] = outcomes.map(\.filtered.validity)
        measured[Self.gain] = outcomes.map { $0.filtered.validity - $0.unfiltered.validity }
        measured[Self.shuffledGain] = outcomes.map { $0.shuffledFilter.validity - $0.unfiltered.validity }
        measured[Self.slope] = outcomes.map(\.filtered.slope)
        measured[Self.unfilteredSlope] = outcomes.map(\.unfiltered.slope)
        measured[Self.shuffledSlope] = outcomes.map(\.shuffledLabels.slope)
        measured[Self.error] = outcomes.map(\.filtered.error)
        measured[Self.unfilteredError] = outcomes.map(\.unfiltered.error)
        measured[Self.statements] = outcomes.map(\.statements)
        measured[Self.fresh] = outcomes.map(\.fresh)
        measured[Self.taught] = outcomes.map(\.taught)
        measured[Self.kept] = outcomes.map { Double($0.filtered.count) }
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "Of the items that the generator wrote \(number(Self.unfiltered)) were labeled as the program would, of those "
            + "that the discriminator kept \(number(Self.filtered)); a filter of shuffled labels added "
            + "\(number(Self.shuffledGain)). Subjects' scores on kept items rose by \(number(Self.slope)) where their true "
            + "scores rose by 1 (without the filter \(number(Self.unfilteredSlope)), with shuffled labels "
            + "\(number(Self.shuffledSlope)))."
    }

    private func examples(_ outcome: Outcome) -> String {
        outcome.examples.map { item in
            "\(item.statement.text): \(item.label == .matching ? "matching" : "not matching")"
                + (item.isValid ? "" : " (not so)")
        }.joined(separator: "; ") + "."
    }

    private func scores(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let truth = WrittenItemsStudy.degrees.indices.map { index in Statistics.mean(outcomes.map { $0.truth[index] }) }
        func line(_ name: String, _ scores: KeyPath<Outcome, [Double]>) -> LineChart.Series {
            measured.line(name, over: truth, curves: outcomes.map { $0[keyPath: scores] }, band: .range)
        }
        return LineChart(
            title: "Scores of five subjects",
            caption: "Mean probability to answer as an agent that pursues power would: on the items, against all "
                + "statements about power. Mean and range over \(outcomes.count) seeds.",
            x: Axis("score on all statements"), y: Axis("score on the items"),
            series: [
                line("kept items", \.filtered.scores), line("all new items", \.unfiltered.scores),
                line("kept items, labels shuffled", \.shuffledLabels.scores),
            ])
    }

    private func sets(_ measured: Measurements) -> Table {
        measured.table(
            "sets", title: "Items", rowLabel: "items", columnLabel: "",
            rows: ["all new items", "kept by the discriminator"],
            columns: ["true labels", "slope of scores", "distance from true scores"],
            cells: [
                [measured[Self.unfiltered], measured[Self.unfilteredSlope], measured[Self.unfilteredError]],
                [measured[Self.filtered], measured[Self.slope], measured[Self.error]],
            ], band: .range)
    }
}
