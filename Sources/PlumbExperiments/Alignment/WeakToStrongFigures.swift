internal import Foundation
internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

// What a reader sees of students and supervisors.

extension WeakToStrongFindings {
    private func bars(_ name: String, _ values: [(String, Value)]) -> BarChart.Series {
        let bounds = values.map { interval($0.0, $0.1) }
        return BarChart.Series(
            name, values: values.map { mean($0.1) }, lower: bounds.map(\.lower), upper: bounds.map(\.upper))
    }

    private func chart(_ title: String, _ caption: String, _ y: Axis, _ values: [(String, Value)]) -> BarChart {
        BarChart(
            title: title, caption: caption + " Bars are means over splits, lines 95 % intervals of the mean.",
            categories: values.map(\.0), categoryLabel: "who", y: y, series: [bars(y.label, values)])
    }

    var accuracies: BarChart {
        chart(
            "Between supervisor and ceiling",
            "Accuracy on pictures that none has seen: the supervisor, the student that it taught, the student with true "
                + "labels, a student that sees what its supervisor sees, and the student taught by shuffled labels.",
            Axis("accuracy"),
            [
                ("supervisor", \.gap.weak), ("student", \.gap.weakToStrong), ("ceiling", \.gap.ceiling),
                ("same capacity", \.sameCapacity.weakToStrong), ("shuffled labels", \.shuffled),
            ])
    }

    var gaps: BarChart {
        chart(
            "How much of the gap is recovered",
            "0 is the supervisor, 1 the student with true labels. Students learn from the supervisor's best guesses or "
                + "from its scores.",
            Axis("part of the gap"),
            [
                ("student, guesses", \.gap.recovered), ("student, scores", \.softGap.recovered),
                ("same capacity, guesses", \.sameCapacity.recovered),
                ("same capacity, scores", \.sameCapacitySoft.recovered),
            ])
    }

    var networks: BarChart {
        chart(
            "Networks that may doubt their labels",
            "Accuracy in telling odd digits from even ones: the supervisor, a network taught with cross-entropy, one "
                + "taught with the confidence loss, and one with true labels.",
            Axis("accuracy"),
            [
                ("supervisor", \.network.plain.weak), ("cross-entropy", \.network.plain.weakToStrong),
                ("confidence loss", \.network.confident.weakToStrong), ("ceiling", \.network.plain.ceiling),
            ])
    }

    var identity: ScatterPlot {
        let names: [(MisfitPoint.Kind, String)] = [
            (.population, "reachable target"), (.fresh, "reachable target, fresh pictures"),
            (.outside, "true labels, out of reach"),
        ]
        return ScatterPlot(
            title: "Gain and misfit",
            caption:
                "Each point is a supervisor, with \(settings.weakLabels / 2) to \(4 * settings.weakLabels) labels: how "
                + "far student and supervisor disagree, and how much smaller the student's squared error is. On the "
                + "diagonal the two are equal.",
            x: Axis("misfit"), y: Axis("err(weak) − err(student)"),
            groups: names.map { kind, name in
                let points = points(kind)
                return ScatterPlot.Group(
                    name, x: points.map(\.misfit), y: points.map(\.gain),
                    labels: points.map { "\($0.weakLabels) labels" })
            }, showsDiagonal: true)
    }
}
