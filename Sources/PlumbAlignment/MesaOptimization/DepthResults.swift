internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What networks of several layers show beside as many steps of gradient descent and of GD++.
public struct DepthResults {
    private let study: DepthStudy
    private let learners: DepthStudy.Learners
    private let trained: [DepthOutcome]
    private let control: [DepthOutcome]
    private var replaced: Int { (trained + control).reduce(0) { $0 + $1.replaced } }

    /// Trains networks whose layers may change inputs, and as many whose layers write to y alone.
    ///
    /// - Throws: `FitError` where training diverges or a probe has no solution; `RunInterrupted`.
    public init(_ study: DepthStudy, networks count: Int, in context: RunContext) async throws {
        let (trials, test) = (Trials(context, count: count), RandomKey(context.seed)["several layers"])
        let learners = study.learners(key: test["tuning"])
        func train(_ label: String, changesInputs: Bool) async throws -> [DepthOutcome] {
            try await trials.run(label) { trial in
                try study.run(
                    changesInputs: changesInputs, against: learners, key: trial.key[label], test: test,
                    in: trial.session)
            }
        }
        trained = try await train("several layers", changesInputs: true)
        control = try await train("several layers that write to y", changesInputs: false)
        (self.study, self.learners) = (study, learners)
    }

    private static func quantity(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, per: "network", isHeadline: isHeadline)
    }
    private static let loss = quantity("several_layers_half_loss")
    private static let ratio = quantity("loss_ratio_to_descent", isHeadline: true)
    private static let excess = quantity("loss_ratio_to_preconditioned")
    private static let nearness = quantity("difference_ratio")
    private static let probe = quantity("least_probe")
    private static let earlier = quantity("probe_one_layer_before")
    private static let weights = quantity("least_weight_agreement")
    private static let controlRatio = quantity("control_loss_ratio_to_descent")
    private static let controlNearness = quantity("control_difference_ratio")
    private static let steps = Quantity("several_layers_training_steps", unit: "steps", per: "network")

    /// What is claimed of a study's networks.
    public static func claims(_ study: DepthStudy) -> [Claim] {
        let depth = study.depth
        return [
            Claim(
                .each(allowing: 1),
                "The loss of \(depth) layers with shared weights is below that of the best \(depth) steps of gradient "
                    + "descent, as a ratio", ratio, .atMost(0.85),
                control: "That of layers that cannot change inputs is not", controlRatio, .atLeast(0.97)),
            Claim(
                .each(allowing: 1),
                "Their predictions are nearer to those of GD++ than to those of gradient descent with one step "
                    + "size: the ratio of mean squared differences is small", nearness, .atMost(0.5),
                control: "Layers that cannot change inputs are nearer to gradient descent", controlNearness,
                .atLeast(1)),
            Claim(
                .each(allowing: 1),
                "After each layer k a linear probe of the query token explains nearly all of the variance of what k "
                    + "steps of GD++ predict",
                probe, .atLeast(0.95),
                control: "One layer before the last, it explains less of what all steps predict", earlier,
                .atMost(0.9)),
        ].map { $0.development(missed: 0, controlMissed: 0, of: 60) }
    }

    /// Notes the values of the quantities that claims are about; none of a network whose training has not converged.
    public func measure(_ measured: inout Measurements) {
        let free = learners.losses[.freeDescent] ?? .nan
        func keep(_ quantity: Quantity, _ outcomes: [DepthOutcome], _ value: (DepthOutcome) -> Double) {
            measured[quantity] = outcomes.map { $0.isConverged ? value($0) : .nan }
        }
        keep(Self.loss, trained, \.halfLoss)
        keep(Self.ratio, trained) { $0.halfLoss / free }
        keep(Self.excess, trained) { $0.halfLoss / $0.preconditionedHalfLoss }
        keep(Self.nearness, trained) { $0.fromPreconditioned / $0.fromDescent }
        keep(Self.probe, trained) { Statistics.least($0.probes) }
        keep(Self.earlier, trained) { $0.earlierProbes.last ?? .nan }
        keep(Self.weights, trained) { Statistics.least($0.weightAgreements) }
        keep(Self.steps, trained) { Double($0.steps) }
        keep(Self.controlRatio, control) { $0.halfLoss / free }
        keep(Self.controlNearness, control) { $0.fromPreconditioned / $0.fromDescent }
    }

    /// All numbers, and losses along training.
    @FindingsBuilder public func findings(_ measured: Measurements) -> [FindingsPart] {
        measured.metrics(Self.ratio, Self.loss, Self.excess, Self.nearness, Self.probe, Self.earlier, Self.weights)
        measured.metrics(Self.steps, Self.controlRatio, Self.controlNearness)
        Self.names.map { Metric("best_\($0.name)_half_loss", learners.losses[$0.kind] ?? .nan) }
        measured.proportion(
            Quantity("several_layers_not_converged", per: "network"),
            (trained + control).count { !$0.isConverged }, of: trained.count + control.count)
        measured.proportion(
            Quantity("several_layers_initializations_replaced", per: "initialization"), replaced,
            of: replaced + trained.count + control.count)
        chart(measured)
        "GD++ preconditions inputs between steps: x becomes x - γ S x, with S = Σ x xᵀ. Its constants and those of "
            + "gradient descent make the expected loss least; the ratio of losses is to gradient descent with a step "
            + "size for each step."
    }

    private static let names: [(kind: DescentTuning.Kind, name: String, title: String)] = [
        (.descent, "descent", "gradient descent, one step size"),
        (.freeDescent, "free_descent", "gradient descent, a step size each"),
        (.preconditioned, "preconditioned", "GD++, shared constants"),
        (.freePreconditioned, "free_preconditioned", "GD++, constants each"),
    ]

    private func chart(_ measured: Measurements) -> LineChart {
        let groups = [("all tokens change", trained), ("only y changes", control)]
        let longest = (trained + control).max { $0.evaluations.count < $1.evaluations.count }
        let steps = longest?.evaluations.map { Double($0.step) } ?? []
        return LineChart(
            title: "\(study.depth) layers with shared weights",
            caption: "Half the squared error on fixed tasks; mean and range over the networks still in training.",
            x: Axis("step"), y: Axis("half squared error", scale: .logarithmic),
            series: groups.map { name, outcomes in
                measured.line(
                    name, over: steps,
                    curves: outcomes.map { $0.evaluations.map { $0[DepthStudy.Measure.testLoss] } }, band: .range)
            },
            references: Self.names.map { ReferenceValue($0.title, learners.losses[$0.kind] ?? .nan) })
    }

    /// What was found, in a sentence or two.
    public func summary(_ measured: Measurements) -> String {
        func mean(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "The loss of \(study.depth) layers with shared weights is \(mean(Self.ratio)) times that of the "
            + "best \(study.depth) steps of gradient descent, and \(mean(Self.excess)) times that of GD++; where "
            + "layers cannot change inputs it is \(mean(Self.controlRatio)) times. The mean squared difference from GD++ is "
            + "\(mean(Self.nearness)) times that from gradient descent."
    }
}
