public import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// What agents learned in the safety gridworlds, beside the exact solutions and what these should be.
public struct SpecificationGamingResults: Sendable {
    /// One world with its exact solution.
    public struct World: Sendable {
        /// The world.
        public let gridworld: GridworldCase
        /// What planning gives.
        public let solution: GridworldSolution
        /// The largest deviation of the solution from the expected values, in points.
        public let deviation: Double
    }

    /// The worlds that can be planned in, in the order of ``GridworldCase/all``.
    public let worlds: [World]
    /// One outcome a seed.
    public let outcomes: [SpecificationGamingStudy.Outcome]

    /// Worlds whose most reward costs some of the hidden performance, whatever decides ties, and that the reward alone
    /// makes so: in safe interruptibility it also matters what the agent observes.
    public static let gamed = [
        "absent_supervisor", "sokoban_side_effects", "rocks_and_diamonds",
    ]
    /// Worlds in which it costs nothing.
    public static let aligned = ["island_navigation", "whisky_and_gold", "distributional_shift"]

    /// Solves all worlds.
    ///
    /// - Throws: `WorldError` where a world cannot be listed.
    public init(_ outcomes: [SpecificationGamingStudy.Outcome]) throws {
        worlds = try GridworldCase.all.map { gridworld in
            let solution = try gridworld.solved()
            return World(
                gridworld: gridworld, solution: solution,
                deviation: GridworldSolution.expected[gridworld.name]?.deviation(of: solution) ?? .nan)
        }
        self.outcomes = outcomes
    }

    /// The worlds of these names, in their order.
    public func worlds(_ names: [String]) -> [World] {
        names.compactMap { name in worlds.first { $0.gridworld.name == name } }
    }

    /// The worlds that agents learn in.
    public var learnable: [World] { worlds.filter { !$0.gridworld.agents.isEmpty } }

    /// What one kind of agent learned in a world, an outcome a seed.
    public func learned(_ name: String, _ agent: GridworldLearning.Agent) -> [GridworldLearning.Outcome] {
        outcomes.compactMap { $0.learned[name]?[agent] }
    }

    /// How much less than the best hidden performance an agent's policy gets in a world, a number a seed.
    public func losses(_ world: World, _ agent: GridworldLearning.Agent) -> [Double] {
        learned(world.gridworld.name, agent).map { world.solution.performance.value - $0.performance }
    }

    /// For each seed, the largest loss over these worlds; NaN where one is missing or NaN.
    public func largestLosses(_ worlds: [World], _ agent: GridworldLearning.Agent) -> [Double] {
        perSeed(worlds, Statistics.greatest) { losses($0, agent) }
    }

    /// For each seed, the loss over these worlds as a part of the exact loss: the smallest or the largest.
    public func shares(
        _ worlds: [World], _ agent: GridworldLearning.Agent, _ end: ([Double]) -> Double
    ) -> [Double] {
        perSeed(worlds, end) { world in losses(world, agent).map { $0 / world.solution.loss.least } }
    }

    /// For each seed, the loss of networks over these worlds as a part of the exact loss: the smallest or
    /// the largest.
    public func networkShares(
        _ names: [String], _ totals: (NetworkAgentStudy.Outcome) -> NetworkAgentStudy.Totals,
        _ end: ([Double]) -> Double
    ) -> [Double] {
        perSeed(worlds(names), end) { world in
            let best = world.solution.performance.value
            return outcomes.map { outcome in
                let found = outcome.networks[world.gridworld.name].map(totals)?.performance ?? .nan
                return (best - found) / world.solution.loss.least
            }
        }
    }

    /// For each seed, the performance of agents in a world: the smallest or the largest over these agents.
    public func performances(
        _ name: String, _ agents: [GridworldLearning.Agent], _ end: ([Double]) -> Double
    ) -> [Double] {
        outcomes.map { outcome in end(agents.map { outcome.learned[name]?[$0]?.performance ?? .nan }) }
    }

    /// For each seed, the performance of what was learned under penalties: the smallest or the largest over remedies.
    public func performances(
        _ name: String, under remedies: [SideEffectStudy.Remedy], _ end: ([Double]) -> Double
    ) -> [Double] {
        outcomes.map { outcome in end(remedies.map { outcome.remedied[name]?[$0]?.performance ?? .nan }) }
    }

    /// For each seed, the part of the exact loss that quantilizers of a fraction avoid: the smallest over all worlds.
    public func quantilizedShares(_ base: QuantilizerStudy.Base, fraction: Double, in study: QuantilizerStudy)
        -> [Double]
    {
        guard let place = study.fractions.firstIndex(of: fraction) else { return outcomes.map { _ in .nan } }
        return perSeed(worlds(Self.gamed), Statistics.least) { world in
            outcomes.map { outcome in
                let found = outcome.quantilized[world.gridworld.name]?[base]?.performances ?? []
                let gained = found.indices.contains(place) ? found[place] - world.solution.reward.highest : .nan
                return gained / world.solution.loss.least
            }
        }
    }

    /// For each seed, the largest distance over all worlds between an agent's return and performance and those of policies
    /// that get the most reward, in points.
    public func distancesFromOptimum(_ agent: GridworldLearning.Agent) -> [Double] {
        perSeed(learnable, Statistics.greatest) { world in
            learned(world.gridworld.name, agent).map {
                world.solution.distance(reward: $0.reward, performance: $0.performance)
            }
        }
    }

    private func perSeed(
        _ worlds: [World], _ summary: ([Double]) -> Double, _ values: (World) -> [Double]
    ) -> [Double] {
        let rows = worlds.map(values)
        return outcomes.indices.map { seed in
            summary(rows.map { $0.indices.contains(seed) ? $0[seed] : .nan })
        }
    }

    /// The most that can be had in each world, exactly.
    public var exactTable: Table {
        Table(
            "exact", title: "The most that can be had in 100 steps, exactly", rowLabel: "world",
            columnLabel: "quantity", rows: worlds.map(\.gridworld.title),
            columns: [
                "states", "most reward", "performance with it, lowest", "performance with it, highest",
                "most performance", "reward with it, lowest", "reward with it, highest", "deviation from expected",
            ],
            values: worlds.map { world in
                let (reward, performance) = (world.solution.reward, world.solution.performance)
                return [
                    Double(world.solution.states), reward.value, reward.lowest, reward.highest, performance.value,
                    performance.lowest, performance.highest, world.deviation,
                ]
            }, unit: "points")
    }

    /// The agents that learned from the reward beside those that learned from the hidden performance.
    public func comparison(_ world: World) -> GridworldComparison {
        GridworldComparison(
            title: world.gridworld.title, legend: world.gridworld.legend, best: world.solution.performance.value,
            fromReward: learned(world.gridworld.name, .qLearning),
            fromPerformance: learned(world.gridworld.name, .performance))
    }

    /// The same in the tomato garden.
    public var tomatoComparison: GridworldComparison {
        GridworldComparison(
            title: "tomato garden", legend: TomatoWatering().legend, best: nil,
            fromReward: outcomes.map(\.tomatoes.rewardLearner),
            fromPerformance: outcomes.map(\.tomatoes.performanceLearner))
    }
}
