internal import PlumbLearning
public import PlumbRecords

/// Figures of one layer of linear attention and one gradient step.
public struct MesaFigures {
    private typealias Outcome = MesaStudy.Outcome

    private let trained: [MesaStudy.Outcome]
    private let control: [MesaStudy.Outcome]
    private let measured: Measurements
    private let tasks: InContextRegression

    /// Figures of layers that were trained on true targets and of as many that were trained on shuffled ones.
    ///
    /// - Precondition: there is a layer of each kind.
    public init(
        trained: [MesaStudy.Outcome], control: [MesaStudy.Outcome], measured: Measurements, tasks: InContextRegression
    ) {
        (self.trained, self.control, self.measured, self.tasks) = (trained, control, measured, tasks)
    }

    private var groups: [(name: String, outcomes: [Outcome])] {
        [("true targets", trained), ("shuffled targets", control)]
    }

    private var longest: Outcome { trained.max { $0.losses.count < $1.losses.count } ?? trained[0] }

    private func lines(_ x: [Double], _ curve: (Outcome) -> [Double]) -> [LineChart.Series] {
        groups.map { measured.line($0.name, over: x, curves: $0.outcomes.map(curve), band: .range) }
    }

    /// The loss along training.
    public var losses: LineChart {
        LineChart(
            title: "Training loss", caption: "Means of 50 steps; mean and range over the seeds still in training.",
            x: Axis("step"), y: Axis("half squared error"),
            series: lines(longest.lossCurve().steps) { $0.lossCurve().losses },
            references: [
                ReferenceValue("best gradient step", tasks.optimalHalfLoss),
                ReferenceValue("predicting 0", tasks.zeroHalfLoss),
            ])
    }

    /// How far the layer's query gradients are from the step's along training.
    public var cosines: LineChart {
        LineChart(
            title: "The layer and the gradient step along training",
            caption: "1 - cosine between their query gradients on new tasks; mean and range over seeds.",
            x: Axis("step"), y: Axis("1 - cosine", scale: .logarithmic),
            series: lines(longest.evaluations.map { Double($0.step) }) { outcome in
                outcome.evaluations.map { 1 - $0[MesaStudy.Measure.cosine] }
            }, references: [ReferenceValue("threshold after training", 0.001)])
    }

    /// The loss on inputs of several sizes.
    public var sizes: LineChart {
        let (sizes, step) = (MesaStudy.scales, tasks.optimalStepSize)
        let scaled = sizes.map { tasks.scalingInputs(by: $0) }
        return LineChart(
            title: "Larger and smaller inputs than in training",
            caption: "The learning rate for inputs of size 1 is too large for size 2. Mean and range over seeds.",
            x: Axis("size of inputs", unit: "times"), y: Axis("half squared error", scale: .logarithmic),
            series: lines(sizes) { $0.scaled.map(\.halfLoss) } + [
                LineChart.Series("same step", x: sizes, y: scaled.map { $0.expectedHalfLoss(stepSize: step) }),
                LineChart.Series("best step for each size", x: sizes, y: scaled.map(\.optimalHalfLoss)),
            ])
    }

    /// Predictions of the step and of a layer of the first seed.
    public var predictions: ScatterPlot {
        ScatterPlot(
            title: "Predictions for the same tasks",
            caption: "Each point is a new task, as predicted by the gradient step and by a layer of the first seed.",
            x: Axis("gradient step"), y: Axis("layer"),
            groups: groups.map {
                ScatterPlot.Group($0.name, x: $0.outcomes[0].stepPredictions, y: $0.outcomes[0].predictions)
            },
            showsDiagonal: true)
    }
}
