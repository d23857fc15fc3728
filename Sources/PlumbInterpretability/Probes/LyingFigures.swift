internal import PlumbLearning
public import PlumbRecords

/// Tables and figures of models that lie after a trigger word.
public struct LyingFigures {
    private let outcomes: [LyingStudy.Outcome]
    private let measured: Measurements
    private let study: LyingStudy

    /// Tables and figures of what a study found, an outcome a model.
    public init(outcomes: [LyingStudy.Outcome], measured: Measurements, study: LyingStudy) {
        (self.outcomes, self.measured, self.study) = (outcomes, measured, study)
    }

    /// Areas of logistic probes after each block, without the trigger and after it.
    public var layers: LineChart {
        let blocks = (0..<study.layers).map(Double.init)
        return LineChart(
            title: "Where truth is read, and where the lie",
            caption: "Logistic probes fitted without the trigger, after each block. Mean and range of seeds.",
            x: Axis("block"), y: Axis("area under the ROC curve"),
            series: LyingStudy.Place.allCases.flatMap { place in
                [
                    measured.line(
                        "\(place.title), without the trigger", over: blocks, curves: outcomes.map { $0.areas[place] },
                        band: .range),
                    measured.line(
                        "\(place.title), after the trigger", over: blocks,
                        curves: outcomes.map { $0.triggered[place] }, band: .range),
                ]
            })
    }

    /// Probes after the trigger, with their controls.
    public var methods: Table {
        measured.table(
            "methods", title: "Probes after the trigger, with their controls", rowLabel: "probe", columnLabel: "",
            rows: study.methods.map(\.title), columns: ["truth", "shuffled labels", "random directions"],
            cells: study.methods.indices.map { index in
                let reports = outcomes.map { $0.reports[index] }
                return [reports.map(\.auroc), reports.map(\.shuffled), reports.map(\.random)]
            }, unit: "area under the ROC curve", band: .range)
    }
}
