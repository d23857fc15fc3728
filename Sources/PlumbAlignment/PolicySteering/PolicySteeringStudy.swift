public import PlumbLearning
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// Trains an agent to find cheese anywhere, and steers it away from the cheese by changing its activations.
public struct PolicySteeringStudy: SettingGroup {
    /// How the network is trained.
    public var cloning = MazeCloning()
    /// The mazes that it is steered in.
    public var test = MazeTest()
    @Setting("How often the vector is subtracted, in the sweep; below 0 it is added.", -1e6...1e6)
    public var coefficients = [-1.0, -0.5, 0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3]

    /// How many paths are kept for a figure.
    static let pictures = 4

    /// A study with the reference settings.
    public init() {}

    /// The shares of mazes in which one network reaches the cheese.
    public struct Outcome: Codable, Sendable {
        /// As it was trained.
        public var plain: Double
        /// The maze's own goal vector subtracted at every step.
        public var subtracted: Double
        /// The same vector added.
        public var added: Double
        /// A random vector of equal length subtracted.
        public var random: Double
        /// The vector of another test maze subtracted, whose cheese as a rule lies elsewhere.
        public var fromAnotherMaze: Double
        /// The vector of another maze subtracted, whose cheese lies on the same cell.
        public var fromSameGoal: Double
        /// With the cheese taken out of what the network sees: what it reaches by chance.
        public var blind: Double
        /// For each coefficient in rising order, the vector subtracted that often.
        public var sweep: [Double]
        /// For each coefficient in rising order, the random vector subtracted that often.
        public var randomSweep: [Double]
        /// The mean length of a goal vector.
        public var norm: Double
        /// The mean length of the activations that it is taken from.
        public var activationNorm: Double
        /// The first test mazes with the path of the agent as it was trained.
        public var plainPanels: [GridFigure.Panel]
        /// The same mazes with the path of the steered agent, from whose activations the goal vector is subtracted.
        public var steeredPanels: [GridFigure.Panel]
    }

    /// Trains with the cheese in a region, and steers.
    ///
    /// - Throws: `WorldError` for a region that cannot be; what
    ///   ``MazeCloning/train(key:label:in:evaluateEvery:evaluate:)`` throws.
    public func run(region: Int, key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let test = try cloning.generator(goalDistance: self.test.goalDistance)
        let policy = try cloning.train(
            on: cloning.generator(region: region), key: key, label: "region \(region)", in: session
        ).model
        try session.reporter.checkpoint()
        return steer(policy, in: test.states(self.test.testMazes, key: key["elsewhere"]), test, key: key)
    }

    /// All measurements of one network.
    func steer(_ policy: MazePolicy, in states: [MazeState], _ generator: MazeGenerator, key: RandomKey) -> Outcome {
        let vectors = GoalVectors(of: policy, in: states)
        let random = vectors.random(key: key["random"])
        func walk(_ vectors: GoalVectors, _ coefficient: Double) -> MazeWalks {
            test.walk(
                states, corner: generator.corner, key: key["moves"],
                policy: vectors.steering(policy, coefficient: coefficient))
        }
        let (plain, steered) = (walk(vectors, 0), walk(vectors, -1))
        let rotated = states.indices.map { ($0 + 1) % states.count }
        let blind = test.walk(states, corner: generator.corner, key: key["moves"]) { states, _ in
            policy(MazeState.features(of: states.map { MazeState($0.maze.withoutGoal, agent: $0.agent) }))
        }
        let activations = policy.hidden(MazeState.features(of: states))
        func panels(_ name: String, _ walks: MazeWalks) -> [GridFigure.Panel] {
            walks.paths.prefix(Self.pictures).map { path in
                GridFigure.Panel("\(name): \(path.reachesGoal ? "cheese" : "no cheese")", path: path)
            }
        }
        return Outcome(
            plain: plain.reach, subtracted: steered.reach, added: walk(vectors, 1).reach,
            random: walk(random, -1).reach,
            fromAnotherMaze: walk(GoalVectors(vectors.values.gathered(rotated)), -1).reach,
            fromSameGoal: walk(
                GoalVectors(of: policy, in: Self.others(states, generator, key: key["others"])), -1
            ).reach,
            blind: blind.reach, sweep: coefficients.sorted().map { walk(vectors, -$0).reach },
            randomSweep: coefficients.sorted().map { walk(random, -$0).reach },
            norm: Statistics.mean(vectors.norms), activationNorm: Statistics.mean(GoalVectors(activations).norms),
            plainPanels: panels("as trained", plain), steeredPanels: panels("steered", steered))
    }

    /// Other mazes with the cheese on the same cells, and agents that begin anywhere in them.
    public static func others(_ states: [MazeState], _ generator: MazeGenerator, key: RandomKey) -> [MazeState] {
        states.enumerated().map { index, state in
            guard let goal = state.maze.goal else { return state }
            var random = key[index].generator()
            while true {
                let maze = generator.maze(goal: goal, using: &random)
                let starts = generator.starts(in: maze)
                if !starts.isEmpty { return MazeState(maze, agent: starts[random.index(below: starts.count)]) }
            }
        }
    }
}
