internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

extension CertificationStudy {
    private func mean(_ outcomes: [Outcome], _ value: (Outcome) -> Double) -> Double {
        Statistics.mean(outcomes.map(value))
    }

    /// Accuracy against radius: what attacks leave above what is certified.
    public func radiusChart(_ outcomes: [Outcome]) -> LineChart {
        let radii = self.radii.sorted()
        func line(_ name: String, _ value: @escaping (Outcome, Int) -> Double) -> LineChart.Series {
            LineChart.Series(name, x: radii, y: radii.indices.map { i in mean(outcomes) { value($0, i) } })
        }
        return LineChart(
            title: "Accuracy under attack, and accuracy that is proved",
            caption:
                "Shares of the test images, means of \(outcomes.count) seeds. The true robust accuracy of a network lies "
                + "between its two lines: the attack may miss something, and the bounds may be loose.",
            x: Axis("L∞ radius"), y: Axis("accuracy"),
            series: [
                line("plain, attacked") { $0.plain.attacked[$1] },
                line("plain, certified") { $0.plain.certified[$1].max() ?? 0 },
                line("trained on intervals, attacked") { $0.intervals.attacked[$1] },
                line("trained on intervals, certified") { $0.intervals.certified[$1].max() ?? 0 },
            ])
    }

    /// What each bound certifies of a network, beside the attack.
    public func bounds(
        _ name: String, _ title: String, _ curves: [Curve], _ measured: Measurements
    ) -> Table {
        let radii = self.radii.sorted()
        return measured.table(
            "bounds_\(name)", title: title, rowLabel: "L∞ radius", columnLabel: "accuracy", rows: radii.map { "\($0)" },
            columns: ["intervals", "CROWN", "α-CROWN", "under attack"],
            cells: radii.indices.map { i in
                (0..<3).map { method in curves.map { $0.certified[i][method] } } + [curves.map { $0.attacked[i] }]
            })
    }

    /// What branch and bound decides.
    public func complete(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "complete",
            title: "A small network trained on adversarial points, at radius \(completeRadius)",
            rowLabel: "certified by", columnLabel: "",
            rows: ["intervals", "CROWN", "branch and bound", "left by the attack"],
            columns: ["accuracy"],
            cells: [
                [outcomes.map(\.complete.intervals)], [outcomes.map(\.complete.linear)],
                [outcomes.map(\.complete.exact)],
                [outcomes.map(\.complete.attacked)],
            ])
    }

    /// What smoothing certifies.
    public func smoothing(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        let radii = smoothingRadii
        return measured.table(
            "smoothing", title: "Certified by smoothing with noise of \(deviation)",
            rowLabel: "L2 radius",
            columnLabel: "accuracy", rows: radii.map { "\($0)" }, columns: ["trained with noise", "trained plainly"],
            cells: radii.indices.map { i in [outcomes.map { $0.smoothed[i] }, outcomes.map { $0.smoothedPlain[i] }] })
    }
}
