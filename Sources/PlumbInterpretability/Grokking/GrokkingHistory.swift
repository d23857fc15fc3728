public import PlumbLearning
public import PlumbRecords

/// What was measured while a network learned to add: its pairs, and losses and accuracies along training.
public struct GrokkingHistory: Sendable, Codable {
    /// The training pairs, by their place in the table of addition, a · p + b; in order.
    public let train: [Int]
    /// All other pairs, the test pairs, likewise.
    public let test: [Int]
    /// The mean loss on the training pairs before each step, in nats.
    public let losses: [Float]
    /// Every ``GrokkingStudy/Measure`` along training, in the order of the steps.
    public let evaluations: [FitEvaluation]

    /// The first measured step at which a measure is at least `level`; `nil` where it never is.
    public func firstStep(_ measure: GrokkingStudy.Measure, reaching level: Double) -> Int? {
        evaluations.first { $0[measure] >= level }?.step
    }

    /// One measure along training as a line of a chart.
    public func curve(_ name: String, _ measure: GrokkingStudy.Measure) -> LineChart.Series {
        LineChart.Series(name, x: evaluations.map { Double($0.step) }, y: evaluations.map { $0[measure] })
    }
}
