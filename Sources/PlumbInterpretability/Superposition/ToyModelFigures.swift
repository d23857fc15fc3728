public import PlumbRecords

/// Tables and figures of toy models.
public struct ToyModelFigures {
    private let outcome: ToyModels.Outcome

    /// Tables and figures of trained models.
    public init(_ outcome: ToyModels.Outcome) { self.outcome = outcome }

    /// The norm and the dimensionality of each feature in the best small models.
    public var geometry: [Table] {
        let geometry = outcome.best.map(\.geometry)
        return [
            table("norms", "Norm of each feature's direction", geometry.map(\.norms)),
            table("dimensionality", "Dimensionality of each feature", geometry.map(\.dimensionality)),
        ]
    }

    private func table(_ name: String, _ title: String, _ values: [[Double]]) -> Table {
        Table(
            name, title: title, rowLabel: "sparsity", columnLabel: "feature",
            rows: ToyModels.sparsities.map { "\($0)" },
            columns: (0..<5).map { "\($0)" }, values: values)
    }

    /// Features' directions in the best small models.
    public var arrows: VectorPlot {
        VectorPlot(
            title: "Five features in two dimensions",
            caption: "Each arrow is the direction of a feature in the hidden space of the best model.",
            panels: zip(ToyModels.sparsities, outcome.best).map {
                $1.geometry.panel("sparsity \($0)", decay: ToyModels.decay)
            },
            valueLabel: "importance")
    }

    /// The losses of the best small models along training.
    public var losses: LineChart {
        LineChart(
            title: "Training loss",
            caption: "Squared error times importance, mean over features, rows and neighboring steps.", x: Axis("step"),
            y: Axis("loss", scale: .logarithmic),
            series: zip(ToyModels.sparsities, outcome.best).map { sparsity, model in
                let (steps, losses) = model.smoothedLosses(places: 60)
                return LineChart.Series("sparsity \(sparsity)", x: steps, y: losses)
            },
            references: zip(ToyModels.sparsities, ToyModels.expectedLosses).map {
                ReferenceValue("expected at \($0)", $1)
            })
    }

    /// Dimensions per feature of wide models.
    public var dimensions: LineChart {
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

    /// Dimensionalities of the features of wide models.
    public var clusters: ScatterPlot {
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
