public import PlumbLearning
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

/// Demonstrations on a slippery grid, and how much of the demonstrator's reward they give away.
public struct InverseReinforcementLearningStudy: SettingGroup {
    @Setting("Cells along each side of the grid.", 2...20)
    public var side = 8
    @Setting("The probability that a step goes in a random direction.", 0...0.99)
    public var slip = 0.3
    @Setting("The demonstrator's rationality β: it acts as exp(Q - V) for rewards multiplied by β.", 1e-6...10_000)
    public var rationality = 3.0
    @Setting(
        "The most demonstrations to learn from; a quarter, a 16th and a 64th of them are used too.", 64...1_000_000)
    public var demonstrations = 256
    /// How the reward is recovered; its discount and horizon hold for the demonstrator too.
    public var method = MaximumEntropyIRL()

    /// A study with the reference settings.
    public init() {}

    /// Numbers of demonstrations to learn from, rising; fewer are the first of more.
    public var counts: [Int] { [64, 16, 4, 1].map { demonstrations / $0 } }

    /// The rationality that a learner assumes, in that of the demonstrator.
    public static let assumedFactors = [0.1, 0.9, 1, 1.1, 10]
    /// The rewards drawn at random that are acted on, for each grid.
    static let randomRewards = 20

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard demonstrations % 64 == 0 else {
            throw SettingsError("--demonstrations \(demonstrations): it must be a multiple of 64")
        }
        guard demonstrations * method.horizon <= 20_000_000 else {
            throw SettingsError(
                "--demonstrations \(demonstrations) times --horizon \(method.horizon) may be at most 20000000")
        }
    }

    /// What was learned from some number of demonstrations.
    public struct Point: Sendable, Codable, Equatable {
        /// The number of demonstrations.
        public var demonstrations: Int
        /// What is lost by acting on the recovered reward: (V* - V) / (V* - V of random actions).
        public var loss: Double
        /// Of the recovered with the true reward, over cells.
        public var correlation: Double
        /// The reward, and how often the demonstrations and its soft-optimal policy visit each cell.
        public var recovered: MaximumEntropyIRL.Recovered
    }

    /// What one grid gave.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The true reward of each cell.
        public var reward: [Double]
        /// One a number of demonstrations.
        public var points: [Point]
        /// The same from a demonstrator that acts at random, one a number of demonstrations.
        public var control: [Point]
        /// What the demonstrator itself loses, which errs.
        public var demonstratorLoss: Double
        /// What acting on rewards that have nothing to do with the grid loses, mean over ``randomRewards`` of them.
        public var randomRewardLoss: Double
        /// What is lost where the reward recovered from the most demonstrations is added to one that the robot knows, for
        /// each of ``assumedFactors``.
        public var weighed: [Double]

        /// The true reward beside those recovered from demonstrations and from random actions.
        public var rewards: GridFigure {
            let side = Int(Double(reward.count).squareRoot().rounded())
            let blank = [String](repeating: String(repeating: " ", count: side), count: side)
            func panel(_ title: String, _ values: [Double]) -> GridFigure.Panel {
                let mean = Statistics.mean(values)
                let deviation = Statistics.mean(values.map { ($0 - mean) * ($0 - mean) }).squareRoot()
                let shown = values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
                return GridFigure.Panel(
                    title, rows: blank, values: (0..<side).map { Array(shown[$0 * side..<($0 + 1) * side]) })
            }
            return GridFigure(
                title: "True and recovered rewards",
                caption: "The grid of the first seed. Each panel is in standard deviations from its own mean, since "
                    + "demonstrations do not determine a constant.",
                panels: [panel("true reward", reward)]
                    + points.map {
                        panel(
                            $0.demonstrations == 1 ? "1 demonstration" : "\($0.demonstrations) demonstrations",
                            $0.recovered.reward)
                    }
                    + control.suffix(1).map { panel("\($0.demonstrations) random demonstrations", $0.recovered.reward) },
                legend: [], valueLabel: "standard deviations")
        }
    }

    /// Demonstrates on a grid with random rewards, and recovers them.
    ///
    /// - Throws: `WorldError` for settings no demonstration comes from; `RunInterrupted`.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        var random = key["reward"].generator()
        let reward = (0..<side * side).map { _ in random.normal() }
        let grid = SlipperyGrid(rows: side, columns: side, slip: slip, reward: reward, canStay: true)
        let process = grid.process
        let scale = Yardstick(process, discount: method.discount)
        let actions = process.actions
        var planner = SoftPlanner(process, discount: method.discount, tolerance: 1e-9)
        let flat = planner.plan(reward.map { rationality * $0 })
        let expert = (0..<process.states).map { Array(flat[$0 * actions..<($0 + 1) * actions]) }
        let uniform = process.uniformPolicy
        func curve(_ policy: [[Double]], _ name: String, _ part: Int) throws -> [Point] {
            let all = try demonstrate(policy, on: grid, key: key[name])
            return try counts.enumerated().map { index, count in
                let recovered = try method.recover(from: Array(all.prefix(count)), in: process) { iteration in
                    try session.reporter.checkpoint()
                    let done = Double(iteration) / Double(max(1, method.iterations))
                    session.reporter.progress(
                        "rewards",
                        (Double(part * counts.count + index) + done) / Double(2 * counts.count))
                }
                return Point(
                    demonstrations: count, loss: scale.loss(actingOn: recovered.reward, in: process),
                    correlation: Statistics.pearson(recovered.reward, reward), recovered: recovered)
            }
        }
        let points = try curve(expert, "expert", 0)
        return Outcome(
            reward: reward, points: points, control: try curve(uniform, "random", 1),
            demonstratorLoss: scale.loss(of: expert, in: process),
            randomRewardLoss: randomRewardLoss(scale, process, key: key["unrelated"]),
            weighed: weighed(points.last?.recovered.reward ?? reward, reward, process, key: key["known"]))
    }

    /// What acting on rewards drawn as the true one was, but without regard to it, loses on average.
    private func randomRewardLoss(_ scale: Yardstick, _ process: DecisionProcess, key: RandomKey) -> Double {
        let losses = (0..<Self.randomRewards).map { index in
            var random = key[index].generator()
            return scale.loss(actingOn: (0..<process.states).map { _ in random.normal() }, in: process)
        }
        return Statistics.mean(losses)
    }

    /// What acting on the sum of a recovered and a known reward loses on the sum of the true and the known one. Only the
    /// recovered reward divided by the demonstrator's rationality has the true one's size: a learner that assumes another
    /// gives it too much or too little weight.
    private func weighed(
        _ recovered: [Double], _ reward: [Double], _ process: DecisionProcess, key: RandomKey
    ) -> [Double] {
        var random = key.generator()
        let known = reward.map { _ in random.normal() }
        func rewarding(_ values: [Double]) -> DecisionProcess {
            process.rewarding(values.map { [Double](repeating: $0, count: process.actions) })
        }
        let whole = rewarding(zip(reward, known).map(+))
        let scale = Yardstick(whole, discount: method.discount)
        return Self.assumedFactors.map { factor in
            let believed = zip(recovered, known).map { $0 / (rationality * factor) + $1 }
            return scale.loss(actingOn: believed, in: whole)
        }
    }

    /// The cells of each demonstration.
    private func demonstrate(_ policy: [[Double]], on grid: SlipperyGrid, key: RandomKey) throws -> [[Int]] {
        try (0..<demonstrations).map { index in
            try grid.episode(key: key[index], limit: method.horizon - 1) { cell, random in
                var left = random.uniform()
                for (action, probability) in zip(grid.actions, policy[cell]) {
                    left -= probability
                    if left < 0 { return action }
                }
                return grid.actions[grid.actions.count - 1]
            }.states
        }
    }
}

/// Between the best that can be done and random actions, on the true reward.
private struct Yardstick {
    let discount: Double
    let best: Double
    let random: Double

    init(_ process: DecisionProcess, discount: Double) {
        self.discount = discount
        best = process.startValue(process.optimal(discount: discount).states)
        random = process.startValue(process.values(of: process.uniformPolicy, discount: discount))
    }

    /// What a policy loses: 0 for the best, 1 for random actions.
    func loss(of policy: [[Double]], in process: DecisionProcess) -> Double {
        (best - process.startValue(process.values(of: policy, discount: discount))) / (best - random)
    }

    /// What the best policy for other rewards of states loses on the true ones.
    func loss(actingOn reward: [Double], in process: DecisionProcess) -> Double {
        let believed = process.rewarding(reward.map { [Double](repeating: $0, count: process.actions) })
        return loss(of: process.policy(of: believed.optimal(discount: discount).greedy), in: process)
    }
}
