internal import PlumbBasics
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What distribution shift looks like.
public enum ShiftFigures {
    /// What one seed found.
    public typealias Outcome = DistributionShiftStudy.Outcome

    /// Every table and figure, an outcome a seed.
    public static func all(_ outcomes: [Outcome], _ measured: Measurements) -> [FindingsPart] {
        var parts: [FindingsPart] = [
            .table(detections("auroc", "Area under the curve", outcomes, measured) { $0.area }),
            .table(
                detections("fpr95", "Share that passes where 95 % of test pictures pass", outcomes, measured) {
                    $0.passing
                }),
            .figure(
                .heatMap(
                    HeatMap(
                        table: "auroc", title: "Which method finds which shift",
                        caption:
                            "Area under the receiver operating characteristic, the mean over seeds. 0.5 is chance; "
                            + "below it "
                            + "the set seems more familiar than test pictures.", center: 0.5,
                        domain: HeatMap.Domain(0, 1), valueLabel: "AUROC"))),
        ]
        for set in [ShiftedSet.near, .permuted, .inverted] where !outcomes.isEmpty {
            parts.append(.figure(.lineChart(curves(set, outcomes[0]))))
        }
        if let first = outcomes.first { parts.append(.figure(.scatter(reliability(first)))) }
        parts += corruptions(outcomes, measured)
        return parts
    }

    private static func detections(
        _ name: String, _ title: String, _ outcomes: [Outcome], _ measured: Measurements,
        _ value: (DistributionShiftStudy.Detection) -> Double
    ) -> Table {
        measured.table(
            name, title: title, rowLabel: "method", columnLabel: "set", rows: ShiftDetector.allCases.map(\.title),
            columns: ShiftedSet.allCases.map(\.title),
            cells: ShiftDetector.allCases.map { detector in
                ShiftedSet.allCases.map { set in outcomes.map { value($0.detections[set][detector]) } }
            })
    }

    private static func curves(_ set: ShiftedSet, _ outcome: Outcome) -> LineChart {
        let detectors: [ShiftDetector] = [.maximumProbability, .energy, .mahalanobis, .nearestNeighbor, .inputNorm]
        return LineChart(
            title: "Receiver operating characteristic: \(set.title)",
            caption:
                "The first seed. Each point is a threshold: how much of the set is found, and how many test pictures "
                + "count as shifted.", x: Axis("test pictures that count as shifted"),
            y: Axis("shifted pictures found"),
            series: detectors.map { detector in
                let curve = outcome.curves[set][detector]
                return LineChart.Series(detector.title, x: curve.falseAlarms, y: curve.found)
            })
    }

    private static func reliability(_ outcome: Outcome) -> ScatterPlot {
        func group(_ name: String, _ reliability: Reliability) -> ScatterPlot.Group {
            let bins = reliability.bins.filter { $0.count > 0 }
            return ScatterPlot.Group(
                name, x: bins.map(\.confidence), y: bins.map(\.accuracy), labels: bins.map { "\($0.count) pictures" })
        }
        return ScatterPlot(
            title: "Reliability of probabilities",
            caption:
                "The first seed. Points are bins of pictures with like probabilities: on the diagonal a classifier "
                + "is right as "
                + "often as it is sure.",
            x: Axis("mean probability of the class chosen"), y: Axis("share that is right"),
            groups: [
                group("without scaling", outcome.calibration.plain),
                group("with a temperature", outcome.calibration.scaled),
            ], showsDiagonal: true)
    }

    private static func corruptions(_ outcomes: [Outcome], _ measured: Measurements) -> [FindingsPart] {
        func table(
            _ name: String, _ title: String, _ values: KeyPath<Outcome, CaseValues<Corruption, [Double]>>,
            _ clean: KeyPath<Outcome, Double>
        ) -> Table {
            measured.table(
                name, title: title, rowLabel: "corruption", columnLabel: "severity",
                rows: Corruption.allCases.map(\.title),
                columns: ["none"] + (1...Corruption.severities).map { "\($0)" },
                cells: Corruption.allCases.map { corruption in
                    [outcomes.map { $0[keyPath: clean] }]
                        + (0..<Corruption.severities).map { index in
                            outcomes.map { $0[keyPath: values][corruption][index] }
                        }
                })
        }
        func map(_ table: String, _ title: String) -> FindingsPart {
            .figure(
                .heatMap(
                    HeatMap(
                        table: table, title: title, caption: "The share of test pictures that are recognized.",
                        domain: HeatMap.Domain(0, 1), valueLabel: "accuracy")))
        }
        return [
            .table(table("corruptions", "Accuracy under corruptions", \.corrupted, \.clean)),
            map("corruptions", "Accuracy under corruptions, plain training"),
            .table(table("corruptions_noise", "Accuracy after training with noise", \.noisyCorrupted, \.noisyClean)),
            map("corruptions_noise", "Accuracy under corruptions, training with noise"),
        ]
    }
}
