internal import Foundation
internal import PlumbData
internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor

// A dictionary of the residual stream of a language model that was trained elsewhere.

extension SparseAutoencoders {
    static let recovered = Quantity("cross_entropy_recovered", unit: "of the loss", isHeadline: true)
    static let active = Quantity("active_features", unit: "features", isHeadline: true)
    static let recoveredPermuted = Quantity("cross_entropy_recovered_permuted", unit: "of the loss")
    static let unexplained = Quantity("features_that_tokens_do_not_explain", unit: "of the features", isHeadline: true)
    static let unexplainedRandom = Quantity(
        "features_that_tokens_do_not_explain_random_weights", unit: "of the features")
    static let explained = Quantity("explained_variance", unit: "of the variance")
    static let dead = Quantity("dead_features", unit: "of the features")
    static let dense = Quantity("dense_features", unit: "of the features")
    static let loss = Quantity("loss", unit: "nats"), lossZero = Quantity("loss_without_stream", unit: "nats")
    static let lossSpliced = Quantity("loss_with_reconstruction", unit: "nats")

    static let languageModelClaims = [
        Claim(
            .worst, "The reconstruction saves most of the loss that setting the stream to 0 costs", recovered,
            .atLeast(0.9), control: "That of a dictionary of permuted activations does not", recoveredPermuted,
            .atMost(0.5)
        ).and(active, .atMost(60)),
        Claim(
            .worst, "Features are found of which the token explains less than half", unexplained, .atLeast(0.2),
            control: "In a model with random weights they are fewer", unexplainedRandom, .atMost(0.1)),
    ]

    func examine(_ name: String, in context: inout RunContext) async throws -> Findings {
        let (model, study) = (try await context.load(name), settings.stream)
        try study.check(model)
        let (tokens, data, path) = try study.read(for: model)
        context.record(
            input: InputFile(path: path, sha256: FileHash.sha256(of: data), bytes: data.count, role: "text"))
        // One pass through the model uses every core.
        var trials = Trials(context, count: settings.seeds)
        trials.width = 1
        let outcomes = try await trials.run("dictionaries") { trial in
            try study.run(model, tokens: tokens, key: trial.key, in: trial.session)
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
        let first = outcomes[0].evaluations
        return Findings(summary: summary(name, study.point(model), measured), claims: claims, from: measured) {
            measured.metrics(Self.recovered, Self.active, Self.unexplained, Self.recoveredPermuted)
            measured.metrics(Self.unexplainedRandom, Self.explained, Self.dead, Self.dense, Self.loss, Self.lossZero)
            measured.metric(Self.lossSpliced)
            evaluations(outcomes, measured)
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
                + "\(settings.stream.tokens) tokens, the controls from \(settings.stream.controlTokens)."
        }
    }

    private func evaluations(_ outcomes: [LanguageModelSparseStudy.Outcome], _ measured: Measurements) -> Table {
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

    private func summary(_ name: String, _ point: HookPoint, _ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "With \(number(Self.active)) active features at \(point) of \(name) the loss is \(number(Self.lossSpliced)) nats in "
            + "place of \(number(Self.loss)), and \(number(Self.lossZero)) without the stream: \(percent(Self.recovered)) is "
            + "recovered. The token explains less than half of \(percent(Self.unexplained)) of the features, and of "
            + "\(percent(Self.unexplainedRandom)) of those of a model with random weights."
    }
}
