internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Tables and figures of small models that learned to copy, and what there is to say of them.
public struct InductionFigures {
    private let outcomes: [InductionStudy.Outcome]
    private let measured: Measurements
    private let study: InductionStudy
    private var first: InductionStudy.Outcome { outcomes[0] }

    /// Tables and figures of one or more outcomes of a study.
    public init(outcomes: [InductionStudy.Outcome], measured: Measurements, study: InductionStudy) {
        (self.outcomes, self.measured, self.study) = (outcomes, measured, study)
    }

    /// The scores of the first model's heads.
    public var scores: [Table] {
        [
            Self.scores(
                "induction", "Attention to the token after the previous occurrence, model 0", first.scores.induction),
            Self.scores("previous_token", "Attention to the previous token, model 0", first.scores.previousToken),
        ]
    }

    /// How strongly the first model's heads of the second layer read what those of the first write.
    public var composition: Table {
        let kind = first.heads.compositionRatio(first.composition).kind
        let heads = (0..<study.heads).map { "\($0)" }
        return Table(
            "composition", title: "\(kind.rawValue)-composition, model 0", rowLabel: "head of layer 0",
            columnLabel: "head of layer 1", rows: heads, columns: heads,
            values: first.composition.scores[kind] ?? [])
    }

    /// What the first model's best induction head attends to.
    public var pattern: Table {
        Table(
            "pattern", title: "Attention of head \(first.heads.induction.first?.description ?? "")",
            rowLabel: "query token", columnLabel: "key token", rows: first.tokens, columns: first.tokens,
            values: first.pattern)
    }

    /// ``pattern`` as a heat map.
    public var patternMap: HeatMap {
        HeatMap(
            table: "pattern", title: "What an induction head attends to",
            caption: "Attention of the best induction head of model 0 on random tokens that repeat: after the "
                + "first period, each token attends to the one after its last occurrence.",
            domain: .init(0, 1), valueLabel: "attention", columnsAreTokens: true)
    }

    /// A sentence a model.
    public var notes: [String] { outcomes.enumerated().map { note($0, $1) } }

    /// Copying and the heads' scores along training.
    public var curves: LineChart {
        func line(_ name: String, _ curves: [[FitEvaluation]], _ measure: InductionStudy.Measure) -> LineChart.Series {
            let longest = curves.max { $0.count < $1.count } ?? []
            return measured.line(
                name, over: longest.map { Double($0.step) }, curves: curves.map { $0.map { $0[measure] } }, band: .range
            )
        }
        let two = outcomes.map(\.two)
        return LineChart(
            title: "Copying appears together with its heads",
            caption: "The fraction of repeated tokens copied by two layers and by one, and the best attention scores "
                + "of two layers. Lines are means over models still in training, bands their range.",
            x: Axis("step"), y: Axis("accuracy or score"),
            series: [
                line("two layers", two, .copying), line("induction", two, .induction),
                line("previous token", two, .previousToken), line("one layer", outcomes.map(\.one), .copying),
            ])
    }

    /// What is left without heads, by how many are removed.
    public var removal: LineChart {
        LineChart(
            title: "Few heads of the first layer matter; those of the second stand in for each other",
            caption:
                "Accuracy left without the most harmful heads of a layer, chosen on other rows. Lines are means over "
                + "models, bands their range.",
            x: Axis("heads removed"), y: Axis("part of the accuracy"),
            series: (0..<2).map { layer in
                measured.line(
                    layer == 0 ? "first layer" : "second layer", over: (0...study.heads).map(Double.init),
                    curves: outcomes.map { [1] + $0.leftByCount[layer] }, band: .range)
            })
    }

    static func scores(_ name: String, _ title: String, _ values: [[Double]]) -> Table {
        Table(
            name, title: title, rowLabel: "layer", columnLabel: "head", rows: values.indices.map { "\($0)" },
            columns: (values.first ?? []).indices.map { "\($0)" }, values: values)
    }

    private func note(_ index: Int, _ outcome: InductionStudy.Outcome) -> String {
        guard outcome.isConverged else {
            return "Model \(index) did not converge within \(study.steps) steps and is not judged."
        }
        let needed = outcome.fewest.enumerated().map { layer, fewest in
            let names = Phrase.list(fewest.heads.map(\.description))
            return fewest.leftWithoutOthers.isEmpty
                ? "\(names) of layer \(layer), which leaves too few others for a control" : "\(names) of layer \(layer)"
        }
        let (kind, ratio) = outcome.heads.compositionRatio(outcome.composition)
        return "Model \(index): the fewest heads without which copying fails are \(Phrase.list(needed)); "
            + "\(kind.rawValue)-composition of the best two is \(Phrase.number(ratio)) times that of other pairs."
    }

    /// What was found, in sentences.
    public var summary: String {
        let judged = outcomes.filter(\.isConverged)
        guard !judged.isEmpty else { return "No model converged, so that nothing was judged." }
        func percent(_ value: (InductionStudy.Outcome) -> Double) -> String {
            Phrase.percent(Statistics.mean(judged.map(value).filter { !$0.isNaN }))
        }
        func number(_ value: (InductionStudy.Outcome) -> Double) -> String {
            Phrase.number(Statistics.mean(judged.map(value)))
        }
        let (half, without) = (
            max(1, study.heads / 2), judged.count { $0.fewest[1].leftWithoutOthers.isEmpty }
        )
        return
            "Two layers copy \(percent(\.accuracy)) of repeated tokens, one layer \(percent(\.oneLayer)). Without the "
            + "fewest heads of the first layer that matter (\(number { Double($0.fewest[0].heads.count) }) on average) "
            + "\(percent { $0.fewest[0].left }) of the accuracy is left; without the most harmful set of as many others of "
            + "that layer, \(percent { $0.fewest[0].leastWithoutOthers }). In the second layer no few heads are needed: "
            + "without the most harmful \(half) of \(study.heads), \(percent { $0.leftByCount[1][half - 1] }) is "
            + "left; copying fails without \(number { Double($0.fewest[1].heads.count) }), and in \(without) of "
            + "\(judged.count) models that leaves too few others for a control. \(outcomes.count - judged.count) of "
            + "\(outcomes.count) did not converge."
    }
}
