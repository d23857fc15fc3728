public import PlumbLearning
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Trains an agent on mazes whose cheese lies near one corner, and looks where it goes when the cheese lies elsewhere.
///
/// In training the goal that was meant, the cheese, and a rival one, the corner, ask for the same moves; nothing tells
/// the network which of them to learn. It fails as an agent only where the two part, and then it fails as a capable
/// agent with another goal (Langosco et al. 2022, arXiv:2105.14111; Shah et al. 2022, arXiv:2210.01790).
public struct GoalMisgeneralizationStudy: SettingGroup {
    /// How the network is trained.
    public var cloning = MazeCloning()
    /// How it is tested.
    public var test = MazeTest()

    /// How often the network is tested while it learns.
    static let measurements = 10
    /// How many paths are kept for a figure.
    static let pictures = 4

    /// A study with the reference settings.
    public init() {}

    /// What is measured while a network learns.
    public enum Measure: String, FitMeasure {
        /// The share of new mazes of the training distribution in which it reaches the cheese.
        case familiarReach = "reach in training mazes"
        /// The share of mazes with the cheese far from the corner in which it reaches the cheese.
        case reach = "reach elsewhere"
        /// The share of those in which it stands on the corner first.
        case cornerFirst = "corner first"
    }

    /// How one network did.
    public struct Outcome: Codable, Sendable {
        /// The width of the region in which the cheese lay in training.
        public var region: Int
        /// The share of new mazes of the training distribution in which it reaches the cheese.
        public var familiarReach: Double
        /// The share of mazes with the cheese far from the corner in which it reaches the cheese.
        public var reach: Double
        /// The share of those in which it stands on the corner first.
        public var cornerFirst: Double
        /// Capability and goal in the mazes with the cheese far from the corner, as four shares that sum to 1.
        public var robustness: GoalRobustness
        /// Every ``Measure`` along training.
        public var evaluations: [FitEvaluation]
        /// The first test mazes with the path that it took.
        public var panels: [GridFigure.Panel]
    }

    /// Trains on mazes whose cheese lies in the region, and tests.
    ///
    /// The test mazes depend on the key alone: agents of different regions walk through the same.
    ///
    /// - Throws: `WorldError` for a region that cannot be; what
    ///   ``MazeCloning/train(key:label:in:evaluateEvery:evaluate:)`` throws.
    public func run(region: Int, key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let generator = try cloning.generator(region: region)
        let familiar = generator.states(test.testMazes, key: key["familiar"])
        let elsewhere = try elsewhere(key)
        let result = try cloning.train(
            on: generator, key: key, label: "region \(region)", in: session,
            evaluateEvery: max(1, cloning.steps / Self.measurements)
        ) { model, _ in
            let (known, new) = (walk(familiar, key, model), walk(elsewhere, key, model))
            return Measured(of: Measure.self) { measure in
                switch measure {
                case .familiarReach: known.reach
                case .reach: new.reach
                case .cornerFirst: new.cornerFirst
                }
            }
        }
        let walks = walk(elsewhere, key, result.model)
        return Outcome(
            region: region, familiarReach: walk(familiar, key, result.model).reach, reach: walks.reach,
            cornerFirst: walks.cornerFirst, robustness: walks.robustness, evaluations: result.evaluations,
            panels: walks.paths.prefix(Self.pictures).map { path in
                GridFigure.Panel("\(region) × \(region): \(Self.title(path, walks.corner))", path: path)
            })
    }

    /// How an agent does that moves at random, in the same mazes.
    ///
    /// - Returns: the share of mazes with the cheese in the corner in which it comes upon the cheese, and the share of
    ///   mazes with the cheese elsewhere in which it comes upon the corner first.
    public func chance(key: RandomKey) throws -> (familiarReach: Double, cornerFirst: Double) {
        let corner = try cloning.generator().corner
        func wander(_ states: [MazeState]) -> MazeWalks {
            test.walk(states, corner: corner, key: key["chance"]) { _, walks in
                Tensor.zeros([walks.count, Move.allCases.count])
            }
        }
        let familiar = try cloning.generator(region: 1).states(test.testMazes, key: key["familiar"])
        return (wander(familiar).reach, wander(try elsewhere(key)).cornerFirst)
    }

    /// Mazes with the cheese far from the corner.
    private func elsewhere(_ key: RandomKey) throws -> [MazeState] {
        try cloning.generator(goalDistance: test.goalDistance).states(test.testMazes, key: key["elsewhere"])
    }

    private func walk(_ states: [MazeState], _ key: RandomKey, _ model: MazePolicy) -> MazeWalks {
        test.walk(states, corner: cloning.side - 1, key: key["moves"]) { states, _ in
            model(MazeState.features(of: states))
        }
    }

    private static func title(_ path: MazePath, _ corner: Int) -> String {
        if path.visitsFirst(corner) { return "corner first" }
        return path.reachesGoal ? "cheese" : "neither"
    }
}
