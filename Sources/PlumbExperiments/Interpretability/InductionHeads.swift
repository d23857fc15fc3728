public import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How does a transformer learn to copy? Two layers of attention learn an induction circuit; one layer cannot.
///
/// A head of the first layer attends to the previous token; a head of the second finds, through it, the token after the
/// last occurrence of the present one. The control models have one layer, and heads outside the circuit are ablated.
public struct InductionHeads: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("How many pairs of models are trained, one of two layers and one of one layer each.", 1...1000)
        public var seeds = 3
        public var study = InductionStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.steps, tiny.study.batch) = (1, 60, 16)
        (tiny.study.width, tiny.study.vocabulary) = (32, 32)
        (paper.seeds, paper.study.steps, paper.study.heads, paper.study.width) = (5, 4_000, 8, 128)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "induction-heads", title: "How do transformers learn to copy?",
        direction: "interpretability: circuits in trained models",
        question: "Does a two-layer transformer that learns to copy do so with induction heads that read the output of "
            + "previous-token heads?",
        method: "Train attention-only models on random tokens repeated with random periods. Find heads by their mean "
            + "attention to the previous token, and to the token after the previous occurrence. Mean-ablate them. "
            + "Compare the composition of the heads found, computed from the weights, with that of other pairs.",
        limits: "Small attention-only models on an artificial task; in language models induction heads do more than "
            + "copy, and composition computed from weights ignores the inputs.",
        references: [
            Reference(
                authors: "Olsson, Elhage, Nanda, Joseph, DasSarma, Henighan, …, Olah",
                title: "In-context Learning and Induction Heads", year: 2022, arXiv: "2209.11895"),
            Reference(
                authors: "Elhage, Nanda, Olsson, Henighan, Joseph, Mann, …, Olah",
                title: "A Mathematical Framework for Transformer Circuits", year: 2021),
        ],
        minutes: 1.5)

    private static func per(_ name: String, unit: String = "") -> Quantity { Quantity(name, unit: unit, per: "model") }
    private static func accuracy(_ name: String) -> Quantity { Quantity(name, per: "model", isHeadline: true) }
    static let accuracy = accuracy("copying_accuracy"), oneLayer = accuracy("one_layer_accuracy")
    static let left = per("accuracy_left_without_circuit", unit: "of the accuracy")
    static let leftWithoutOthers = per("accuracy_left_without_other_heads", unit: "of the accuracy")
    static let ratio = per("composition_ratio", unit: "times")
    static let untrained = per("composition_ratio_untrained", unit: "times")
    static let withoutInduction = accuracy("accuracy_without_induction_heads")
    static let withoutPrevious = accuracy("accuracy_without_previous_token_heads")
    static let withoutOthers = per("accuracy_without_other_heads")
    static let inductionScore = per("induction_score"), previousScore = per("previous_token_score")

    public let claims = [
        Claim(
            .mean, "Two layers of attention copy repeated random tokens", accuracy, .atLeast(0.9),
            control: "One layer, trained alike, does not", oneLayer, .atMost(0.25)),
        Claim(
            .mean, "Without the induction heads, or without the previous-token heads, copying fails", left,
            .atMost(0.5),
            control: "Without as many heads drawn at random from outside the circuit, it does not", leftWithoutOthers,
            .atLeast(0.8)),
        Claim(
            .mean, "The best induction head reads what the best previous-token head writes", ratio, .atLeast(1.25),
            control: "Before training it does not", untrained, .atMost(1.15)),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check(seeds: settings.seeds)
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (key, session) = (RandomKey(context.seed), FitSession(context))
        let outcomes = try (0..<settings.seeds).map {
            try settings.study.run(key: key["model \($0)"], label: "model \($0)", in: session)
        }
        let measured = measured(outcomes, seed: context.seed)
        let (first, kind) = (outcomes[0], outcomes[0].heads.compositionRatio(outcomes[0].composition).kind)
        let pattern = settings.study.pattern(first, key: key["shown"])
        return Findings(summary: summary(outcomes, measured), claims: claims, from: measured) {
            measured.metrics(
                Self.accuracy, Self.oneLayer, Self.withoutInduction, Self.withoutPrevious, Self.withoutOthers,
                Self.inductionScore, Self.previousScore, Self.ratio, Self.untrained)
            table("induction", "Attention to the token after the previous occurrence, model 0", first.scores.induction)
            table("previous_token", "Attention to the previous token, model 0", first.scores.previousToken)
            Table(
                "composition", title: "\(kind.rawValue)-composition, model 0", rowLabel: "head of layer 0",
                columnLabel: "head of layer 1", rows: heads, columns: heads,
                values: first.composition.scores[kind] ?? [])
            Table(
                "pattern", title: "Attention of head \(first.heads.induction.first?.description ?? "")",
                rowLabel: "query token", columnLabel: "key token", rows: pattern.tokens, columns: pattern.tokens,
                values: pattern.values)
            curves(outcomes, measured)
            bars(measured)
            HeatMap(
                table: "pattern", title: "What an induction head attends to",
                caption: "Attention of the best induction head of model 0 on random tokens that repeat: after the "
                    + "first period, each token attends to the one after its last occurrence.",
                domain: .init(0, 1), valueLabel: "attention", columnsAreTokens: true)
            HeatMap(
                table: "composition", title: "Which heads read which",
                caption: "Composition of each head of the first layer with each of the second, from the weights of "
                    + "model 0.",
                valueLabel: "composition")
            for (index, outcome) in outcomes.enumerated() { note(index, outcome) }
            if outcomes.contains(where: { $0.heads.others.allSatisfy { $0.layer == 0 } }) {
                "Where every head of the second layer is an induction head, the control's heads come from the first layer."
            }
            "The thresholds of composition were set after looking at seeds 101 and 102."
        }
    }

    private var heads: [String] { (0..<settings.study.heads).map { "\($0)" } }

    private func measured(_ outcomes: [InductionStudy.Outcome], seed: UInt64) -> Measurements {
        var measured = Measurements(seeds: [seed])
        measured[Self.accuracy] = outcomes.map(\.accuracy)
        measured[Self.oneLayer] = outcomes.map(\.oneLayer)
        measured[Self.withoutInduction] = outcomes.map(\.withoutInduction)
        measured[Self.withoutPrevious] = outcomes.map(\.withoutPrevious)
        measured[Self.withoutOthers] = outcomes.map(\.withoutOthers)
        measured[Self.left] = outcomes.map { max($0.withoutInduction, $0.withoutPrevious) / $0.accuracy }
        measured[Self.leftWithoutOthers] = outcomes.map { $0.withoutOthers / $0.accuracy }
        measured[Self.inductionScore] = outcomes.map { $0.scores.induction.joined().max() ?? 0 }
        measured[Self.previousScore] = outcomes.map { $0.scores.previousToken.joined().max() ?? 0 }
        measured[Self.ratio] = outcomes.map { $0.heads.compositionRatio($0.composition).ratio }
        measured[Self.untrained] = outcomes.map { $0.heads.compositionRatio($0.untrained).ratio }
        if outcomes.contains(where: \.withoutOthers.isNaN) {
            measured.leave(Self.leftWithoutOthers, because: "a model has too few heads outside the circuit")
        }
        return measured
    }

    private func table(_ name: String, _ title: String, _ values: [[Double]]) -> Table {
        Table(
            name, title: title, rowLabel: "layer", columnLabel: "head", rows: values.indices.map { "\($0)" },
            columns: heads, values: values)
    }

    private func note(_ index: Int, _ outcome: InductionStudy.Outcome) -> String {
        let (kind, ratio) = outcome.heads.compositionRatio(outcome.composition)
        return "Model \(index): induction heads \(Phrase.list(outcome.heads.induction.map(\.description))); "
            + "previous-token heads \(Phrase.list(outcome.heads.previous.map(\.description))); "
            + "\(kind.rawValue)-composition of the best two is \(Phrase.number(ratio)) times that of other pairs."
    }

    private func curves(_ outcomes: [InductionStudy.Outcome], _ measured: Measurements) -> LineChart {
        func line(_ name: String, _ curve: (InductionStudy.Outcome) -> (steps: [Double], values: [Double]))
            -> LineChart.Series
        {
            let curves = outcomes.map(curve)
            return measured.line(name, over: curves[0].steps, curves: curves.map(\.values), band: .range)
        }
        return LineChart(
            title: "Copying appears together with its heads",
            caption: "The fraction of repeated tokens copied by two layers and by one, and the best attention scores "
                + "of two layers. Lines are means over models, bands their range.",
            x: Axis("step"), y: Axis("accuracy or score"),
            series: [
                line("two layers") { $0.two.curve(InductionStudy.Measure.copying) },
                line("induction") { $0.two.curve(InductionStudy.Measure.induction) },
                line("previous token") { $0.two.curve(InductionStudy.Measure.previousToken) },
                line("one layer") { $0.one.curve(InductionStudy.Measure.copying) },
            ])
    }

    private func bars(_ measured: Measurements) -> BarChart {
        BarChart(
            title: "What copying needs",
            caption: "Accuracy on repeated tokens with heads mean-ablated; the other heads are outside the circuit, as "
                + "many as the previous-token heads. Bars are means over models, lines their range.",
            categories: ["all heads", "no induction heads", "no previous-token heads", "no other heads", "one layer"],
            categoryLabel: "model", y: Axis("accuracy"),
            series: [
                measured.bars(
                    "accuracy",
                    [Self.accuracy, Self.withoutInduction, Self.withoutPrevious, Self.withoutOthers, Self.oneLayer],
                    band: .range)
            ])
    }

    private func summary(_ outcomes: [InductionStudy.Outcome], _ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let kinds = outcomes.map { $0.heads.compositionRatio($0.composition).kind.rawValue }
        let ways = Set(kinds).sorted().map { kind in "\(kind)-composition in \(kinds.count { $0 == kind })" }
        let others = measured.mean(Self.withoutOthers)
        let beside = others.isNaN ? "" : ", and \(Phrase.percent(others)) without as many other heads"
        return "Two layers copy \(percent(Self.accuracy)) of repeated tokens, one layer \(percent(Self.oneLayer)). Two "
            + "layers copy \(percent(Self.withoutInduction)) without the induction heads and "
            + "\(percent(Self.withoutPrevious)) without the previous-token heads\(beside). The heads compose by "
            + "\(Phrase.list(ways)) of \(outcomes.count) models."
    }
}
