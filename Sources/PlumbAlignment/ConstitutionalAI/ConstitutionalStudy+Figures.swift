internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

extension ConstitutionalStudy {
    /// How often answers break the rule, by the critic's chance of an error.
    public func violations(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Training on revisions helps while the critic is right more often than not",
            caption:
                "Answers to provoking prompts that break the rule, against the critic's chance of an error. Mean and "
                + "range over \(outcomes.count) seeds.",
            x: Axis("the critic's chance of an error"), y: Axis("answers that break the rule"),
            series: [
                measured.line(
                    "revised answers", over: errors,
                    curves: outcomes.map { $0.critics.map { $0.revised[$0.revised.count - 1] } }, band: .range),
                measured.line(
                    "trained on them", over: errors, curves: outcomes.map { $0.critics.map(\.tuned) },
                    band: .range),
                measured.line(
                    "chosen by the preference model", over: errors,
                    curves: outcomes.map { $0.critics.map(\.chosen) }, band: .range),
            ], references: [ReferenceValue("generator", Statistics.mean(outcomes.map(\.generator)))])
    }

    /// What a preference model learns from the critic's labels.
    public func preferences(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "What a preference model learns from a critic's labels",
            caption:
                "Fresh comparisons in which it agrees with the critic, and in which it prefers the answer that keeps to "
                + "the rule. Mean and range over \(outcomes.count) seeds.",
            x: Axis("the critic's chance of an error"), y: Axis("share of comparisons"),
            series: [
                measured.line(
                    "agrees with the critic", over: errors, curves: outcomes.map { $0.critics.map(\.agreement) },
                    band: .range),
                measured.line(
                    "is right", over: errors, curves: outcomes.map { $0.critics.map(\.accuracy) }, band: .range),
                LineChart.Series("labels that are right", x: errors, y: errors.map { 1 - $0 }),
            ])
    }

    /// How often answers break the rule, by rounds of critique and revision.
    public func roundChart(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Round after round", caption: "Answers that break the rule, by rounds of critique and revision.",
            x: Axis("rounds"), y: Axis("answers that break the rule"),
            series: errors.enumerated().map { index, error in
                measured.line(
                    "errors \(Phrase.percent(error))", over: (0...rounds).map(Double.init),
                    curves: outcomes.map { $0.critics[index].revised }, band: .range)
            })
    }

    /// Everything that is measured of each critic.
    public func table(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        let columns: KeyValuePairs<String, (Result) -> Double> = [
            "revised": { $0.revised.last ?? .nan }, "trained": \.tuned, "helpful tokens": \.helpful,
            "agreement": \.agreement, "accuracy": \.accuracy, "chosen": \.chosen,
        ]
        let rows = errors.indices.map { index in outcomes.map { $0.critics[index] } }
        return measured.table(
            "critics", title: "Critic by critic", rowLabel: "critic", columnLabel: "",
            rows: errors.map { "errors \(Phrase.percent($0))" } + ["unrelated rule", "random labels"],
            columns: columns.map(\.key),
            cells: (rows + [outcomes.map(\.unrelated), outcomes.map(\.shuffled)]).map { results in
                columns.map { results.map($0.value) }
            }, band: .range)
    }
}
