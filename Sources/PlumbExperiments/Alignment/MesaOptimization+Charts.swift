internal import PlumbAlignment
internal import PlumbLearning
internal import PlumbRecords

// The figures of one layer and one step.

extension MesaOptimization {
    func figures(_ trained: [Outcome], _ control: [Outcome], _ measured: Measurements) -> [Figure] {
        let groups = [("true targets", trained), ("shuffled targets", control)]
        let longest = trained.max { $0.losses.count < $1.losses.count } ?? trained[0]
        let (sizes, step) = (MesaStudy.scales, tasks.optimalStepSize)
        let scaled = sizes.map { tasks.scalingInputs(by: $0) }
        func lines(_ x: [Double], _ curve: (Outcome) -> [Double]) -> [LineChart.Series] {
            groups.map { measured.line($0, over: x, curves: $1.map(curve), band: .range) }
        }
        let charts = [
            LineChart(
                title: "Training loss", caption: "Means of 50 steps; mean and range over the seeds still in training.",
                x: Axis("step"), y: Axis("half squared error"),
                series: lines(longest.lossCurve().steps) { $0.lossCurve().losses },
                references: [
                    ReferenceValue("best gradient step", tasks.optimalHalfLoss),
                    ReferenceValue("predicting 0", tasks.zeroHalfLoss),
                ]),
            LineChart(
                title: "The layer and the gradient step along training",
                caption: "1 - cosine between their query gradients on new tasks; mean and range over seeds.",
                x: Axis("step"), y: Axis("1 - cosine", scale: .logarithmic),
                series: lines(longest.evaluations.map { Double($0.step) }) { outcome in
                    outcome.evaluations.map { 1 - $0[MesaStudy.Measure.cosine] }
                }, references: [ReferenceValue("threshold after training", 0.001)]),
            LineChart(
                title: "Larger and smaller inputs than in training",
                caption: "The learning rate for inputs of size 1 is too large for size 2. Mean and range over seeds.",
                x: Axis("size of inputs", unit: "times"), y: Axis("half squared error", scale: .logarithmic),
                series: lines(sizes) { $0.scaled.map(\.halfLoss) } + [
                    LineChart.Series("same step", x: sizes, y: scaled.map { $0.expectedHalfLoss(stepSize: step) }),
                    LineChart.Series("best step for each size", x: sizes, y: scaled.map(\.optimalHalfLoss)),
                ]),
        ]
        let scatter = ScatterPlot(
            title: "Predictions for the same tasks",
            caption: "Each point is a new task, as predicted by the gradient step and by a layer of the first seed.",
            x: Axis("gradient step"), y: Axis("layer"),
            groups: groups.map { ScatterPlot.Group($0, x: $1[0].stepPredictions, y: $1[0].predictions) },
            showsDiagonal: true)
        return charts.map(Figure.lineChart) + [.scatter(scatter)]
    }
}
