internal import Foundation
internal import PlumbData
internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
internal import PlumbNN
internal import PlumbRecords
internal import PlumbTensor

/// Turns what was measured of trained copiers into metrics, claims, tables, figures and sentences.
struct InductionHeadsFindings {
    let settings: InductionHeads.Settings
    let trained: [InductionStudy.Outcome]
    let seed: UInt64

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, tables: tables, figures: figures, notes: notes)
    }

    // MARK: Numbers

    private func mean(_ value: (InductionStudy.Outcome) -> Double) -> Double { Statistics.mean(trained.map(value)) }

    private func metric(_ name: String, _ value: (InductionStudy.Outcome) -> Double) -> Metric {
        let values = trained.map(value)
        let bounds = Statistics.bootstrapMean(values, key: RandomKey(seed)[name])
        let interval = Interval(lower: bounds.lower, upper: bounds.upper, method: "bootstrap over models")
        return Metric(
            name, Statistics.mean(values), interval: values.count > 1 ? interval : nil, n: values.count, seeds: [seed])
    }

    private var metrics: [Metric] {
        [
            metric("copying_accuracy", \.accuracy), metric("one_layer_accuracy", \.oneLayer),
            metric("accuracy_without_induction_heads", \.withoutInduction),
            metric("accuracy_without_previous_token_heads", \.withoutPrevious),
            metric("accuracy_without_other_heads", \.withoutOthers),
            metric("induction_score") { $0.scores.induction.joined().max() ?? 0 },
            metric("previous_token_score") { $0.scores.previousToken.joined().max() ?? 0 },
            metric("composition_ratio") { $0.compositionRatio.ratio },
            metric("composition_ratio_untrained", \.untrainedRatio),
        ]
    }

    private var claims: [ClaimResult] {
        let (n, seeds) = (trained.count, [seed])
        let (copying, one) = (mean(\.accuracy), mean(\.oneLayer))
        let without = mean { max($0.withoutInduction, $0.withoutPrevious) / $0.accuracy }
        let others = mean { $0.withoutOthers / $0.accuracy }
        let (ratio, untrained) = (mean { $0.compositionRatio.ratio }, mean(\.untrainedRatio))
        return [
            ClaimResult(
                "Two layers of attention copy repeated random tokens", threshold: "at least 0.9 of them",
                observed: copying, holds: copying >= 0.9,
                control: ControlResult(
                    "One layer, trained alike", threshold: "at most 0.25", observed: one, holds: one <= 0.25),
                n: n, seeds: seeds),
            ClaimResult(
                "Copying needs the heads found by their attention: without the induction heads, and without the "
                    + "previous-token heads, less is left", threshold: "at most 0.5 of the accuracy", observed: without,
                holds: without <= 0.5,
                control: ControlResult(
                    "Without heads outside the circuit, drawn at random, as many as previous-token heads",
                    threshold: "at least 0.8 of the accuracy",
                    observed: others, holds: others >= 0.8),
                n: n, seeds: seeds),
            ClaimResult(
                "The best induction head reads what the best previous-token head writes, by the composition of their "
                    + "weights",
                threshold: "at least 1.25 times other pairs' mean, by the stronger of keys and queries",
                observed: ratio,
                holds: ratio >= 1.25,
                control: ControlResult(
                    "The same heads before training, by the stronger of keys and queries",
                    threshold: "at most 1.15 times", observed: untrained,
                    holds: untrained <= 1.15),
                n: n, seeds: seeds),
        ]
    }

    private var summary: String {
        let kinds = trained.map(\.compositionRatio.kind.rawValue)
        let ways = Set(kinds).sorted().map { kind in "\(kind)-composition in \(kinds.count { $0 == kind })" }
        return
            "Two layers copy \(percent(mean(\.accuracy))) of repeated tokens, one layer \(percent(mean(\.oneLayer))); "
            + "without the induction heads \(percent(mean(\.withoutInduction))) are left, without the previous-token "
            + "heads \(percent(mean(\.withoutPrevious))), without as many others as these \(percent(mean(\.withoutOthers))). "
            + "The found heads are joined by \(ways.joined(separator: " and ")) of \(trained.count) models."
    }

    private var notes: [String] {
        var notes = trained.enumerated().map { index, copier in
            func list(_ heads: [AttentionHead]) -> String { heads.map(\.description).joined(separator: ", ") }
            return "Model \(index): induction heads \(list(copier.heads.induction)); previous-token heads "
                + "\(list(copier.heads.previous)); \(copier.compositionRatio.kind.rawValue)-composition of the best two "
                + "is \(String(format: "%.2f", copier.compositionRatio.ratio)) times other pairs'."
        }
        if trained.contains(where: { copier in copier.heads.others.allSatisfy { $0.layer == 0 } }) {
            notes.append(
                "Where every head of the second layer became an induction head, the control's heads are of the first.")
        }
        if trained.contains(where: \.withoutOthers.isNaN) {
            notes.append(
                "A model has fewer heads outside the circuit than previous-token heads: what its control would take out is "
                    + "not there, so it cannot hold.")
        }
        notes.append("The thresholds of composition were set after looking at seeds 101 and 102.")
        return notes
    }

    private func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }

    // MARK: Tables and figures

    private var tables: [Table] {
        let heads = (0..<settings.heads).map { "\($0)" }
        func scores(_ name: String, _ title: String, _ values: [[Double]]) -> Table {
            Table(
                name, title: title, rowLabel: "layer", columnLabel: "head", rows: values.indices.map { "\($0)" },
                columns: heads, values: values)
        }
        guard let first = trained.first else { return [] }
        let kind = first.compositionRatio.kind
        let pairs = Table(
            "composition", title: "\(kind.rawValue)-composition, model 0", rowLabel: "head of layer 0",
            columnLabel: "head of layer 1", rows: heads, columns: heads, values: first.composition.scores[kind] ?? [])
        let pattern = pattern(of: first)
        return [
            scores(
                "induction", "Attention to the token after the previous occurrence, model 0", first.scores.induction),
            scores("previous_token", "Attention to the token before, model 0", first.scores.previousToken), pairs,
            Table(
                "pattern", title: "Attention of head \(first.heads.induction.first?.description ?? "")",
                rowLabel: "from", columnLabel: "to", rows: pattern.labels, columns: pattern.labels,
                values: pattern.values),
        ]
    }

    /// The best induction head's attention on one row of tokens that repeat after nine.
    private func pattern(of copier: InductionStudy.Outcome) -> (labels: [String], values: [[Double]]) {
        let period = min(max(9, settings.shortest), settings.longest)
        let length = min(settings.length, 3 * period)
        let source = RepeatedTokens(
            vocabulary: settings.vocabulary, length: length, period: period...period, key: RandomKey(seed)["shown"])
        let tokens = Array(source.batch(1, step: 0).tokens[0])
        guard let head = copier.heads.induction.first,
            let map = copier.curves.two.model.run(tokens, recording: .sites(.pattern)).cache[
                .block(head.layer, .pattern)]
        else { return ([], []) }
        let values = map[head.head]
        return (
            tokens.map { "\($0)" },
            (0..<length).map { row in values[row].elements.map(Double.init) }
        )
    }

    private var figures: [Figure] {
        [
            .lineChart(chart), .barChart(bars),
            .heatMap(
                HeatMap(
                    table: "pattern", title: "What an induction head attends to",
                    caption: "Attention of the best induction head of model 0 on random tokens that repeat: from the "
                        + "second time on, each token attends to the one after its last occurrence.",
                    domain: .init(0, 1), valueLabel: "attention")),
            .heatMap(
                HeatMap(
                    table: "composition", title: "Which heads read which",
                    caption: "Composition of each head of the first layer with each of the second, from the weights of "
                        + "model 0.", valueLabel: "composition")),
        ]
    }

    /// Means over models at each evaluation, with the models' range.
    private func series(_ name: String, _ curve: (InductionStudy.Outcome) -> (steps: [Double], values: [Double]))
        -> LineChart.Series
    {
        let curves = trained.map(curve)
        let steps = curves.first?.steps ?? []
        let columns = steps.indices.map { index in
            curves.compactMap { $0.values.indices.contains(index) ? $0.values[index] : nil }
        }
        return LineChart.Series(
            name, x: steps, y: columns.map(Statistics.mean), lower: columns.map { $0.min() ?? .nan },
            upper: columns.map { $0.max() ?? .nan })
    }

    private var chart: LineChart {
        LineChart(
            title: "Copying appears together with its heads",
            caption: "The part of repeated tokens copied by two layers and by one, and in two layers the best heads' "
                + "attention scores: induction and previous token. Lines are means over models, bands their range.",
            x: Axis("step"), y: Axis("accuracy or score"),
            series: [
                series("two layers") { $0.curves.two.curve(InductionStudy.Measure.copying) },
                series("induction") { $0.curves.two.curve(InductionStudy.Measure.induction) },
                series("previous token") { $0.curves.two.curve(InductionStudy.Measure.previousToken) },
                series("one layer") { $0.curves.one.curve(InductionStudy.Measure.copying) },
            ])
    }

    private var bars: BarChart {
        let values: [(String, (InductionStudy.Outcome) -> Double)] = [
            ("whole", \.accuracy), ("no induction heads", \.withoutInduction),
            ("no previous-token heads", \.withoutPrevious), ("no other heads", \.withoutOthers),
            ("one layer", \.oneLayer),
        ]
        return BarChart(
            title: "What copying needs",
            caption:
                "Accuracy on repeated tokens with heads replaced by what they read on average; others are "
                + "heads outside the circuit, as many as previous-token heads. Bars are means over models, lines their range.",
            categories: values.map(\.0), categoryLabel: "model", y: Axis("accuracy"),
            series: [
                .init(
                    "accuracy", values: values.map { mean($0.1) },
                    lower: values.map { trained.map($0.1).min() ?? .nan },
                    upper: values.map { trained.map($0.1).max() ?? .nan })
            ])
    }
}
