internal import PlumbLearning
internal import PlumbRecords

// The pictures of the runs on digits.

extension WeakToStrong {
    func accuracies(_ measured: Measurements) -> BarChart {
        measured.barChart(
            title: "Between supervisor and ceiling",
            caption: "Accuracy on unseen pictures. The ceiling has true labels, \"same features\" the supervisor's.",
            y: Axis("accuracy"),
            [
                "supervisor": Self.weak.quantity, "student": Self.student.quantity, "ceiling": Self.ceiling.quantity,
                "same features": Self.sameAccuracy.quantity, "shuffled labels": Self.shuffled.quantity,
            ])
    }

    func networks(_ measured: Measurements) -> BarChart {
        measured.barChart(
            title: "Networks that may doubt their labels", caption: "Accuracy in telling odd digits from even ones.",
            y: Axis("accuracy"),
            [
                "supervisor": Self.networkWeak.quantity, "cross-entropy": Self.plain.quantity,
                "confidence loss": Self.confident.quantity, "ceiling": Self.networkCeiling.quantity,
            ])
    }
}
