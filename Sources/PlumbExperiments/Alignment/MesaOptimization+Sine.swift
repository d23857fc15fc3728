internal import PlumbAlignment
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor

// An MLP with attention against a gradient step of an MLP's last layer.

extension MesaOptimization {
    private enum Sine {
        static let loss = networkQuantity("sine_half_loss")
        static let step = networkQuantity("sine_step_half_loss")
        static let ratio = networkQuantity("sine_loss_ratio", true)
        static let controlRatio = networkQuantity("sine_loss_ratio_without_mlp")
        static let difference = networkQuantity("sine_difference")
        static let before = networkQuantity("sine_difference_before_step")
        static let initial = networkQuantity("sine_initial_difference")
        static let steps = Quantity("sine_training_steps", unit: "steps", per: "network")
    }

    var sineClaims: [Claim] {
        [
            Claim(
                Self.rule,
                "On sine waves the loss of an MLP with attention is near that of an MLP whose last layer makes a "
                    + "gradient step, as a ratio",
                Sine.ratio, .atMost(1.5),
                control: "Attention without an MLP has a much higher loss", Sine.controlRatio, .atLeast(3)),
            Claim(
                Self.rule, "Its predictions are near those after the gradient step, relative to their mean square",
                Sine.difference, .atMost(0.1), control: "They are far from those before the step", Sine.before,
                .atLeast(0.3)),
        ].map { $0.development(missed: 0, controlMissed: 0, of: 16) }
    }

    func sineWaves(_ context: RunContext, _ measured: inout Measurements) async throws -> [SineOutcome] {
        let (study, test) = (settings.sine, RandomKey(context.seed)["sine waves"])
        let waves = try await Trials(context, count: settings.deepNetworks).run("sine waves") { trial in
            try study.run(key: trial.key["sine waves"], test: test, in: trial.session)
        }
        func keep(_ quantity: Quantity, _ value: (SineOutcome) -> Double) {
            measured[quantity] = waves.map { $0.isConverged ? value($0) : .nan }
        }
        keep(Sine.loss, \.halfLoss)
        keep(Sine.step, \.stepHalfLoss)
        keep(Sine.ratio) { $0.halfLoss / $0.stepHalfLoss }
        keep(Sine.controlRatio) { $0.linearHalfLoss / $0.stepHalfLoss }
        keep(Sine.difference, \.difference)
        keep(Sine.before, \.differenceBefore)
        keep(Sine.initial, \.initialDifference)
        keep(Sine.steps) { Double($0.steps[0]) }
        return waves
    }

    @FindingsBuilder func findings(_ waves: [SineOutcome], _ measured: Measurements) -> [FindingsPart] {
        measured.metrics(Sine.ratio, Sine.loss, Sine.step, Sine.controlRatio, Sine.difference, Sine.before)
        measured.metrics(Sine.initial, Sine.steps)
        Metric("sine_zero_half_loss", waves[0].zeroHalfLoss)
        measured.proportion(
            Quantity("sine_not_converged", per: "network"), waves.count { !$0.isConverged }, of: waves.count)
        Figure.lineChart(
            LineChart(
                title: "A sine wave from ten examples",
                caption:
                    "Predictions of the first network and of the meta-learned step; initial ones are without examples.",
                x: Axis("x"), y: Axis("y"),
                series: zip(
                    ["MLP and attention", "after the step", "attention's initial", "before the step"],
                    waves[0].shown.dropFirst()
                ).map { LineChart.Series($0, x: waves[0].shown[0], y: $1) } + [
                    LineChart.Series("examples", x: waves[0].shownExamples.map(\.x), y: waves[0].shownExamples.map(\.y))
                ]))
    }

    func sineSummary(_ measured: Measurements) -> String {
        func mean(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return "On sine waves, an MLP with attention has \(mean(Sine.ratio)) times the loss of an MLP whose last layer "
            + "makes a gradient step; without the MLP attention has \(mean(Sine.controlRatio)) times."
    }
}
