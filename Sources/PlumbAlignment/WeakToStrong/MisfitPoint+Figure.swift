public import PlumbRecords

extension MisfitPoint {
    /// The student's gain against the misfit, one group a kind and one point a supervisor; on the diagonal the two are equal.
    public static func plot(_ points: [MisfitPoint]) -> ScatterPlot {
        let names: [(kind: Kind, name: String)] = [
            (.population, "reachable target"), (.fresh, "reachable target, fresh pictures"),
            (.outside, "true labels, out of reach"),
        ]
        let counts = points.map(\.weakLabels)
        return ScatterPlot(
            title: "Gain and misfit",
            caption:
                "Each point is a supervisor with \(counts.min() ?? 0) to \(counts.max() ?? 0) labels: the mean squared "
                + "distance between student and supervisor, and how much smaller the student's squared error is. On the "
                + "diagonal the two are equal.",
            x: Axis("misfit"), y: Axis("err(weak) − err(student)"),
            groups: names.map { kind, name in
                let points = points.filter { $0.kind == kind }
                return ScatterPlot.Group(
                    name, x: points.map(\.misfit), y: points.map(\.gain),
                    labels: points.map { "\($0.weakLabels) labels" })
            }, showsDiagonal: true)
    }
}
