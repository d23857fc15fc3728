internal import PlumbLearning
public import PlumbRecords

extension LanguageModelGraphStudy.Outcome {
    /// Correlations and scores prompt by prompt.
    public func promptTable(_ measured: Measurements) -> Table {
        let columns: KeyValuePairs<String, (TwoHopStudy.Result) -> Double> = [
            "features": { Double($0.predicted.count) }, "correlation": { $0.correlation },
            "attention held": { $0.held },
            "replacement": { $0.replacement }, "completeness": { $0.completeness },
        ]
        return measured.table(
            "prompts", title: "Prompt by prompt", rowLabel: "prompt", columnLabel: "", rows: prompts.map(\.text),
            columns: columns.map(\.key), cells: prompts.map { prompt in columns.map { [$0.value(prompt.result)] } })
    }

    /// How much features of each block change, as graphs predict it and as the model shows it.
    public var blockChart: LineChart {
        let x = blocks.indices.map(Double.init)
        return LineChart(
            title: "Changes by the block of the feature",
            caption: "Mean absolute change of the logit difference when a feature of the block is taken away.",
            x: Axis("block"), y: Axis("change", unit: "logits"),
            series: [
                LineChart.Series("predicted", x: x, y: blocks.map(\.predicted)),
                LineChart.Series("measured", x: x, y: blocks.map(\.measured)),
            ])
    }
}

extension TranscoderStudy.Outcome {
    /// What the transcoder of each block explains.
    public var chart: LineChart {
        LineChart(
            title: "What the transcoders explain",
            caption:
                "One less the squared error as a share of the variance of what each MLP writes, on text that was not "
                + "trained on.", x: Axis("block"), y: Axis("explained variance"),
            series: [LineChart.Series("transcoders", x: explained.indices.map(Double.init), y: explained)])
    }
}
