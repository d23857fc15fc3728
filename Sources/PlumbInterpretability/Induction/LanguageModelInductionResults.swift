internal import PlumbBasics
internal import PlumbData
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// The induction heads of a language model that was trained elsewhere: what is lost without them, an outcome a seed.
public struct LanguageModelInductionResults {
    private let study: LanguageModelInduction
    private let natural: TextInduction
    private let name: String
    private let outcomes: [LanguageModelInduction.Outcome]
    private let measured: Measurements

    /// Finds and removes the heads of the model `name`, on random tokens and where one is named on a text.
    ///
    /// - Throws: `SettingsError` for a text or sizes that do not fit the model; `ModelError` and the errors of files
    ///   where the model cannot be had; `RunInterrupted`.
    public init(
        _ study: LanguageModelInduction, _ natural: TextInduction, of name: String, seeds count: Int,
        in context: inout RunContext
    ) async throws {
        let model = try await context.load(name)
        try study.check(model)
        let text = try natural.text.map { path in
            let (tokens, data) = try natural.read(path, for: model)
            context.record(
                input: InputFile(path: path, sha256: FileHash.sha256(of: data), bytes: data.count, role: "text"))
            return tokens
        }
        // One pass through the model uses every core.
        var trials = Trials(context, count: count)
        trials.width = 1
        let results = try await trials.run("removing heads") { trial in
            let outcome = try study.run(model, key: trial.key) { try trial.checkpoint() }
            let onText = try text.map { tokens in
                try natural.run(
                    model, tokens: tokens, heads: outcome.fewest?.heads ?? [], others: outcome.others, key: trial.key
                ) { try trial.checkpoint() }
            }
            return Examined(outcome: outcome, text: onText)
        }
        let outcomes = results.map(\.outcome)
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.dropLeft] = outcomes.map { $0.fewest?.left ?? .nan }
        measured[Self.dropLeftWithoutOthers] = outcomes.map { $0.fewest?.leastWithoutOthers ?? .nan }
        measured[Self.meanWithoutOthers] = outcomes.map { Statistics.mean($0.fewest?.leftWithoutOthers ?? []) }
        measured[Self.drop] = outcomes.map(\.intact.drop)
        measured[Self.headCount] = outcomes.map { $0.fewest.map { Double($0.heads.count) } ?? .nan }
        measured[Self.firstLoss] = outcomes.map(\.intact.first)
        measured[Self.repeatedLoss] = outcomes.map(\.intact.repeated)
        measured[Self.firstWithout] = outcomes.map(\.without.first)
        measured[Self.repeatedWithout] = outcomes.map(\.without.repeated)
        measured[Self.rise] = outcomes.flatMap { $0.fewest == nil ? [.nan] : $0.rises }
        measured[Self.riseShuffled] = outcomes.flatMap { $0.fewest == nil ? [.nan] : $0.risesShuffled }
        measured[Self.dropShuffled] = outcomes.map(\.dropShuffled)
        measured.setLowerEnd(Self.riseEnd, of: Self.rise)
        let onText = results.compactMap(\.text)
        measured[Self.textDrop] = onText.map(\.drop)
        measured[Self.textLost] = onText.map(\.lost)
        measured[Self.textLostOthers] = onText.map { Statistics.mean($0.lostWithoutOthers) }
        (self.study, self.natural, self.name) = (study, natural, name)
        (self.outcomes, self.measured) = (outcomes, measured)
    }

    private struct Examined: Codable, Sendable {
        let outcome: LanguageModelInduction.Outcome
        let text: TextInduction.Outcome?
    }

    private static func share(_ name: String) -> Quantity {
        Quantity(name, unit: "of the loss drop", isHeadline: true)
    }
    private static let dropLeft = share("loss_drop_left_without_induction_heads")
    private static let dropLeftWithoutOthers = share("loss_drop_left_without_others_of_the_layers")
    private static let meanWithoutOthers = Quantity("mean_loss_drop_left_without_others", unit: "of the loss drop")
    private static let drop = Quantity("loss_drop", unit: "nats", isHeadline: true)
    private static let headCount = Quantity("induction_heads", unit: "heads")
    private static let firstLoss = Quantity("first_occurrence_loss", unit: "nats")
    private static let repeatedLoss = Quantity("repetition_loss", unit: "nats")
    private static let firstWithout = Quantity("first_occurrence_loss_without_induction_heads", unit: "nats")
    private static let repeatedWithout = Quantity("repetition_loss_without_induction_heads", unit: "nats")
    private static let rise = Quantity("repetition_loss_rise_without_induction_heads", unit: "nats", per: "row")
    private static let riseShuffled = Quantity("shuffled_repetition_loss_rise", unit: "nats", per: "row")
    private static let riseEnd = Quantity("repetition_loss_rise_lower_end", unit: "nats", per: "run")
    private static let dropShuffled = Quantity("shuffled_loss_drop", unit: "nats")
    private static let textDrop = Quantity("text_loss_drop", unit: "nats")
    private static let textLost = Quantity("text_loss_drop_lost_without_induction_heads", unit: "nats")
    private static let textLostOthers = Quantity("text_loss_drop_lost_without_others", unit: "nats")

    /// What is claimed of the heads of the highest scores and of others of their layers.
    public static let claims = [
        Claim(
            .worst, "Without the few heads of the highest scores most of the loss drop is gone", dropLeft, .atMost(0.5),
            control: "Without any drawn set of as many other heads of the same layers little of it is",
            dropLeftWithoutOthers, .atLeast(0.8)
        )
        .development(missed: 0, of: 11),
        Claim(
            .mean, "Without the heads the repetition is much less probable", rise, .atLeast(2),
            control: "Where the same tokens are repeated in another order, it hardly becomes less probable",
            riseShuffled, .within(0.3, of: 0)
        ).and(.value, riseEnd, .atLeast(1)),
    ]

    /// All numbers, tables and figures.
    public var findings: Findings {
        Findings(summary: summary, claims: Self.claims, from: measured) {
            measured.metrics(
                Self.dropLeft, Self.dropLeftWithoutOthers, Self.drop, Self.meanWithoutOthers, Self.headCount,
                Self.firstLoss, Self.repeatedLoss, Self.firstWithout, Self.repeatedWithout)
            measured.metrics(Self.rise, Self.riseShuffled, Self.riseEnd, Self.dropShuffled)
            if natural.text != nil {
                measured.metrics(Self.textDrop, Self.textLost, Self.textLostOthers)
            }
            InductionFigures.scores(
                "prefix_matching", "Attention to the token after the previous occurrence, first seed",
                outcomes[0].scores)
            HeatMap(
                table: "prefix_matching", title: "Few heads attend to the token after the previous occurrence",
                caption: "Mean attention of each head on repeated random tokens, first seed.", domain: .init(0, 1),
                valueLabel: "attention")
            LineChart(
                title: "The loss drop goes with the first few heads",
                caption:
                    "The part of the loss drop left without the heads of the highest scores, on the rows that they "
                    + "are chosen on; a line is a seed.",
                x: Axis("heads removed"), y: Axis("part of the loss drop"),
                series: outcomes.enumerated().map { index, outcome in
                    LineChart.Series(
                        "seed \(index)", x: [0] + outcome.counts.map(Double.init), y: [1] + outcome.leftByCount)
                })
            for (index, outcome) in outcomes.enumerated() { note(index, outcome) }
        }
    }

    private func note(_ index: Int, _ outcome: LanguageModelInduction.Outcome) -> String {
        guard let fewest = outcome.fewest else {
            return "Seed \(index): the loss drop does not fall far enough without any number of heads."
        }
        let heads = fewest.heads.map { "\($0) (\(Phrase.number(outcome.scores[$0.layer][$0.head])))" }
        return "Seed \(index): the fewest heads, with their scores, are \(Phrase.list(heads))."
    }

    private var summary: String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return "\(name) predicts random tokens \(number(Self.drop)) nats better when they are repeated. Without "
            + "\(number(Self.headCount)) induction heads \(percent(Self.dropLeft)) of that is left on other tokens; "
            + "without as many other heads of the same layers, \(percent(Self.meanWithoutOthers)) on average over "
            + "\(study.draws) draws and \(percent(Self.dropLeftWithoutOthers)) in the most harmful. Their removal raises "
            + "the repetition's loss by \(number(Self.rise)) nats, and by \(number(Self.riseShuffled)) where the same tokens are "
            + "repeated in another order."
            + (natural.text == nil
                ? ""
                : " On the text late tokens are predicted \(number(Self.textDrop)) nats better than early ones; without "
                    + "the heads \(number(Self.textLost)) nats of that are lost, without as many others of their layers "
                    + "\(number(Self.textLostOthers)) on average.")
    }
}
