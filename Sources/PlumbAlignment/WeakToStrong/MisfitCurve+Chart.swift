internal import PlumbLearning
public import PlumbRecords

extension MisfitCurve {
    /// The size of the violation against the size of the sample: measured, as theory has it, and with a target out of reach.
    public static func chart(_ curves: [MisfitCurve], _ measured: Measurements) -> LineChart {
        let sizes = (curves.first?.sizes ?? []).map(Double.init)
        func line(_ name: String, _ values: KeyPath<MisfitCurve, [Double]>) -> LineChart.Series {
            measured.line(name, over: sizes, curves: curves.map { $0[keyPath: values].map { -$0 } })
        }
        return LineChart(
            title: "Misfit less gain on fresh pictures",
            caption:
                "By how much the misfit exceeds the student's gain in squared error, in units of err(weak), against the "
                + "number of pictures that the student learned from; mean over splits. Where the student can reach the "
                + "target, theory has it fall as one over that number.",
            x: Axis("pictures of the student", scale: .logarithmic),
            y: Axis("misfit less gain", unit: "of err(weak)", scale: .logarithmic),
            series: [
                line("target in reach", \.reachable), line("theory", \.predicted),
                line("true labels, out of reach", \.unreachable),
            ])
    }
}
