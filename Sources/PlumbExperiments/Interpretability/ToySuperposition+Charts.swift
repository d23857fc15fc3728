internal import PlumbInterpretability
internal import PlumbRecords

/// The figures of ``ToySuperposition``.
extension ToySuperposition {
    func table(_ name: String, _ title: String, _ values: [[Double]]) -> Table {
        Table(
            name, title: title, rowLabel: "sparsity", columnLabel: "feature",
            rows: ToyModels.sparsities.map { "\($0)" },
            columns: (0..<5).map { "\($0)" }, values: values)
    }

    func arrows(_ best: [SuperpositionStudy.Outcome]) -> VectorPlot {
        VectorPlot(
            title: "Five features in two dimensions",
            caption: "Each arrow is the direction of a feature in the hidden space of the best model.",
            panels: zip(ToyModels.sparsities, best).map { $1.geometry.panel("sparsity \($0)", decay: ToyModels.decay) },
            valueLabel: "importance")
    }

    func losses(_ best: [SuperpositionStudy.Outcome]) -> LineChart {
        LineChart(
            title: "Training loss",
            caption: "Squared error times importance, mean over features, rows and neighboring steps.", x: Axis("step"),
            y: Axis("loss", scale: .logarithmic),
            series: zip(ToyModels.sparsities, best).map { sparsity, model in
                let (steps, losses) = model.smoothedLosses(places: 60)
                return LineChart.Series("sparsity \(sparsity)", x: steps, y: losses)
            },
            references: zip(ToyModels.sparsities, Self.expectedLosses).map { ReferenceValue("expected at \($0)", $1) })
    }

    func dimensions(_ outcome: ToyModels.Outcome) -> LineChart {
        LineChart(
            title: "Dimensions per feature",
            caption: "D* = M / ‖W‖² of wide models whose features are equally important: 1 where they represent as "
                + "many features as dimensions, one half where twice as many, as in antipodal pairs.",
            x: Axis("1 / (1 − sparsity)", scale: .logarithmic), y: Axis("dimensions per feature, D*"),
            series: [
                LineChart.Series(
                    "D*", x: outcome.wide[0].map { 1 / (1 - $0.sparsity) },
                    y: outcome.wide[0].map(\.outcome.geometry.dimensionsPerFeature))
            ], references: [ReferenceValue("1", 1), ReferenceValue("1/2", 0.5)])
    }

    func clusters(_ outcome: ToyModels.Outcome) -> ScatterPlot {
        let points = outcome.wide[0].flatMap { sparsity, model in
            model.geometry.represented().map { (1 / (1 - sparsity), model.geometry.dimensionality[$0]) }
        }
        return ScatterPlot(
            title: "Dimensionalities cluster at simple fractions",
            caption: "Each point is a represented feature of a wide model. 1 is a dimension of its own, 3/4 a "
                + "tetrahedron, 2/3 a triangle, 1/2 an antipodal pair, 2/5 a pentagon, 3/8 a square antiprism.",
            x: Axis("1 / (1 − sparsity)", scale: .logarithmic), y: Axis("dimensionality of the feature"),
            groups: [ScatterPlot.Group("feature", x: points.map(\.0), y: points.map(\.1))])
    }
}
