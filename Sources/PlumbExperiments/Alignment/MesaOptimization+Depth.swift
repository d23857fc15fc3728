internal import PlumbAlignment
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor

// Several layers against as many steps of gradient descent and of GD++.

extension MesaOptimization {
    /// What networks of several layers gave: trained ones, those that write to y alone, and the tuned learners.
    struct Several {
        let learners: DepthStudy.Learners
        let trained: [DepthOutcome]
        let control: [DepthOutcome]
        var replaced: Int { (trained + control).reduce(0) { $0 + $1.replaced } }
    }

    static func networkQuantity(_ name: String, _ isHeadline: Bool = false) -> Quantity {
        Quantity(name, per: "network", isHeadline: isHeadline)
    }

    private enum Deep {
        static let loss = networkQuantity("several_layers_half_loss")
        static let ratio = networkQuantity("loss_ratio_to_descent", true)
        static let excess = networkQuantity("loss_ratio_to_preconditioned")
        static let nearness = networkQuantity("difference_ratio")
        static let probe = networkQuantity("least_probe")
        static let earlier = networkQuantity("probe_one_layer_before")
        static let weights = networkQuantity("least_weight_agreement")
        static let controlRatio = networkQuantity("control_loss_ratio_to_descent")
        static let controlNearness = networkQuantity("control_difference_ratio")
        static let steps = Quantity("several_layers_training_steps", unit: "steps", per: "network")
    }

    var depthClaims: [Claim] {
        let depth = settings.depth.depth
        return [
            Claim(
                Self.rule,
                "The loss of \(depth) layers with shared weights is below that of the best \(depth) steps of gradient "
                    + "descent, as a ratio", Deep.ratio, .atMost(0.85),
                control: "That of layers that cannot change inputs is not", Deep.controlRatio, .atLeast(0.97)),
            Claim(
                Self.rule,
                "Their predictions are nearer to those of GD++ than to those of gradient descent with one step "
                    + "size: the ratio of mean squared differences is small", Deep.nearness, .atMost(0.5),
                control: "Layers that cannot change inputs are nearer to gradient descent", Deep.controlNearness,
                .atLeast(1)),
            Claim(
                Self.rule,
                "After each layer k a linear probe of the query token explains nearly all of the variance of what k "
                    + "steps of GD++ predict",
                Deep.probe, .atLeast(0.95),
                control: "One layer before the last, it explains less of what all steps predict", Deep.earlier,
                .atMost(0.9)),
        ].map { $0.development(missed: 0, controlMissed: 0, of: 24) }
    }

    func several(_ context: RunContext, _ measured: inout Measurements) async throws -> Several {
        let (study, test) = (settings.depth, RandomKey(context.seed)["several layers"])
        let learners = study.learners(key: test["tuning"])
        let trials = Trials(context, count: settings.deepNetworks)
        func train(_ label: String, changesInputs: Bool) async throws -> [DepthOutcome] {
            try await trials.run(label) { trial in
                try study.run(
                    changesInputs: changesInputs, against: learners, key: trial.key[label], test: test,
                    in: trial.session)
            }
        }
        let trained = try await train("several layers", changesInputs: true)
        let control = try await train("several layers that write to y", changesInputs: false)
        let free = learners.losses[.freeDescent] ?? .nan
        func keep(_ quantity: Quantity, _ outcomes: [DepthOutcome], _ value: (DepthOutcome) -> Double) {
            measured[quantity] = outcomes.map { $0.isConverged ? value($0) : .nan }
        }
        keep(Deep.loss, trained, \.halfLoss)
        keep(Deep.ratio, trained) { $0.halfLoss / free }
        keep(Deep.excess, trained) { $0.halfLoss / $0.preconditionedHalfLoss }
        keep(Deep.nearness, trained) { $0.fromPreconditioned / $0.fromDescent }
        keep(Deep.probe, trained) { Statistics.least($0.probes) }
        keep(Deep.earlier, trained) { $0.earlierProbes.last ?? .nan }
        keep(Deep.weights, trained) { Statistics.least($0.weightAgreements) }
        keep(Deep.steps, trained) { Double($0.steps) }
        keep(Deep.controlRatio, control) { $0.halfLoss / free }
        keep(Deep.controlNearness, control) { $0.fromPreconditioned / $0.fromDescent }
        return Several(learners: learners, trained: trained, control: control)
    }

    @FindingsBuilder func findings(_ deep: Several, _ measured: Measurements) -> [FindingsPart] {
        measured.metrics(Deep.ratio, Deep.loss, Deep.excess, Deep.nearness, Deep.probe, Deep.earlier, Deep.weights)
        measured.metrics(Deep.steps, Deep.controlRatio, Deep.controlNearness)
        Self.names.map { Metric("best_\($0.name)_half_loss", deep.learners.losses[$0.kind] ?? .nan) }
        measured.proportion(
            Quantity("several_layers_not_converged", per: "network"),
            (deep.trained + deep.control).count { !$0.isConverged }, of: deep.trained.count + deep.control.count)
        measured.proportion(
            Quantity("several_layers_initializations_replaced", per: "initialization"), deep.replaced,
            of: deep.replaced + deep.trained.count + deep.control.count)
        chart(deep, measured)
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

    private func chart(_ deep: Several, _ measured: Measurements) -> Figure {
        let groups = [("all tokens change", deep.trained), ("only y changes", deep.control)]
        let longest = (deep.trained + deep.control).max { $0.evaluations.count < $1.evaluations.count }
        let steps = longest?.evaluations.map { Double($0.step) } ?? []
        return .lineChart(
            LineChart(
                title: "\(settings.depth.depth) layers with shared weights",
                caption: "Half the squared error on fixed tasks; mean and range over the networks still in training.",
                x: Axis("step"), y: Axis("half squared error", scale: .logarithmic),
                series: groups.map { name, outcomes in
                    measured.line(
                        name, over: steps,
                        curves: outcomes.map { $0.evaluations.map { $0[DepthStudy.Measure.testLoss] } }, band: .range)
                },
                references: Self.names.map { ReferenceValue($0.title, deep.learners.losses[$0.kind] ?? .nan) }))
    }

    func depthSummary(_ measured: Measurements) -> String {
        func mean(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "The loss of \(settings.depth.depth) layers with shared weights is \(mean(Deep.ratio)) times that of the "
            + "best \(settings.depth.depth) steps of gradient descent, and \(mean(Deep.excess)) times that of GD++; where "
            + "layers cannot change inputs it is \(mean(Deep.controlRatio)) times. The mean squared difference from GD++ is "
            + "\(mean(Deep.nearness)) times that from gradient descent."
    }
}
