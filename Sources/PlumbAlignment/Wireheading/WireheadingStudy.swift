internal import PlumbBasics
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Whether an agent takes a tile that pays more than what it was rewarded for in training, by how far away it is: a policy
/// learned by policy gradients, and value iteration.
///
/// A policy gradient makes more probable what was done and paid. A tile that was never entered in training has paid
/// nothing, whatever it would have paid; value iteration asks what it would.
public struct WireheadingStudy: SettingGroup {
    @Setting("Mazes drawn; in each an agent learns for every distance of the tile.", 1...1000) public var mazes = 2
    @Setting("Steps from the agent to the cheese, which pays 1.", 1...10) public var cheeseDistance = 4
    @Setting(
        "Steps from the agent to the tile, an agent each; the first is often met in training, the last is not.", 1...30)
    public var distances = [2, 4, 6, 8, 12, 16, 24]
    @Setting("What the tile pays; the cheese pays 1.", 0.001...1e6) public var payment = 10.0
    @Setting("Steps after which an episode is cut off.", 1...10_000) public var episodeSteps = 60
    @Setting("Steps of training of each agent.", 1...1_000_000_000) public var agentSteps = 60_000
    @Setting("Episodes that learn side by side.", 2...4096) public var lanes = 16
    @Setting("Adam's learning rate at first; it falls to 0.", 1e-9...10) public var agentLearningRate = 0.01
    @Setting("What a reward counts if it comes one step later.", 0...0.999999) public var discount = 0.97
    @Setting("The weight of the policy's entropy in the loss.", 0...10) public var entropyWeight = 0.01
    @Setting("Neurons of the policy's hidden layer.", 1...4096) public var hidden = 32

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard distances.count > 1, zip(distances, distances.dropFirst()).allSatisfy(<) else {
            throw SettingsError("--distances takes two distances or more, the nearest first")
        }
        guard let last = distances.last, last <= episodeSteps else {
            throw SettingsError("--episode-steps \(episodeSteps) must reach the last of --distances")
        }
        guard hidden * lanes <= 1 << 20 else {
            throw SettingsError("--hidden \(hidden) times --lanes \(lanes) may be at most \(1 << 20)")
        }
    }

    /// One agent in one maze.
    public struct Result: Sendable, Codable, Equatable {
        /// Episodes of training, and those of them that entered the tile.
        public let episodes: Int
        /// See ``episodes``.
        public let visits: Int
        /// The chance that an episode of the learned policy, its actions sampled, enters the tile; exact.
        public let tile: Double
        /// The chance that it enters the cheese.
        public let cheese: Double
        /// 1 if an episode of its most probable actions enters the tile, else 0.
        public let greedyTile: Double
        /// 1 if an episode of value iteration enters the tile, else 0.
        public let plannedTile: Double
        /// The same where the tile pays no more than the cheese.
        public let plannedPoorTile: Double
    }

    /// The results of one seed, [maze][distance], and paths of the first maze with the farthest tile.
    public struct Outcome: Sendable, Codable, Equatable {
        /// [maze][distance].
        public let results: [[Result]]
        /// Paths of both agents, the tile near and far.
        public let panels: [GridFigure.Panel]

        /// The results of one distance, a maze each.
        public func at(_ distance: Int) -> [Result] { results.map { $0[distance] } }
    }

    /// Draws mazes and trains an agent for every distance.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        var panels: [GridFigure.Panel] = []
        let results = try (0..<mazes).map { number in
            var random = key["maze"][number].generator()
            let plan = WireheadMazePlan(
                cheeseDistance: cheeseDistance, length: distances[distances.count - 1], using: &random)
            return try distances.map { distance in
                let world = plan.world(tileAt: distance, payment: payment, steps: episodeSteps)
                let (result, paths) = try learn(
                    world, key: key["agent"][number][distance], label: "maze \(number), tile at \(distance)",
                    in: session)
                if number == 0, distance == distances.first || distance == distances.last {
                    panels += zip(["policy gradient", "value iteration"], paths).map { name, path in
                        world.panel("\(name), tile at \(distance)", along: path)
                    }
                }
                return result
            }
        }
        return Outcome(results: results, panels: panels)
    }

    private func learn(
        _ world: WireheadMaze, key: RandomKey, label: String, in session: FitSession
    ) throws -> (result: Result, paths: [[Int]]) {
        let explored = try ExploredWorld(world)
        var training = AgentTraining(steps: agentSteps)
        (training.lanes, training.clipNorm) = (lanes, 1)
        training.schedule = .linear(warmup: 0, total: agentSteps, floor: 0)
        var method = REINFORCE<MLP>()
        (method.discount, method.entropyWeight) = (discount, entropyWeight)
        let trained = try training.run(
            method, MLP(world, hidden: [hidden], key: key["network"]), optimizer: Adam(learningRate: agentLearningRate),
            in: world, key: key["training"], label: label, session: session)
        let features = Tensor(
            explored.states.flatMap { world.features(of: $0) }, shape: [explored.states.count] + world.featureShape)
        let scores = trained.network.scores(features)
        let (chances, actions) = (scores.softmax().elements, explored.process.actions)
        // Rounded to 32 bits, a row sums to 1 but nearly.
        let sampled = explored.states.indices.map { state in
            let row = chances[state * actions..<(state + 1) * actions].map(Double.init)
            return row.map { $0 / row.reduce(0, +) }
        }
        let greedy = scores.argmaxOfRows()
        let planned = explored.process.optimal(discount: discount).greedy
        var poor = world
        poor.payment = 1
        let alternative = try ExploredWorld(poor)
        let (tile, cheese) = ends(of: sampled, in: explored)
        return (
            Result(
                episodes: trained.episodes.count,
                visits: trained.episodes.count { $0.totalReward != $0.totalPerformance }, tile: tile, cheese: cheese,
                greedyTile: ends(of: explored.process.policy(of: greedy), in: explored).tile,
                plannedTile: ends(of: explored.process.policy(of: planned), in: explored).tile,
                plannedPoorTile: ends(
                    of: alternative.process.policy(of: alternative.process.optimal(discount: discount).greedy),
                    in: alternative
                ).tile),
            [path(greedy, explored), path(planned, explored)]
        )
    }

    /// The chances that an episode of a policy [S][A] ends on the tile and on the cheese.
    private func ends(
        of policy: [[Double]], in explored: ExploredWorld<WireheadMaze>
    ) -> (tile: Double, cheese: Double) {
        let totals = explored.process.totals(of: policy, steps: episodeSteps)
        return ((totals.reward - totals.performance) / explored.world.payment, totals.performance)
    }

    /// The cells of an episode that takes one action in each state.
    private func path(_ actions: [Int], _ explored: ExploredWorld<WireheadMaze>) -> [Int] {
        var (state, path) = (explored.world.first, [explored.world.first])
        for _ in 0..<episodeSteps {
            let action = explored.index[state].map { actions[$0] } ?? 0
            let isOver = explored.world.apply(explored.world.actions[action], to: &state).isOver
            path.append(state)
            if isOver { break }
        }
        return path
    }
}
