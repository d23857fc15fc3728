public import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// Does subtracting one vector from an agent's activations remove its goal, or does any such vector?
///
/// What the sight of the cheese adds to a hidden layer is subtracted at every step of an episode, and compared, maze by
/// maze, with other mazes' vectors and with random ones that have the activations' covariance.
public struct PolicySteering: Experiment {
    typealias Outcome = PolicySteeringStudy.Outcome
    typealias Comparison = PolicySteeringStudy.Comparison

    public struct Settings: ExperimentSettings {
        @Setting("Networks trained.", 1...1000) public var seeds = 4
        public var study = PolicySteeringStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.cloning.mazes, tiny.study.cloning.steps) = (2, 1_000, 300)
        (tiny.study.test.testMazes, tiny.study.coefficients) = (80, [-1, 0, 1, 2])
        (paper.seeds, paper.study.test.testMazes) = (8, 2_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "policy-steering", title: "Subtracting the goal from an agent", direction: "alignment: shard theory",
        question: "Does subtracting its goal vector change where an agent goes more than other vectors do?",
        method:
            "Train a network by cloning shortest paths, with cheese anywhere in the maze. In each of many new mazes take "
            + "the second hidden layer's activations at the start, minus those of the same maze without cheese, and "
            + "subtract this goal vector at every step of an episode. Do the same with vectors of the same length: another "
            + "maze's, and random ones with the activations' covariance. Compare them maze by maze, with the same random "
            + "numbers for the moves, by a paired permutation test.",
        limits:
            "A small network that sees the whole maze and learns by imitation, in place of the paper's convolutional "
            + "network.",
        references: [
            Reference(
                authors: "Mini, Grietzer, Sharma, Meek, MacDiarmid, Turner",
                title: "Understanding and Controlling a Maze-Solving Policy Network", year: 2023, arXiv: "2310.08043"),
            Reference(
                authors: "Langosco, Koch, Sharkey, Pfau, Krueger",
                title: "Goal Misgeneralization in Deep Reinforcement Learning", year: 2022, arXiv: "2105.14111"),
        ],
        changes: "After trials: 10,000 training steps, not 6,000; claim 2 weaker, before 0.03 and p 0.01 per network.",
        minutes: 2)

    private static func reach(_ name: String, _ first: Bool = false) -> Quantity {
        Quantity(name, unit: "of the mazes", isHeadline: first)
    }
    private static let plain = reach("reach", true)
    private static let own = reach("reach_subtracted", true)
    private static let other = reach("reach_vector_of_another_maze", true)
    private static let covariance = reach("reach_covariance_matched", true)
    private static let isotropic = reach("reach_random"), same = reach("reach_vector_of_same_goal")
    private static let unseen = reach("reach_cheese_unseen")
    private static let conditions: [(vector: SteeringVector, label: String, quantity: Quantity)] = [
        (.none, "not steered", plain), (.own, "own vector", own), (.sameCheese, "same cheese", same),
        (.anotherMaze, "other maze", other), (.covariance, "covariance", covariance),
        (.isotropic, "isotropic", isotropic), (.added, "own added", reach("reach_added")),
        (.unseen, "cheese unseen", unseen),
    ]

    private static let length = Quantity("vector_length"), activation = Quantity("activation_length")
    private static let pooled = Quantity("p_from_covariance_matched_pooled", per: "run")
    private static let cornerReach = reach("corner_network_reach")
    private static let cornerSubtracted = reach("corner_network_reach_subtracted")
    private static let byCell = Comparison.sameCheeseAgainstAnotherMaze
    private static let cornerLength = Quantity("corner_network_vector_length")

    public let claims = [
        Claim(
            .each(allowing: 1),
            "The maze's own goal vector keeps the agent from its cheese in more mazes than another maze's vector",
            Comparison.ownAgainstAnotherMaze.difference, .atLeast(0.03),
            control: "Two other mazes' vectors, so compared, do not differ", Comparison.otherMazes.p, .above(0.01)
        ).and(Comparison.ownAgainstAnotherMaze.p, .atMost(0.01)).and(plain, .atLeast(0.9))
            .development(missed: 1, controlMissed: 1, of: 53),
        Claim(
            .each(allowing: 1),
            "It does so in slightly more mazes than random vectors with the activations' covariance",
            Comparison.ownAgainstCovariance.difference, .above(0),
            control: "Two such random vectors, so compared, do not differ", Comparison.covariances.p, .above(0.01)
        ).and(.value, pooled, .atMost(0.01)).development(missed: 1, controlMissed: 1, of: 53),
        Claim(
            .each(allowing: 1),
            "What it holds is the cheese's cell: the vector of a maze with its cheese on the same cell does more than "
                + "that of a maze with its cheese elsewhere", byCell.difference, .atLeast(0.03),
            control: "Two other mazes' vectors, so compared, do not differ", Comparison.otherMazes.p, .above(0.01)
        ).and(byCell.p, .atMost(0.01)).development(missed: 0, controlMissed: 1, of: 53),
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
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let seeking = try await trials.run("cheese anywhere") { trial in
            try study.run(region: study.cloning.side, key: trial.key, in: trial.session)
        }
        let ignoring = try await trials.run("cheese in the corner") { trial in
            try study.run(region: 1, key: trial.key, in: trial.session)
        }
        var measured = Measurements(seeds: trials.seeds)
        for condition in Self.conditions { measured[condition.quantity] = seeking.map { $0.reach(condition.vector) } }
        for pair in Comparison.allCases {
            measured[pair.difference] = seeking.map { $0.comparisons[pair]?.difference ?? .nan }
            measured[pair.p] = seeking.map { $0.comparisons[pair]?.p ?? .nan }
        }
        let pooled = SteeringComparison(
            pooling: seeking.compactMap { $0.comparisons[.ownAgainstCovariance] }, key: RandomKey(context.seed))
        measured.set(Self.pooled, pooled.p)
        (measured[Self.length], measured[Self.activation]) = (seeking.map(\.norm), seeking.map(\.activationNorm))
        measured[Self.cornerReach] = ignoring.map { $0.reach(.none) }
        measured[Self.cornerSubtracted] = ignoring.map { $0.reach(.own) }
        measured[Self.cornerLength] = ignoring.map(\.norm)
        return Findings(summary: summary(measured, seeking), claims: claims, from: measured) {
            Self.conditions.map { measured.metric($0.quantity) }
            Comparison.allCases.flatMap { measured.metrics($0.difference, $0.p) } + measured.metrics(Self.pooled)
            measured.metrics(Self.length, Self.activation, Self.cornerReach, Self.cornerSubtracted, Self.cornerLength)
            ends(seeking, measured)
            seeking.prefix(1).map { Figure.grids($0.mazes) }
            sweep(seeking, ignoring, measured)
            vectors(seeking, ignoring, measured)
            "The vector is taken once, at the start of the episode, and changes the second hidden layer after its rectifier."
            "\"Cheese unseen\" removes the cheese from what the network sees. Nowhere: in the last quarter of the episode the agent stands on one or two cells. Corner: it then visits the "
                + "upper right corner. Elsewhere: neither, and no cheese."
        }
    }

    private func summary(_ measured: Measurements, _ seeking: [Outcome]) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        func end(_ share: (MazeEnds) -> Double) -> String {
            Phrase.percent(Statistics.mean(seeking.compactMap { $0.ends[.own] }.map(share)))
        }
        let (plain, own) = (measured.mean(Self.plain), measured.mean(Self.own))
        func part(_ other: Quantity) -> String { Phrase.percent((plain - measured.mean(other)) / (plain - own)) }
        let parts = "the first and last do \(part(Self.other)) and \(part(Self.covariance)) of the effect. "
        return
            "The agent reaches the cheese in \(percent(Self.plain)) of new mazes, and in \(percent(Self.own)) with the "
            + "maze's goal vector subtracted, or \(percent(Self.same)) with that of a maze with its cheese on the same cell. Of "
            + "vectors of the same length another maze's leaves \(percent(Self.other)), an isotropic random one "
            + "\(percent(Self.isotropic)), and one with the activations' covariance \(percent(Self.covariance)): "
            + (plain - own > 0.05 ? parts : "little changes. ")
            + "Steered by its own vector the agent ends nowhere in \(end(\.nowhere)), in the corner in \(end(\.corner)) "
            + "and elsewhere in \(end(\.elsewhere))."
    }

    private func ends(_ seeking: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "ends", title: "Where the agent ends up", rowLabel: "vector", columnLabel: "end",
            rows: Self.conditions.map(\.label), columns: MazeEnds.shares.map(\.name),
            cells: Self.conditions.map { row in
                MazeEnds.shares.map { share in seeking.compactMap { $0.ends[row.vector] }.map(share.value) }
            }, unit: "of the mazes", band: .range)
    }

    private func sweep(_ seeking: [Outcome], _ ignoring: [Outcome], _ measured: Measurements) -> LineChart {
        let lines: [(String, SteeringVector, [Outcome])] = [
            ("own vector", .own, seeking), ("other maze", .anotherMaze, seeking), ("covariance", .covariance, seeking),
            ("isotropic", .isotropic, seeking), ("corner network", .own, ignoring),
        ]
        return LineChart(
            title: "More and less of each vector",
            caption:
                "Share of mazes in which the agent reaches the cheese, against how often the vector is subtracted at "
                + "each step; below 0 it is added. The corner network was trained with the cheese always in the corner. "
                + "Mean and range over \(settings.seeds) seeds.",
            x: Axis("times subtracted"), y: Axis("share of mazes"),
            series: lines.map { name, vector, outcomes in
                measured.line(
                    name, over: settings.study.coefficients.sorted(), curves: outcomes.map { $0.sweeps[vector] ?? [] },
                    band: .range)
            }, references: [ReferenceValue("cheese unseen", measured.mean(Self.unseen))],
            markers: [LineChart.Marker("the claims", x: 1)])
    }

    private func vectors(_ seeking: [Outcome], _ ignoring: [Outcome], _ measured: Measurements) -> BarChart {
        BarChart(
            title: "Vectors of this maze, of others, and drawn at random",
            caption:
                "Share of mazes in which the agent reaches the cheese; vectors of the same length, subtracted unless it "
                + "says added. \"Other maze\" is a vector of another test maze, \"same cheese\" of a maze with its cheese "
                + "on the same cell. Mean and range over \(settings.seeds) seeds.",
            categories: Self.conditions.map(\.label), categoryLabel: "vector", y: Axis("share of mazes"),
            series: [("cheese anywhere", seeking), ("corner network", ignoring)].map { name, outcomes in
                measured.bars(name, Self.conditions.map { c in outcomes.map { $0.reach(c.vector) } }, band: .range)
            })
    }
}
