internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

extension MesaOptimizationFindings {
    /// The mean of a number over seeds at each place, with the smallest and the largest as a band.
    private func series(_ name: String, x: [Double], _ values: [[Double]]) -> LineChart.Series {
        let columns = x.indices.map { place in values.map { $0[place] } }
        return LineChart.Series(
            name, x: x, y: columns.map(Statistics.mean), lower: columns.map { $0.min() ?? .nan },
            upper: columns.map { $0.max() ?? .nan })
    }

    var losses: Figure {
        func curve(_ name: String, _ outcomes: [MesaStudy.Outcome]) -> LineChart.Series {
            let count = outcomes.map(\.losses.count).min() ?? 0
            let width = max(1, count / 60)
            let starts = Array(stride(from: 0, to: count, by: width))
            return series(
                name, x: starts.map { Double(min($0 + width, count)) },
                outcomes.map { outcome in
                    starts.map { Statistics.mean(outcome.losses[$0..<count].prefix(width).map(Double.init)) }
                })
        }
        return .lineChart(
            LineChart(
                title: "Loss while training",
                caption:
                    "Half of the squared error, mean of neighbouring steps; bands run from the least to the largest "
                    + "seed. The lower line is the least that one gradient step can reach, worked out by hand.",
                x: Axis("step"), y: Axis("half squared error"),
                series: [curve("true targets", trained), curve("shuffled targets", control)],
                references: [
                    ReferenceValue("best gradient step", study.tasks.optimalHalfLoss),
                    ReferenceValue("predicting 0", study.tasks.zeroHalfLoss),
                ]))
    }

    var convergence: Figure {
        let x = (trained.first?.measuredAt ?? []).map(Double.init)
        return .lineChart(
            LineChart(
                title: "The layer beside a gradient step, while training",
                caption: "1 - cosine between the gradients of both predictions at the query's input, on fresh tasks; "
                    + "bands run from the least to the largest seed. Below the line counts as the same direction.",
                x: Axis("step"), y: Axis("1 - cosine", scale: .logarithmic),
                series: [
                    series("true targets", x: x, trained.map { $0.cosines.map { 1 - $0 } }),
                    series("shuffled targets", x: x, control.map { $0.cosines.map { 1 - $0 } }),
                ], references: [ReferenceValue("threshold", 0.001)]))
    }

    var scales: Figure {
        let expected = study.scales.map {
            study.tasks.scalingInputs(by: $0).expectedHalfLoss(stepSize: study.tasks.optimalStepSize)
        }
        return .lineChart(
            LineChart(
                title: "Inputs of other sizes than in training",
                caption: "A step that suits inputs of size 1 is too long for larger ones. A layer that holds this step "
                    + "must fail as it does; one that sought the best weights would not.",
                x: Axis("size of inputs", unit: "times"), y: Axis("half squared error", scale: .logarithmic),
                series: [
                    series("trained layer", x: study.scales, trained.map { $0.scaled.map(\.halfLoss) }),
                    LineChart.Series("gradient step, closed form", x: study.scales, y: expected),
                    LineChart.Series(
                        "best step for each size", x: study.scales,
                        y: study.scales.map { study.tasks.scalingInputs(by: $0).optimalHalfLoss }),
                    series("trained on shuffled targets", x: study.scales, control.map { $0.scaled.map(\.halfLoss) }),
                ]))
    }

    var predictions: Figure {
        func group(_ name: String, _ outcome: MesaStudy.Outcome?) -> ScatterPlot.Group {
            ScatterPlot.Group(name, x: outcome?.stepPredictions ?? [], y: outcome?.predictions ?? [])
        }
        return .scatter(
            ScatterPlot(
                title: "Predictions on the same tasks",
                caption: "Each point is a task that was never seen, answered by the explicit gradient step and by a "
                    + "layer of the first seed. On the diagonal both agree.",
                x: Axis("gradient step"), y: Axis("layer"),
                groups: [group("trained", trained.first), group("trained on shuffled targets", control.first)],
                showsDiagonal: true))
    }

    var weights: Table {
        let matrix = trained.first?.weights.normalized.matching ?? []
        let inputs = study.tasks.inputs
        return Table(
            "effective_weights", title: "How the layer of the first seed matches an example with the query",
            rowLabel: "of the example", columnLabel: "of the query",
            rows: matrix.indices.map { $0 < inputs ? "x\($0 + 1)" : "y" },
            columns: (0..<inputs).map { "x\($0 + 1)" }, values: matrix)
    }

    var weightMap: Figure {
        .heatMap(
            HeatMap(
                table: "effective_weights", title: "What the weights compute together",
                caption:
                    "Keys and queries multiplied together and scaled by what the layer reads of y. A gradient step "
                    + "has its length on the diagonal and 0 elsewhere.",
                center: 0, valueLabel: "weight", references: [ReferenceValue("best step", study.tasks.optimalStepSize)]
            ))
    }
}
