public import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Does a language model have heads that keep it from repeating itself? They attend to earlier occurrences of tokens that it
/// is about to say, and write against them.
///
/// Heads are chosen on some texts and removed on others, beside other heads of their layers and texts in another order.
public struct CopySuppression: Experiment {
    typealias Outcome = CopySuppressionStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("A name (smollm2-135m), a .gguf file, a folder with config.json and safetensors, or a hub id.")
        public var model = "smollm2-135m"
        @Setting("Seeds: each has the model write its texts.", 1...1000) public var seeds = 2
        public var study = CopySuppressionStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.choosing, tiny.study.testing, tiny.study.length) = (1, 2, 2, 16)
        (tiny.study.tokens, tiny.study.draws) = (8, 1)
        (paper.seeds, paper.study.length, paper.study.tokens, paper.study.draws) = (8, 192, 2000, 8)
        (paper.study.choosing, paper.study.testing) = (14, 16)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "copy-suppression", title: "Heads against repetition",
        direction: "interpretability: attention heads of a language model",
        question:
            "Does a language model have heads that suppress tokens that were said before, where it is about to repeat them?",
        method:
            "The model writes texts from openings. On some of them take the direct effect of each head on the logits of the "
            + "tokens that it attends to, and choose the two heads with the most negative. For these ask of tokens of the "
            + "vocabulary, by the weights alone, whether the head's output-value circuit puts the token's own logit among the "
            + "ten lowest. On other texts replace what the heads read by what they read in another text, and measure how "
            + "much the most probable of the tokens said before gains. Compare other heads of the same layers, the logits of the "
            + "text's tokens dealt out to other places, and the same texts with their tokens in another order.",
        limits:
            "One small model and the texts that it writes itself. Heads are chosen by what they do, so that the claims are "
            + "that the same heads do it elsewhere and that their weights explain it. In texts out of order tokens are "
            + "repeated too, and some suppression is left. Removing heads may call others to take their place.",
        references: [
            Reference(
                authors: "McDougall, Conmy, Rushing, McGrath, Nanda",
                title: "Copy Suppression: Comprehensively Understanding an Attention Head", year: 2023,
                arXiv: "2310.04625"),
            Reference(
                authors: "Wang, Variengien, Conmy, Shlegeris, Steinhardt",
                title: "Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2 small",
                year: 2022, arXiv: "2211.00593"),
        ],
        changes:
            "Bounds were chosen on seed 101. Texts in another order were to be the control of the second and third claims: there "
            + "66 % of the direct effect and 91 % of the rise were left, since the heads attend to whatever is repeated, so they "
            + "are measured and judged by no claim. Chosen on 6 texts, the second head was 29.3 or 29.6 in two of four seeds of "
            + "verification, which do not suppress by their weights (0.2975 and 0.315 for both heads, bound 0.3); heads are chosen "
            + "on 18 texts since.",
        minutes: 2.5)

    private static func logits(_ name: String, per sample: String = "seed", isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "logits", per: sample, isHeadline: isHeadline)
    }
    private static let share = Quantity("suppressed_share", unit: "of the tokens", isHeadline: true)
    private static let shareOthers = Quantity("suppressed_share_other_heads", unit: "of the tokens")
    private static let direct = logits("direct_effect", isHeadline: true)
    private static let directElsewhere = logits("direct_effect_on_other_places")
    private static let directRatio = Quantity("direct_effect_shuffled", unit: "of that on the texts")
    private static let rise = logits("logit_rise", per: "text", isHeadline: true)
    private static let riseOthers = logits("logit_rise_other_heads", per: "text")
    private static let riseShuffled = logits("logit_rise_shuffled", per: "text")
    private static let riseEnd = logits("logit_rise_lower_end", per: "run")
    private static let riseRatio = Quantity("logit_rise_shuffled_ratio", unit: "of that on the texts", per: "run")
    private static let probability = Quantity("probability_rise", per: "text")
    private static let loss = Quantity("loss_rise", unit: "nats", per: "text", isHeadline: true)
    private static let lossOthers = Quantity("loss_rise_other_heads", unit: "nats", per: "text")
    private static let copied = Quantity("probability_of_repetition"),
        copiedShuffled = Quantity("probability_of_repetition_shuffled")

    public let claims = [
        Claim(
            .worst, "By their weights the heads put the own logit of many tokens among the ten lowest", share,
            .atLeast(0.3), control: "Other heads of the same layers do so with hardly any", shareOthers, .atMost(0.05)),
        Claim(
            .worst,
            "On texts on which they were not chosen the heads lower the logits of the tokens that they attend to",
            direct, .atMost(-0.2),
            control:
                "By the same attention they leave alone the logits of the text's tokens put in other places",
            directElsewhere, .within(0.1, of: 0)),
        Claim(
            .mean, "Without them the most probable of the tokens said before gains", rise, .atLeast(0.05),
            control: "Without as many other heads of the same layers it does not", riseOthers, .atMost(0.02)
        ).and(.value, riseEnd, .atLeast(0.02)),
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, model) = (settings.study, try await context.load(settings.model))
        try study.check(model)
        // One pass through the model uses every core.
        var trials = Trials(context, count: settings.seeds)
        trials.width = 1
        let outcomes = try await trials.run("removing heads") { trial in
            try study.run(model, key: trial.key) { fraction in
                trial.session.reporter.progress("removing heads", fraction)
                try trial.checkpoint()
            }
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(outcomes, measured), claims: claims, from: measured) {
            measured.metrics(Self.share, Self.direct, Self.rise, Self.loss)
            measured.metrics(
                Self.shareOthers, Self.directElsewhere, Self.directRatio, Self.riseOthers, Self.riseShuffled,
                Self.riseEnd)
            measured.metrics(Self.riseRatio, Self.probability, Self.lossOthers, Self.copied, Self.copiedShuffled)
            effects("direct_effects", "Direct effect on the tokens attended to, first seed", outcomes[0].direct)
            HeatMap(
                table: "direct_effects", title: "Direct effect of each head on the tokens that it attends to",
                caption:
                    "What each head adds to the logits of earlier tokens by attending to them, less the mean logit, "
                    + "mean over positions of the test texts.", center: 0, valueLabel: "logits")
            effects("direct_effects_shuffled", "The same with the tokens in another order", outcomes[0].directShuffled)
            measured.barChart(
                title: "Rise of what was said before without the heads",
                caption: "Rise of the logit of the most probable token said before.",
                y: Axis("rise", unit: "logits"),
                [
                    "without the heads": Self.rise, "without others": Self.riseOthers,
                    "without the heads, texts shuffled": Self.riseShuffled,
                ])
            for (index, outcome) in outcomes.enumerated() {
                "Seed \(index): the heads are \(Phrase.list(outcome.chosen.map(\.description))), which put "
                    + "\(Phrase.list(outcome.suppressed.map { Phrase.percent($0) })) of tokens among the ten lowest. The first "
                    + "text: “\(outcome.sample)”"
            }
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        measured[Self.share] = outcomes.map { Statistics.mean($0.suppressed) }
        measured[Self.shareOthers] = outcomes.map { Statistics.mean($0.suppressedByOthers) }
        measured[Self.direct] = outcomes.map { $0.direct($0.direct) }
        measured[Self.directElsewhere] = outcomes.map { $0.direct($0.directElsewhere) }
        measured[Self.directRatio] = outcomes.map { $0.direct($0.directShuffled) / $0.direct($0.direct) }
        measured[Self.rise] = outcomes.flatMap(\.removal.logits)
        measured[Self.riseShuffled] = outcomes.flatMap(\.removalShuffled.logits)
        measured[Self.riseOthers] = outcomes.flatMap { $0.removalOfOthers.flatMap(\.logits) }
        measured[Self.probability] = outcomes.flatMap(\.removal.probabilities)
        measured[Self.loss] = outcomes.flatMap(\.removal.losses)
        measured[Self.lossOthers] = outcomes.flatMap { $0.removalOfOthers.flatMap(\.losses) }
        measured[Self.copied] = outcomes.map(\.copied)
        measured[Self.copiedShuffled] = outcomes.map(\.copiedShuffled)
        measured.setLowerEnd(Self.riseEnd, of: Self.rise)
        measured.set(
            Self.riseRatio, Statistics.mean(measured[Self.riseShuffled]) / Statistics.mean(measured[Self.rise]))
        return measured
    }

    private func effects(_ name: String, _ title: String, _ values: [[Double]]) -> Table {
        Table(
            name, title: title, rowLabel: "layer", columnLabel: "head", rows: values.indices.map { "\($0)" },
            columns: (values.first ?? []).indices.map { "\($0)" }, values: values, unit: "logits")
    }

    private func summary(_ outcomes: [Outcome], _ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let heads = Array(Set(outcomes.flatMap(\.chosen))).sorted().map(\.description)
        return
            "Heads \(Phrase.list(heads)) put the own logit of \(percent(Self.share)) of tokens among the ten lowest, others "
            + "of their layers \(percent(Self.shareOthers)). On texts they add \(number(Self.direct)) logits to the tokens that "
            + "they attend to, by the same attention \(number(Self.directElsewhere)) to tokens of other places, and with the tokens in "
            + "another order \(percent(Self.directRatio)) of the first. Without them the most "
            + "probable of the tokens said before gains \(number(Self.rise)) logits and the text's cross-entropy rises by "
            + "\(number(Self.loss)) nats; without others \(number(Self.riseOthers)) and \(number(Self.lossOthers))."
    }
}
