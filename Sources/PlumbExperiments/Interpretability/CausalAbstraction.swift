public import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Does a network that was trained on hierarchical equality compute the two equalities on the way?
///
/// Distributed alignment search finds subspaces for them, judged on objects it never saw. It fails where it must: in
/// random subspaces, in a network with random weights, and for an algorithm that gives the same labels but is not the
/// task's.
public struct CausalAbstraction: Experiment {
    typealias Study = CausalAbstractionStudy

    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with networks and objects of its own.", 1...1000) public var seeds = 4
        public var study = CausalAbstractionStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.steps, tiny.study.width, tiny.study.ranks) = (2, 300, 16, [1, 4])
        (tiny.study.searchSteps, tiny.study.searchBatch, tiny.study.measured) = (40, 32, 200)
        (paper.seeds, paper.study.steps, paper.study.searchSteps) = (16, 8000, 3000)
        (paper.study.ranks, paper.study.objects) = ([1, 2, 4, 8, 16], 1000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "causal-abstraction", title: "Finding a known algorithm in a network",
        direction: "interpretability: causal abstraction",
        question:
            "Does a network trained on (a = b) = (c = d) compute whether a = b and whether c = d on the way, and does "
            + "distributed alignment search find where?",
        method:
            "Train a perceptron on four vectors a, b, c, d to say whether (a = b) = (c = d). Search its first hidden "
            + "layer for two orthogonal subspaces, by gradient descent on their directions, such that the network "
            + "says what the algorithm says when the part of the activation in a subspace is taken from a run on "
            + "other objects: for the first variable, for the second and for both from two runs. Judge the subspaces "
            + "on objects that the search never saw. Repeat with random subspaces, random moves of the same length, "
            + "a network with random weights, one trained only above random weights, and for the algorithm (a = c) = "
            + "(b = d), which gives the same labels on all inputs of the searches.",
        limits:
            "One task, a small perceptron, one layer, and linear subspaces of a rank that is given. Where nonlinear "
            + "maps are allowed, random networks can be aligned with any algorithm (Sutter et al. 2025), and a "
            + "subspace can change the output along a path that the network itself does not use (Makelov et al. "
            + "2023): an accuracy is evidence only beside its controls. Weight decay is part of the finding: without "
            + "it, in two development seeds, the accuracy was 0.73 and 0.9, though those networks made no error on "
            + "the task.",
        references: [
            Reference(
                authors: "Geiger, Lu, Icard, Potts", title: "Causal Abstractions of Neural Networks", year: 2021,
                arXiv: "2106.02997"),
            Reference(
                authors: "Geiger, Wu, Potts, Icard, Goodman",
                title:
                    "Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations",
                year: 2023, arXiv: "2303.02536"),
            Reference(
                authors: "Wu, Geiger, Icard, Potts, Goodman",
                title: "Interpretability at Scale: Identifying Causal Mechanisms in Alpaca", year: 2023,
                arXiv: "2305.08809"),
            Reference(
                authors: "Makelov, Lange, Nanda",
                title: "Is This the Subspace You Are Looking for? An Interpretability Illusion for Subspace Activation "
                    + "Patching", year: 2023, arXiv: "2311.17030"),
            Reference(
                authors: "Sutter, Minder, Hofmann, Pimentel",
                title: "The Non-Linear Representation Dilemma: Is Causal Abstraction Enough for Mechanistic "
                    + "Interpretability?", year: 2025, arXiv: "2507.08802"),
        ],
        minutes: 2)

    private static func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the interchanges", isHeadline: isHeadline)
    }
    private static let accuracy = Quantity("network_accuracy", unit: "of the inputs")
    private static let readoutAccuracy = Quantity("network_accuracy_above_random_weights", unit: "of the inputs")
    private static let aligned = share("interchange_accuracy", isHeadline: true)
    private static let lowest = share("interchange_accuracy_lowest_kind")
    private static let boundless = share("interchange_accuracy_sizes_learned")
    private static let random = share("interchange_accuracy_random_subspaces", isHeadline: true)
    private static let placebo = share("interchange_accuracy_random_moves")
    private static let crossed = share("interchange_accuracy_wrong_algorithm", isHeadline: true)
    private static let untrained = share("interchange_accuracy_random_weights", isHeadline: true)
    private static func part(_ name: String) -> Quantity { Quantity(name, unit: "of the loss") }
    private static let recovered = part("recovered_loss")
    private static let recoveredAtRandom = part("recovered_loss_random_subspaces")
    private static let recoveredWrong = part("recovered_loss_wrong_algorithm")
    private static let readout = share("interchange_accuracy_above_random_weights")

    public let claims = [
        Claim(
            .worst, "The search finds subspaces of the two equalities in the trained network", aligned, .atLeast(0.95),
            control: "Random subspaces of equal rank do not hold them", random, .atMost(0.75)
        ).and(lowest, .atLeast(0.95)).and(accuracy, .atLeast(0.99)).controlAnd(placebo, .atMost(0.6)).development(
            missed: 0, of: 12),
        Claim(
            .worst, "They are found because the network was trained on the task", aligned, .atLeast(0.95),
            control: "With equal effort the search finds none in a network with random weights", untrained, .atMost(0.6)
        ).development(missed: 0, of: 12),
        Claim(
            .worst, "They hold the variables of the algorithm that the network was trained on", aligned, .atLeast(0.95),
            control: "None are found for the other algorithm, which gives the same labels on all inputs of the search",
            crossed, .atMost(0.6)
        ).development(missed: 0, of: 12),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("searches") { trial in try study.run(key: trial.key, in: trial.session) }
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.accuracy] = outcomes.map(\.accuracy)
        measured[Self.readoutAccuracy] = outcomes.map(\.readoutAccuracy)
        measured[Self.recovered] = outcomes.map(\.recovered)
        measured[Self.recoveredAtRandom] = outcomes.map(\.recoveredAtRandom)
        measured[Self.recoveredWrong] = outcomes.map(\.recoveredWrong)
        measured[Self.lowest] = outcomes.map { $0.methods[.aligned].lowest }
        for method in Study.Method.allCases {
            measured[Self.quantity(method)] = outcomes.map { $0.methods[method].mean }
        }
        return Findings(summary: summary(measured, outcomes), claims: claims, from: measured) {
            measured.metrics(Self.aligned, Self.random, Self.untrained, Self.crossed, Self.lowest, Self.boundless)
            measured.metrics(Self.placebo, Self.readout, Self.accuracy, Self.readoutAccuracy)
            measured.metrics(Self.recovered, Self.recoveredAtRandom, Self.recoveredWrong)
            table(outcomes, measured)
            ranks(outcomes, measured)
            "Half of the interchanges change the label, so that an activation left as it is agrees with 0.5 of them."
            "All inputs of searches and interchange measurements are ones on which (a = b) = (c = d) and (a = c) = (b = d) "
                + "agree, each of the four equalities holding for half of them; the network was trained on others too."
            "The recovered loss is that of causal scrubbing (Chan et al. 2022): each subspace gets the activation of "
                + "an input with the same value of its variable, everything else that of a random input."
            "Above random weights the search reaches \(percent(Self.readout, of: measured)); that network is right on "
                + "\(percent(Self.readoutAccuracy, of: measured)) of the inputs."
        }
    }

    private static func quantity(_ method: Study.Method) -> Quantity {
        switch method {
        case .aligned: aligned
        case .boundless: boundless
        case .random: random
        case .placebo: placebo
        case .crossed: crossed
        case .untrained: untrained
        case .readout: readout
        }
    }

    private func percent(_ quantity: Quantity, of measured: Measurements) -> String {
        Phrase.percent(measured.mean(quantity))
    }

    private func summary(_ measured: Measurements, _ outcomes: [Study.Outcome]) -> String {
        func percent(_ quantity: Quantity) -> String { self.percent(quantity, of: measured) }
        let sizes = outcomes.flatMap(\.learnedSizes).map(Double.init)
        return
            "After interchanges in the subspaces found, the trained network says what the algorithm says in "
            + "\(percent(Self.aligned)) of cases with objects never seen; in random subspaces of equal rank in "
            + "\(percent(Self.random)), in a network with random weights in \(percent(Self.untrained)), and for the "
            + "algorithm that gives the same labels in \(percent(Self.crossed)). Where sizes are learned too, a "
            + "variable gets \(Phrase.number(Statistics.mean(sizes))) of \(settings.study.width) directions on "
            + "average and the accuracy is \(percent(Self.boundless))."
    }

    private func table(_ outcomes: [Study.Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "interchanges", title: "How often the network says what the algorithm says after interchanges",
            rowLabel: "what is put in place", columnLabel: "variable", rows: Study.Method.allCases.map(\.rawValue),
            columns: ["first", "second", "both"],
            cells: Study.Method.allCases.map { method in
                let found = outcomes.map { $0.methods[method] }
                return [found.map(\.first), found.map(\.second), found.map(\.both)]
            }, unit: "of the interchanges", band: .range)
    }

    private func ranks(_ outcomes: [Study.Outcome], _ measured: Measurements) -> LineChart {
        let ranks = settings.study.ranks.map(Double.init)
        return LineChart(
            title: "Interchange accuracy by the rank of the subspaces",
            caption:
                "Directions of each of the two subspaces, in a layer of \(settings.study.width). Mean and range over "
                + "\(settings.seeds) seeds.", x: Axis("directions of a variable"), y: Axis("of the interchanges"),
            series: [
                measured.line("trained network", over: ranks, curves: outcomes.map(\.trainedByRank), band: .range),
                measured.line("random weights", over: ranks, curves: outcomes.map(\.untrainedByRank), band: .range),
            ], references: [ReferenceValue("threshold", 0.95), ReferenceValue("nothing changed", 0.5)])
    }
}
