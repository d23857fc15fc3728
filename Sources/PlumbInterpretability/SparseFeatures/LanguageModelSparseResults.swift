internal import Foundation
internal import PlumbData
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// What dictionaries of a language model's residual stream show, an outcome a seed.
public struct LanguageModelSparseResults {
    private let study: LanguageModelSparseStudy
    private let name: String
    private let point: HookPoint
    private let outcomes: [LanguageModelSparseStudy.Outcome]
    private let measured: Measurements

    /// Trains dictionaries of the model `name` and the controls.
    ///
    /// - Throws: `SettingsError` for a text or settings that do not fit the model; `ModelError` and the errors of files
    ///   where the model cannot be had or training fails; `RunInterrupted`.
    public init(
        _ study: LanguageModelSparseStudy, of name: String, seeds count: Int, in context: inout RunContext
    ) async throws {
        let model = try await context.load(name)
        try study.check(model)
        let corpus = try study.corpus.read(for: model)
        context.record(input: corpus.file)
        // One pass through the model uses every core.
        var trials = Trials(context, count: count)
        trials.width = 1
        let outcomes = try await trials.run("dictionaries") { trial in
            try study.run(model, tokens: corpus.tokens, key: trial.key, in: trial.session)
        }
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.recovered] = outcomes.map { $0.recovered(2) }
        measured[Self.recoveredPermuted] = outcomes.map { $0.recovered(3) }
        measured[Self.active] = outcomes.map { $0.evaluations[0].active }
        measured[Self.unexplained] = outcomes.map { $0.evaluations[0].unexplained }
        measured[Self.unexplainedRandom] = outcomes.map { $0.evaluations[1].unexplained }
        measured[Self.explained] = outcomes.map { $0.evaluations[0].explainedVariance }
        measured[Self.dead] = outcomes.map { $0.evaluations[0].dead }
        measured[Self.dense] = outcomes.map { $0.evaluations[0].dense }
        measured[Self.loss] = outcomes.map { $0.losses[0] }
        measured[Self.lossZero] = outcomes.map { $0.losses[1] }
        measured[Self.lossSpliced] = outcomes.map { $0.losses[2] }
        (self.study, self.name, point) = (study, name, study.point(model))
        (self.outcomes, self.measured) = (outcomes, measured)
    }

    private static let recovered = Quantity("cross_entropy_recovered", unit: "of the loss", isHeadline: true)
    private static let active = Quantity("active_features", unit: "features", isHeadline: true)
    private static let recoveredPermuted = Quantity("cross_entropy_recovered_permuted", unit: "of the loss")
    private static let unexplained = Quantity(
        "features_that_tokens_do_not_explain", unit: "of the features", isHeadline: true)
    private static let unexplainedRandom = Quantity(
        "features_that_tokens_do_not_explain_random_weights", unit: "of the features")
    private static let explained = Quantity("explained_variance", unit: "of the variance")
    private static let dead = Quantity("dead_features", unit: "of the features")
    private static let dense = Quantity("dense_features", unit: "of the features")
    private static let loss = Quantity("loss", unit: "nats"), lossZero = Quantity("loss_without_stream", unit: "nats")
    private static let lossSpliced = Quantity("loss_with_reconstruction", unit: "nats")

    /// What is claimed of the reconstruction and of the features.
    public static let claims = [
        Claim(
            .worst, "The reconstruction saves most of the loss that setting the stream to 0 costs", recovered,
            .atLeast(0.9), control: "That of a dictionary of permuted activations does not", recoveredPermuted,
            .atMost(0.5)
        ).and(active, .atMost(60)),
        Claim(
            .worst, "Features are found of which the token explains less than half", unexplained, .atLeast(0.2),
            control: "In a model with random weights they are fewer", unexplainedRandom, .atMost(0.1)),
    ]

    /// All numbers, tables and figures.
    public var findings: Findings {
        let first = outcomes[0].evaluations
        return Findings(summary: summary, claims: Self.claims, from: measured) {
            measured.metrics(Self.recovered, Self.active, Self.unexplained, Self.recoveredPermuted)
            measured.metrics(Self.unexplainedRandom, Self.explained, Self.dead, Self.dense, Self.loss, Self.lossZero)
            measured.metric(Self.lossSpliced)
            dictionaries
            Histogram(
                title: "How often features are active",
                caption:
                    "Features of the dictionary by the share of test positions at which they are active, as a power "
                    + "of ten; those that never are are left out.", x: Axis("log₁₀ of the share"),
                countLabel: "features",
                values: first[0].density.filter { $0 > 0 }.map { log10($0) }, bins: 30)
            Histogram(
                title: "How much of a feature its token explains",
                caption:
                    "Features that are active often enough to be judged, by the share of their variance that the mean "
                    + "activation of each token explains on other text.", x: Axis("share of the variance"),
                countLabel: "features", values: first[0].lookup.map { max(-0.5, $0) }, bins: 30)
            "The first position of a window is neither learned from nor replaced. A dictionary of permuted activations "
                + "sees each coordinate's values without their company. The dictionary learned from at most "
                + "\(study.tokens) tokens, the controls from \(study.controlTokens)."
        }
    }

    private var dictionaries: Table {
        measured.table(
            "dictionaries", title: "Dictionaries", rowLabel: "trained on", columnLabel: "",
            rows: ["the model", "random weights", "permuted activations"],
            columns: ["explained variance", "L0", "dead", "dense", "not explained by tokens"],
            cells: (0..<3).map { index in
                let found = outcomes.map { $0.evaluations[index] }
                return [
                    found.map(\.explainedVariance), found.map(\.active), found.map(\.dead), found.map(\.dense),
                    found.map(\.unexplained),
                ]
            }, band: .range)
    }

    private var summary: String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "With \(number(Self.active)) active features at \(point) of \(name) the loss is \(number(Self.lossSpliced)) nats in "
            + "place of \(number(Self.loss)), and \(number(Self.lossZero)) without the stream: \(percent(Self.recovered)) is "
            + "recovered. The token explains less than half of \(percent(Self.unexplained)) of the features, and of "
            + "\(percent(Self.unexplainedRandom)) of those of a model with random weights."
    }
}
