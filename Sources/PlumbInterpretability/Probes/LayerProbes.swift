public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// One probe a layer for labels of texts, read from the residual stream at each text's last token, with the controls of a
/// ``ProbeReport``; the layer is chosen by examples that judge nothing.
public struct LayerProbes: Sendable {
    /// The layers that are read, from 0.
    public let layers: [Int]
    /// How probes are fitted.
    public let method: ProbeMethod
    /// The area under the ROC curve of each layer's probe on the validation examples.
    public let validation: [Double]
    /// What judges each layer's probe, on the test examples.
    public let reports: [ProbeReport]
    /// Which of ``layers`` has the largest area on the validation examples.
    public let chosen: Int
    /// Which examples fitted, chose and judged.
    public let split: ProbeSplit

    /// Probes of activations.
    ///
    /// - Parameters:
    ///   - streams: activations of each layer, `[N, D]`.
    ///   - layers: their numbers.
    ///   - labels: of each example.
    ///   - groups: of each example; none is divided between examples that fit and those that judge.
    ///   - method: how probes are fitted.
    ///   - controls: how often labels are shuffled and features drawn.
    ///   - key: of the split, the controls and the intervals.
    ///   - checkpoint: called before each layer with the share that is done; may throw to end the work.
    /// - Throws: ``ProbeError`` for too few groups, a part of one class, or activations that are not numbers; what
    ///   `checkpoint` throws.
    public init(
        _ streams: [Tensor], layers: [Int], labels: [Bool], groups: [String], method: ProbeMethod, controls: Int = 10,
        key: RandomKey, checkpoint: (Double) throws -> Void = { _ in }
    ) throws {
        require(
            streams.count == layers.count && !layers.isEmpty,
            "probes of \(layers.count) layers need as many activations, got \(streams.count)")
        let split = try ProbeSplit(groups: groups, labels: labels, key: key)
        var (areas, reports) = ([Double](), [ProbeReport]())
        for (index, stream) in streams.enumerated() {
            try checkpoint(Double(index) / Double(streams.count))
            let examples = try ProbeExamples(DoubleMatrix(stream), labels: labels, groups: groups)
            let report = try ProbeReport(
                method, training: examples.selecting(split.training), test: examples.selecting(split.test),
                controls: controls, key: key["layer"][layers[index]])
            areas.append(report.probe.auroc(examples.selecting(split.validation)))
            reports.append(report)
        }
        guard let chosen = LayerChoice.best.layer(areas) else {
            throw ProbeError("no layer's area under the ROC curve is a number")
        }
        (self.layers, self.method, validation, self.reports) = (layers, method, areas, reports)
        (self.chosen, self.split) = (chosen, split)
    }

    /// The report of the chosen layer.
    public var best: ProbeReport { reports[chosen] }
}

extension LayerProbes {
    /// The directions as a file: of each layer `blocks.N.hook_resid_post.direction` `[D]` and `….offset` `[1]`, whose score
    /// `direction · x + offset` is above 0 for positive examples. The chosen layer stands in the metadata.
    ///
    /// - Throws: `FileError` when the file cannot be written.
    public func write(to url: URL, model: String) throws {
        var writer = SafetensorsWriter(
            metadata: [
                "format": "plumbline-probes", "model": model, "method": method.title, "layer": "\(layers[chosen])",
                "auroc": "\(best.auroc)",
            ])
        for (layer, report) in zip(layers, reports) {
            let name = "\(HookPoint.block(layer, .residPost))"
            writer.add("\(name).direction", Tensor(report.probe.direction.map(Float.init)))
            writer.add("\(name).offset", Tensor([Float(report.probe.offset)]))
        }
        try writer.write(to: url)
    }

    /// The directions as a vector that steers, each of length 1 and toward positive examples.
    public func controlVector(modelHint: String = "") -> ControlVector {
        var directions: [Int: Tensor] = [:]
        for (layer, report) in zip(layers, reports) {
            let length = report.probe.direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
            directions[layer] = Tensor(report.probe.direction.map { Float($0 / max(length, .leastNormalMagnitude)) })
        }
        return ControlVector(directions, modelHint: modelHint)
    }

    /// The probes as a table and a chart.
    public func findings(of model: String) -> Findings {
        func mean(_ values: [Double]) -> Double { Statistics.mean(values) }
        let x = layers.map(Double.init)
        func series(_ name: String, _ values: (ProbeReport) -> [Double]) -> LineChart.Series {
            let all = reports.map(values)
            return LineChart.Series(
                name, x: x, y: all.map(mean), lower: all.map(Statistics.least), upper: all.map(Statistics.greatest))
        }
        let areas = reports.map(\.auroc)
        return Findings(
            summary: summary(of: model),
            metrics: [
                Metric("auroc", best.auroc, interval: best.interval, n: split.test.count, isHeadline: true),
                Metric(
                    "auroc_shuffled_labels", mean(best.shuffledLabels), values: best.shuffledLabels, isHeadline: true),
                Metric(
                    "auroc_random_features", mean(best.randomFeatures), values: best.randomFeatures, isHeadline: true),
                Metric("layer", Double(layers[chosen]), isHeadline: true), Metric("accuracy", best.accuracy),
                Metric("auroc_validation", validation[chosen], n: split.validation.count),
            ],
            tables: [
                Table(
                    "layers", title: "Probes by layer", rowLabel: "layer", columnLabel: "",
                    rows: layers.map(String.init),
                    columns: [
                        "AUROC", "lower", "upper", "accuracy", "validation", "shuffled labels", "random features",
                    ],
                    values: zip(reports, validation).map { report, area in
                        [
                            report.auroc, report.interval?.lower ?? .nan, report.interval?.upper ?? .nan,
                            report.accuracy, area, mean(report.shuffledLabels), mean(report.randomFeatures),
                        ]
                    })
            ],
            figures: [
                .lineChart(
                    LineChart(
                        title: "What probes read from each layer",
                        caption:
                            "The area under the ROC curve on examples that neither fitted the probes nor chose the "
                            + "layer, with its 95 % interval; probes of shuffled labels and of random features, with their "
                            + "range.", x: Axis("layer"), y: Axis("AUROC on test examples"),
                        series: [
                            LineChart.Series(
                                "probe", x: x, y: areas,
                                lower: zip(reports, areas).map { $0.interval?.lower ?? $1 },
                                upper: zip(reports, areas).map { $0.interval?.upper ?? $1 }),
                            series("shuffled labels", \.shuffledLabels), series("random features", \.randomFeatures),
                        ], references: [ReferenceValue("chance", 0.5)],
                        markers: [LineChart.Marker("chosen", x: x[chosen])]))
            ],
            notes: [
                "\(split.training.count) examples fitted the probes, \(split.validation.count) chose the layer and "
                    + "\(split.test.count) judged; no group is in two parts. That a probe reads something does not show that "
                    + "the model uses it."
            ])
    }

    private func summary(of model: String) -> String {
        let interval =
            best.interval.map { " [\(Phrase.number($0.lower)), \(Phrase.number($0.upper))]" } ?? ""
        return
            "A \(method.title) probe of layer \(layers[chosen]) of \(model), chosen on other examples, tells the classes apart "
            + "with an area under the ROC curve of \(Phrase.number(best.auroc))\(interval). With shuffled labels it is "
            + "\(Phrase.number(Statistics.mean(best.shuffledLabels))) on average, with random features "
            + "\(Phrase.number(Statistics.mean(best.randomFeatures)))."
    }
}
