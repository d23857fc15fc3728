internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What an MLP with attention shows on sine waves beside a gradient step of an MLP's last layer.
public struct SineResults {
    private let outcomes: [SineOutcome]

    /// Trains networks on sine waves.
    ///
    /// - Throws: `FitError` where training diverges; `RunInterrupted`.
    public init(_ study: SineStudy, networks count: Int, in context: RunContext) async throws {
        let test = RandomKey(context.seed)["sine waves"]
        outcomes = try await Trials(context, count: count).run("sine waves") { trial in
            try study.run(key: trial.key["sine waves"], test: test, in: trial.session)
        }
    }

    private static func quantity(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, per: "network", isHeadline: isHeadline)
    }
    private static let loss = quantity("sine_half_loss")
    private static let step = quantity("sine_step_half_loss")
    private static let ratio = quantity("sine_loss_ratio", isHeadline: true)
    private static let controlRatio = quantity("sine_loss_ratio_without_mlp")
    private static let difference = quantity("sine_difference")
    private static let before = quantity("sine_difference_before_step")
    private static let initial = quantity("sine_initial_difference")
    private static let steps = Quantity("sine_training_steps", unit: "steps", per: "network")

    /// What is claimed of networks on sine waves.
    public static let claims = [
        Claim(
            .each(allowing: 1),
            "On sine waves the loss of an MLP with attention is near that of an MLP whose last layer makes a "
                + "gradient step, as a ratio",
            ratio, .atMost(1.5),
            control: "Attention without an MLP has a much higher loss", controlRatio, .atLeast(3)),
        Claim(
            .each(allowing: 1), "Its predictions are near those after the gradient step, relative to their mean square",
            difference, .atMost(0.1), control: "They are far from those before the step", before,
            .atLeast(0.3)),
    ].map { $0.development(missed: 0, controlMissed: 0, of: 52) }

    /// Notes the values of the quantities that claims are about; none of a network whose training has not converged.
    public func measure(_ measured: inout Measurements) {
        func keep(_ quantity: Quantity, _ value: (SineOutcome) -> Double) {
            measured[quantity] = outcomes.map { $0.isConverged ? value($0) : .nan }
        }
        keep(Self.loss, \.halfLoss)
        keep(Self.step, \.stepHalfLoss)
        keep(Self.ratio) { $0.halfLoss / $0.stepHalfLoss }
        keep(Self.controlRatio) { $0.linearHalfLoss / $0.stepHalfLoss }
        keep(Self.difference, \.difference)
        keep(Self.before, \.differenceBefore)
        keep(Self.initial, \.initialDifference)
        keep(Self.steps) { Double($0.steps[0]) }
    }

    /// All numbers, and one network's predictions.
    @FindingsBuilder public func findings(_ measured: Measurements) -> [FindingsPart] {
        measured.metrics(Self.ratio, Self.loss, Self.step, Self.controlRatio, Self.difference, Self.before)
        measured.metrics(Self.initial, Self.steps)
        Metric("sine_zero_half_loss", outcomes[0].zeroHalfLoss)
        measured.proportion(
            Quantity("sine_not_converged", per: "network"), outcomes.count { !$0.isConverged }, of: outcomes.count)
        LineChart(
            title: "A sine wave from ten examples",
            caption:
                "Predictions of the first network and of the meta-learned step; initial ones are without examples.",
            x: Axis("x"), y: Axis("y"),
            series: zip(
                ["MLP and attention", "after the step", "attention's initial", "before the step"],
                outcomes[0].shown.dropFirst()
            ).map { LineChart.Series($0, x: outcomes[0].shown[0], y: $1) } + [
                LineChart.Series(
                    "examples", x: outcomes[0].shownExamples.map(\.x), y: outcomes[0].shownExamples.map(\.y))
            ])
    }

    /// What was found, in a sentence.
    public func summary(_ measured: Measurements) -> String {
        func mean(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return "On sine waves, an MLP with attention has \(mean(Self.ratio)) times the loss of an MLP whose last layer "
            + "makes a gradient step; without the MLP attention has \(mean(Self.controlRatio)) times."
    }
}
