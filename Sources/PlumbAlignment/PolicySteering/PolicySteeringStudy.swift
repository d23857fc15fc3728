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

    /// A study with the reference settings, in enough mazes to tell vectors apart that differ in one maze of ten.
    public init() { test.testMazes = 500 }

    /// What steering does to one network.
    public struct Outcome: Codable, Sendable {
        /// Where the agent ends up under each condition.
        public var ends: [SteeringVector: MazeEnds]
        /// The maze's own vector against another condition, and further pairs, maze by maze.
        public var comparisons: [Comparison: SteeringComparison]
        /// For each vector of the sweep and each coefficient in rising order, the share of mazes in which the agent reaches
        /// the cheese with the vector subtracted that often.
        public var sweeps: [SteeringVector: [Double]]
        /// The mean length of a goal vector.
        public var norm: Double
        /// The mean length of the activations that it is taken from.
        public var activationNorm: Double
        /// The first test mazes with the path of the agent as it was trained.
        public var plainPanels: [GridFigure.Panel]
        /// The same mazes with the path of the steered agent, from whose activations the goal vector is subtracted.
        public var steeredPanels: [GridFigure.Panel]

        /// The share of mazes in which the agent reaches the cheese.
        public func reach(_ vector: SteeringVector) -> Double { ends[vector]?.cheese ?? .nan }

        /// The first test mazes, without and with the vector.
        public var mazes: GridFigure {
            GridFigure(
                title: "The same mazes without and with the vector",
                caption:
                    "Paths of the first seed's agent in its first test mazes: as trained, and with the maze's goal vector "
                    + "subtracted at every step. Moves are drawn with the same random numbers.",
                panels: plainPanels + steeredPanels, legend: GridFigure.mazeLegend)
        }
    }

    /// The vectors that are subtracted more and less often.
    static let swept: [SteeringVector] = [.own, .anotherMaze, .covariance, .isotropic]

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
        let vectors = vectors(of: policy, in: states, generator, key: key)
        func walk(_ vector: SteeringVector, _ coefficient: Double) -> MazeWalks {
            test.walk(states, corner: generator.corner, key: key["moves"]) { states, walks in
                guard let vectors = vectors[vector] else {
                    return policy(
                        MazeState.features(of: states.map { MazeState($0.maze.withoutGoal, agent: $0.agent) }))
                }
                return vectors.steering(policy, coefficient: coefficient)(states, walks)
            }
        }
        let coefficient: [SteeringVector: Double] = [.none: 0, .added: 1]
        let walks = SteeringVector.allCases.reduce(into: [SteeringVector: MazeWalks]()) { walks, vector in
            walks[vector] = walk(vector, coefficient[vector] ?? -1)
        }
        func reached(_ vector: SteeringVector) -> [Bool] { walks[vector]?.paths.map(\.reachesGoal) ?? [] }
        func panels(_ name: String, _ vector: SteeringVector) -> [GridFigure.Panel] {
            (walks[vector]?.paths ?? []).prefix(Self.pictures).map { path in
                GridFigure.Panel("\(name): \(path.reachesGoal ? "cheese" : "no cheese")", path: path)
            }
        }
        let comparisons = Comparison.allCases.map { comparison in
            let (first, second) = comparison.conditions
            return (
                comparison,
                SteeringComparison(reached(first), reached(second), key: key["permutations"][comparison.rawValue])
            )
        }
        return Outcome(
            ends: walks.mapValues { MazeEnds($0) },
            comparisons: Dictionary(uniqueKeysWithValues: comparisons),
            sweeps: Dictionary(
                uniqueKeysWithValues: Self.swept.map { vector in
                    (vector, coefficients.sorted().map { walk(vector, -$0).reach })
                }),
            norm: Statistics.mean(vectors[.own]?.norms ?? []),
            activationNorm: Statistics.mean(GoalVectors(policy.hidden(MazeState.features(of: states))).norms),
            plainPanels: panels("as trained", .none), steeredPanels: panels("steered", .own))
    }

    /// The vectors of every condition but that of the unseen cheese, all of the length of the mazes' own.
    func vectors(
        of policy: MazePolicy, in states: [MazeState], _ generator: MazeGenerator, key: RandomKey
    ) -> [SteeringVector: GoalVectors] {
        let own = GoalVectors(of: policy, in: states)
        let same = GoalVectors(of: policy, in: Self.others(states, generator, key: key["others"]))
        let activations = policy.hidden(MazeState.features(of: states))
        return [
            .none: own, .own: own, .added: own, .anotherMaze: own.exchanged(by: 1),
            .secondOtherMaze: own.exchanged(by: 2), .sameCheese: same.scaled(to: own.norms),
            .covariance: own.random(withCovarianceOf: activations, key: key["covariance"]),
            .secondCovariance: own.random(withCovarianceOf: activations, key: key["second covariance"]),
            .isotropic: own.random(key: key["random"]),
        ]
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
