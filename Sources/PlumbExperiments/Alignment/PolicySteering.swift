public import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// Does subtracting one vector from an agent's activations remove its goal?
///
/// What the sight of the cheese adds to a hidden layer is subtracted at every step of an episode. A random vector of the
/// same length must leave the agent's success unchanged: that is the control.
public struct PolicySteering: Experiment {
    typealias Outcome = PolicySteeringStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Networks trained.", 1...1000) public var seeds = 4
        public var study = PolicySteeringStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.cloning.mazes, tiny.study.cloning.steps) = (2, 1_000, 300)
        (paper.seeds, paper.study.test.testMazes) = (8, 500)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "policy-steering", title: "Subtracting the goal from an agent", direction: "alignment: shard theory",
        question: "Can an agent's goal be removed by subtracting one vector from its activations?",
        method:
            "Train a network by cloning shortest paths, with cheese anywhere in the maze. In each of many new mazes take "
            + "the second hidden layer's activations at the start, minus those of the same maze without cheese, and "
            + "subtract this goal vector at every step of an episode.",
        limits:
            "A small network that sees the whole maze and learns by imitation, in place of the paper's convolutional "
            + "network. The vector belongs to one maze and one start. The length of training was set after trials: 10,000 "
            + "steps, as in the reference, instead of 6,000.",
        references: [
            Reference(
                authors: "Mini, Grietzer, Sharma, Meek, MacDiarmid, Turner",
                title: "Understanding and Controlling a Maze-Solving Policy Network", year: 2023, arXiv: "2310.08043"),
            Reference(
                authors: "Langosco, Koch, Sharkey, Pfau, Krueger",
                title: "Goal Misgeneralization in Deep Reinforcement Learning", year: 2022, arXiv: "2105.14111"),
        ],
        minutes: 1.5)

    private struct Condition: Sendable {
        let quantity: Quantity
        let label: String
        let value: @Sendable (Outcome) -> Double
        init(
            _ name: String, _ label: String, isHeadline: Bool = false, _ value: @escaping @Sendable (Outcome) -> Double
        ) {
            (self.label, self.value) = (label, value)
            quantity = Quantity(name, unit: "of the mazes", isHeadline: isHeadline)
        }
    }

    private static let plain = Condition("reach", "not steered", isHeadline: true) { $0.plain }
    private static let subtracted = Condition("reach_subtracted", "vector subtracted", isHeadline: true) {
        $0.subtracted
    }
    private static let random = Condition("reach_random", "random vector", isHeadline: true) { $0.random }
    private static let other = Condition("reach_vector_of_another_maze", "other maze") { $0.fromAnotherMaze }
    private static let same = Condition("reach_vector_of_same_goal", "same cheese") { $0.fromSameGoal }
    private static let unseen = Condition("reach_cheese_unseen", "cheese unseen") { $0.blind }
    private static let conditions = [
        plain, subtracted, Condition("reach_added", "vector added") { $0.added }, random, other, same, unseen,
    ]
    private static let length = Quantity("vector_length"), activation = Quantity("activation_length")
    private static let cornerReach = Quantity("corner_network_reach", unit: "of the mazes")
    private static let cornerSubtracted = Quantity("corner_network_reach_subtracted", unit: "of the mazes")
    private static let cornerLength = Quantity("corner_network_vector_length")

    public let claims = [
        Claim(
            .mean, "With the goal vector subtracted at every step the agent reaches its cheese less often",
            subtracted.quantity, .atMost(0.6),
            control: "With a random vector of the same length subtracted it reaches it as before", random.quantity,
            .atLeast(0.9)
        ).and(plain.quantity, .atLeast(0.9))
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        guard !settings.study.coefficients.isEmpty else {
            throw SettingsError("--coefficients \(settings.study.coefficients): give one or more numbers")
        }
        try settings.study.test.check(with: settings.study.cloning)
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let study = settings.study
        let trials = Trials(context, count: settings.seeds)
        let seeking = try await trials.run("cheese anywhere") { trial in
            try study.run(region: study.cloning.side, key: trial.key, in: trial.session)
        }
        let ignoring = try await trials.run("cheese in the corner") { trial in
            try study.run(region: 1, key: trial.key, in: trial.session)
        }
        var measured = Measurements(seeds: trials.seeds)
        for condition in Self.conditions { measured[condition.quantity] = seeking.map(condition.value) }
        (measured[Self.length], measured[Self.activation]) = (seeking.map(\.norm), seeking.map(\.activationNorm))
        (measured[Self.cornerReach], measured[Self.cornerLength]) = (ignoring.map(\.plain), ignoring.map(\.norm))
        measured[Self.cornerSubtracted] = ignoring.map(\.subtracted)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            Self.conditions.map { measured.metric($0.quantity) }
            measured.metrics(Self.length, Self.activation)
            Metric(
                "reach_subtracted_most", measured.greatest(Self.subtracted.quantity), n: settings.seeds,
                seeds: trials.seeds)
            measured.metrics(Self.cornerReach, Self.cornerSubtracted, Self.cornerLength)
            mazes(seeking)
            sweep(seeking, ignoring, measured)
            vectors(seeking, ignoring, measured)
            "The vector is taken once, at the start of the episode, and changes the second hidden layer after its rectifier."
            "\"Cheese unseen\" removes the cheese from what the network sees: the agent then reaches it by chance."
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ condition: Condition) -> String { Phrase.percent(measured.mean(condition.quantity)) }
        return
            "The agent reaches the cheese in \(percent(Self.plain)) of new mazes, and in \(percent(Self.subtracted)) with "
            + "the goal vector subtracted at every step; with a random vector of the same length it is "
            + "\(percent(Self.random)). With another maze's vector subtracted it reaches the cheese in "
            + "\(percent(Self.other)), or in \(percent(Self.same)) where that maze has its cheese on the same cell. With the "
            + "cheese unseen it reaches it in \(percent(Self.unseen))."
    }

    private func mazes(_ seeking: [Outcome]) -> GridFigure {
        GridFigure(
            title: "The same mazes without and with the vector",
            caption:
                "Paths of the first seed's agent in its first test mazes: as trained, and with the maze's goal vector "
                + "subtracted at every step. Moves are drawn with the same random numbers.",
            panels: seeking.first.map { $0.plainPanels + $0.steeredPanels } ?? [], legend: GridFigure.mazeLegend)
    }

    private func sweep(_ seeking: [Outcome], _ ignoring: [Outcome], _ measured: Measurements) -> LineChart {
        let x = settings.study.coefficients.sorted()
        return LineChart(
            title: "More and less of the goal vector",
            caption:
                "Share of mazes in which the agent reaches the cheese, against how often the vector is subtracted at "
                + "each step; below 0 it is added. The corner network was trained with the cheese always in the corner. "
                + "Mean and range over \(settings.seeds) seeds.",
            x: Axis("times subtracted"), y: Axis("share of mazes"),
            series: [
                measured.line("goal vector", over: x, curves: seeking.map(\.sweep), band: .range),
                measured.line("random vector", over: x, curves: seeking.map(\.randomSweep), band: .range),
                measured.line("corner network", over: x, curves: ignoring.map(\.sweep), band: .range),
            ], references: [ReferenceValue("cheese unseen", measured.mean(Self.unseen.quantity))],
            markers: [LineChart.Marker("the claim", x: 1)])
    }

    private func vectors(_ seeking: [Outcome], _ ignoring: [Outcome], _ measured: Measurements) -> BarChart {
        BarChart(
            title: "Vectors of this maze, of others, and drawn at random",
            caption:
                "Share of mazes in which the agent reaches the cheese; vectors are subtracted unless it says added. "
                + "\"Other maze\" is a vector of another test maze, \"same cheese\" of a maze with its cheese on the same "
                + "cell. Mean and range over \(settings.seeds) seeds.",
            categories: Self.conditions.map(\.label), categoryLabel: "vector", y: Axis("share of mazes"),
            series: [("cheese anywhere", seeking), ("corner network", ignoring)].map { name, outcomes in
                measured.bars(name, Self.conditions.map { outcomes.map($0.value) }, band: .range)
            })
    }
}
