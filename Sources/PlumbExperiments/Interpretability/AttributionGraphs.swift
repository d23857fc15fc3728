internal import Foundation
public import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Do attribution graphs say what a model does without a feature?
///
/// A graph holds attention patterns and norms at their values and adds up linear contributions. The model itself is
/// then run without each feature, with nothing held. Predictions exchanged among features are the control.
public struct AttributionGraphs: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting(
            "A language model whose own neurons are the features, or with --text transcoders that are trained; none "
                + "trains a small transformer and its transcoders.")
        public var model: String? = nil
        /// The graphs of a language model.
        public var graphs = LanguageModelGraphStudy()
        @Setting("Seeds; a small transformer and its transcoders are trained with each.", 1...1000) public
            var seeds = 4
        public var study = TwoHopStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, small) = (Settings(), Settings())
        tiny.seeds = 1
        (tiny.study.entities, tiny.study.classes, tiny.study.relations, tiny.study.width) = (
            12, 3, 3, 16
        )
        (tiny.study.answers, tiny.study.steps, tiny.study.transcoderSteps, tiny.study.features) = (
            6, 150, 150, 32
        )
        (tiny.study.prompts, tiny.study.interventions) = (4, 8)
        (small.model, small.study.interventions) = ("smollm2-135m", 100)
        return ["tiny": tiny, "smollm2": small]
    }()

    public static let card = Card(
        id: "attribution-graphs", title: "Does an attribution graph predict what features do?",
        direction: "interpretability: circuits",
        question:
            "Does the change that an attribution graph predicts for the loss of a feature agree with the change in "
            + "the model?",
        method:
            "Train a two-block transformer to answer what a relation says of an entity's class, and a TopK transcoder "
            + "of each MLP. For each of some prompts compute the graph of contributions from embeddings, features and "
            + "errors to the two most probable answers, with attention patterns and norms held. Take away the most "
            + "influential features one at a time in the real model, with nothing held, and correlate the change of "
            + "the two logits' difference with what the graph's paths add up to. Take away random directions of the same "
            + "length likewise.",
        limits:
            "A small model on an artificial task; on a language model the features are single neurons, which are not "
            + "monosemantic. Graphs leave out how attention patterns come about. Correlations are over the features of "
            + "the graph that have the most influence.",
        references: [
            Reference(
                authors: "Ameisen, Lindsey, Pearce, Gurnee, Turner, Chen, …, Batson",
                title: "Circuit Tracing: Revealing Computational Graphs in Language Models", year: 2025),
            Reference(
                authors: "Dunefsky, Chlenski, Nanda",
                title: "Transcoders Find Interpretable LLM Feature Circuits",
                year: 2024, arXiv: "2406.11944"),
        ],
        changes:
            "Random directions of the same length were to be the control. Their effects correlate with the predictions too "
            + "(0.39 on development seed 101), since both grow with the length of what is taken away and with how late it "
            + "stands; they are reported, and the control exchanges the predictions among the features of a prompt.",
        minutes: 1)

    static let correlation = Quantity("correlation_with_interventions", isHeadline: true)
    static let random = Quantity("correlation_of_random_directions")
    static let shuffled = Quantity("correlation_shuffled_among_features")
    static let replacement = Quantity("replacement_score", isHeadline: true)
    static let completeness = Quantity("completeness_score")
    static let accuracy = Quantity("held_out_accuracy")
    static let explained = Quantity("explained_variance_of_transcoders")

    public let claims = [
        Claim(
            .mean, "Taking features away changes the answer as the graph predicts: the correlation over features",
            correlation, .atLeast(0.7), control: "What it predicts for other features of the prompt does not agree",
            shuffled, .within(0.25, of: 0))
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (results, seeds): ([TwoHopStudy.Result], [UInt64])
        var examined: LanguageModelGraphStudy.Outcome?
        if let name = settings.model {
            let found = try await examine(name, in: &context)
            (results, seeds, examined) = ([found.result], [context.seed], found)
        } else {
            let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
            let found = try await trials.run("graphs") { try study.run(key: $0.key, in: $0.session) }
            (results, seeds) = (found, trials.seeds)
        }
        var measured = Measurements(seeds: seeds)
        measured[Self.correlation] = results.map(\.correlation)
        measured[Self.random] = results.map(\.random)
        measured[Self.shuffled] = results.map(\.shuffled)
        measured[Self.replacement] = results.map(\.replacement)
        measured[Self.completeness] = results.map(\.completeness)
        measured[Self.accuracy] = results.map(\.accuracy)
        measured[Self.explained] = results.map(\.explained)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(
                Self.correlation, Self.random, Self.shuffled, Self.replacement, Self.completeness)
            if settings.model == nil { measured.metric(Self.accuracy) }
            if !measured.mean(Self.explained).isNaN { measured.metric(Self.explained) }
            ScatterPlot(
                title: "What graphs predict and what the model does",
                caption:
                    "Each point is a feature of a prompt's graph: the change of the difference of two logits "
                    + "when it is "
                    + "taken away, as the graph predicts it and as the model shows it. First seed.",
                x: Axis("predicted change, logits"), y: Axis("measured change, logits"),
                groups: [.init("features", x: results[0].predicted, y: results[0].measured)],
                showsDiagonal: true)
            if let examined { prompts(examined, measured) }
            if let trained = examined?.trained { blocks(trained) }
            "The replacement score is the part of the logits' influence that comes from the prompt and not from "
                + "errors; with a "
                + "model's own neurons as features it is lowered only by neurons that are left out."
        }
    }

    /// Graphs of a language model.
    private func examine(_ name: String, in context: inout RunContext) async throws -> LanguageModelGraphStudy.Outcome {
        let (model, study) = (try await context.load(name), settings.graphs)
        try study.check(model)
        let corpus = try study.transcoders.corpus.text.map { _ in try study.transcoders.corpus.read(for: model) }
        if let corpus { context.record(input: corpus.file) }
        let found = try study.run(
            model, tokens: corpus?.tokens, interventions: settings.study.interventions, key: RandomKey(context.seed),
            in: FitSession(context))
        for (index, file) in found.files.enumerated() {
            try context.write(file, artifact: "graph-\(index).json", kind: "attribution graph")
        }
        return found
    }

    private func prompts(_ found: LanguageModelGraphStudy.Outcome, _ measured: Measurements) -> Table {
        let columns: KeyValuePairs<String, (TwoHopStudy.Result) -> Double> = [
            "features": { Double($0.predicted.count) }, "correlation": { $0.correlation },
            "replacement": { $0.replacement }, "completeness": { $0.completeness },
        ]
        return measured.table(
            "prompts", title: "Prompt by prompt", rowLabel: "prompt", columnLabel: "",
            rows: found.prompts.map(\.text), columns: columns.map(\.key),
            cells: found.prompts.map { prompt in columns.map { [$0.value(prompt.result)] } })
    }

    private func blocks(_ trained: TranscoderStudy.Outcome) -> LineChart {
        LineChart(
            title: "What the transcoders explain",
            caption:
                "One less the squared error as a share of the variance of what each MLP writes, on text that was not "
                + "trained on.", x: Axis("block"), y: Axis("explained variance"),
            series: [
                LineChart.Series("transcoders", x: trained.explained.indices.map(Double.init), y: trained.explained)
            ])
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "The graphs' predictions correlate \(number(Self.correlation)) with what the model does without "
            + "each feature, "
            + "and \(number(Self.random)) with what it does without random directions. Their replacement score is "
            + "\(number(Self.replacement)), their completeness score \(number(Self.completeness))."
    }
}
