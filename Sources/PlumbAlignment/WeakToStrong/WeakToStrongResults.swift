internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What weak supervisors and strong students show, an outcome a random split of the pictures.
public struct WeakToStrongResults {
    private let study: WeakToStrongStudy
    private let curves: [MisfitCurve]
    /// What claims are about.
    public let measured: Measurements

    /// The results of a study, one outcome a seed.
    public init(_ study: WeakToStrongStudy, _ outcomes: [WeakToStrongStudy.Outcome], seeds: [UInt64]) {
        self.study = study
        var measured = Measurements(seeds: seeds)
        for measure in Self.measures { measured[measure.quantity] = outcomes.map(measure.value) }
        measured.setLowerEnd(Self.lowerEnd, of: Self.recovered.quantity)
        measured.setLowerEnd(Self.advantageEnd, of: Self.advantage.quantity)
        measured.setLowerEnd(Self.withTruthEnd, of: Self.withTruth.quantity)
        curves = outcomes.map(\.misfits)
        measured.set(Self.slope, MisfitCurve.slope(curves, \.reachable))
        measured.set(Self.slopeOutside, MisfitCurve.slope(curves, \.unreachable))
        self.measured = measured
    }

    /// A number of every split.
    public struct Measure: Sendable {
        /// What it is called.
        public let quantity: Quantity
        let value: Value
        typealias Value = @Sendable (WeakToStrongStudy.Outcome) -> Double
        init(_ name: String, unit: String = "", isHeadline: Bool = false, _ value: @escaping Value) {
            (quantity, self.value) = (Quantity(name, unit: unit, per: "split", isHeadline: isHeadline), value)
        }
    }

    /// The part of the gap between supervisor and ceiling that the student recovers.
    public static let recovered = Measure("gap_recovered", isHeadline: true) { $0.gap.recovered }
    /// The lower end of the 95 % interval of the mean of ``recovered``.
    public static let lowerEnd = Quantity("gap_recovered_lower_end", unit: "of the gap", per: "run")
    private static let weak = Measure("weak_accuracy", isHeadline: true) { $0.gap.weak }
    private static let student = Measure("student_accuracy", isHeadline: true) { $0.gap.weakToStrong }
    private static let ceiling = Measure("ceiling_accuracy", isHeadline: true) { $0.gap.ceiling }
    /// The ceiling's accuracy less the supervisor's.
    public static let gap = Measure("gap") { $0.gap.ceiling - $0.gap.weak }
    /// The student's accuracy less the supervisor's.
    public static let gain = Measure("student_gain") { $0.gap.weakToStrong - $0.gap.weak }
    private static let fromScores = Measure("gap_recovered_from_scores") { $0.softGap.recovered }
    /// The part that a student with the supervisor's own features recovers.
    public static let same = Measure("gap_recovered_same_capacity", unit: "of the gap") { $0.sameCapacity.recovered }
    private static let sameScores = Measure("gap_recovered_same_capacity_from_scores") { $0.sameCapacitySoft.recovered }
    private static let sameAccuracy = Measure("same_capacity_accuracy") { $0.sameCapacity.weakToStrong }
    /// The accuracy of a student taught by the same labels, shuffled.
    public static let shuffled = Measure("shuffled_labels_accuracy") { $0.shuffled }
    private static let corrected = Measure("supervisor_errors_corrected") { $0.errors.correctedShare }
    private static let repeated = Measure("supervisor_errors_repeated") { $0.errors.repeatedShare }
    /// The exponent with which the error of the equation of gain and misfit falls with the number of labels.
    public static let slope = Quantity("misfit_slope", per: "run")
    /// The same with the true labels as target, which the student cannot reach.
    public static let slopeOutside = Quantity("misfit_slope_true_labels", per: "run")
    private static let networkWeak = Measure("network_weak_accuracy") { $0.network.plain.weak }
    private static let plain = Measure("network_plain_accuracy") { $0.network.plain.weakToStrong }
    private static let confident = Measure("network_confidence_accuracy") { $0.network.confident.weakToStrong }
    private static let networkCeiling = Measure("network_ceiling_accuracy") { $0.network.plain.ceiling }
    private static let plainRecovered = Measure("network_plain_gap_recovered") { $0.network.plain.recovered }
    private static let doubting = Measure("network_confidence_gap_recovered") { $0.network.confident.recovered }
    private static let advantage = Measure("network_confidence_advantage") { $0.network.advantage }
    /// The lower end of the 95 % interval of what the confidence loss adds to networks' accuracy.
    public static let advantageEnd = Quantity("network_confidence_advantage_lower_end", per: "run")
    private static let withTruth = Measure("network_confidence_advantage_true_labels") { $0.network.advantageWithTruth }
    /// The same with true labels.
    public static let withTruthEnd = Quantity("network_confidence_advantage_true_labels_lower_end", per: "run")
    private static let measures = [
        recovered, weak, student, ceiling, gap, gain, fromScores, same, sameScores, sameAccuracy, shuffled, corrected,
        repeated, networkWeak, plain, confident, networkCeiling, plainRecovered, doubting, advantage, withTruth,
    ]

    /// All numbers.
    public var metrics: [Metric] {
        Self.measures.map { measured.metric($0.quantity) } + measured.metrics(Self.slope, Self.slopeOutside)
    }

    /// By how much the misfit exceeds the student's gain, against the size of its sample.
    public var misfits: LineChart { MisfitCurve.chart(curves, measured) }

    /// Accuracies on unseen pictures.
    public var accuracies: BarChart {
        measured.barChart(
            title: "Between supervisor and ceiling",
            caption: "Accuracy on unseen pictures. The ceiling has true labels, \"same features\" the supervisor's.",
            y: Axis("accuracy"),
            [
                "supervisor": Self.weak.quantity, "student": Self.student.quantity, "ceiling": Self.ceiling.quantity,
                "same features": Self.sameAccuracy.quantity, "shuffled labels": Self.shuffled.quantity,
            ])
    }

    /// Accuracies of networks in telling odd digits from even ones.
    public var networks: BarChart {
        measured.barChart(
            title: "Networks that may doubt their labels", caption: "Accuracy in telling odd digits from even ones.",
            y: Axis("accuracy"),
            [
                "supervisor": Self.networkWeak.quantity, "cross-entropy": Self.plain.quantity,
                "confidence loss": Self.confident.quantity, "ceiling": Self.networkCeiling.quantity,
            ])
    }

    private func mean(_ measure: Measure) -> String {
        Phrase.number(measured.mean(measure.quantity))
    }

    /// What was found, in sentences.
    public var summary: String {
        func percent(_ measure: Measure) -> String { Phrase.percent(measured.mean(measure.quantity)) }
        return "A supervisor with \(study.weakLabels) labels is right on \(percent(Self.weak)) of pictures, "
            + "the student that it taught on \(percent(Self.student)), and the same student with true labels on "
            + "\(percent(Self.ceiling)). The student recovers \(mean(Self.recovered)) of the gap, a student "
            + "with the supervisor's own features \(mean(Self.same)). It corrects \(percent(Self.corrected)) "
            + "of the supervisor's errors and repeats \(percent(Self.repeated)). Networks recover "
            + "\(mean(Self.plainRecovered)) of their gap, and \(mean(Self.doubting)) where they may "
            + "doubt their labels."
    }
}
