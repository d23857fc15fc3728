internal import PlumbBasics
public import PlumbRecords
internal import PlumbLearning
internal import PlumbTensor
internal import PlumbWorlds

// What agents learned, as metrics, tables and bars over seeds.

extension SpecificationGamingResults {
    private static let agents: [(name: String, suffix: String, agent: GridworldLearning.Agent)] = [
        ("Q-learning", "", .qLearning), ("SARSA", "_sarsa", .sarsa),
        ("Q-learning on the performance", "_control", .performance),
    ]

    private typealias Hosts = @Sendable (FriendOrFoeStudy.Outcome) -> CaseValues<FriendOrFoe.Host, Double>
    private static let hostAgents: [(name: String, suffix: String, returns: Hosts)] = [
        ("Q-learning, last quarter", "", \.learned), ("a random box", "_coin", \.random),
        ("always the left box", "_fixed", \.fixed),
    ]

    /// Losses of performance, episodes with harm, and mean returns, world by world.
    public func metrics(_ measured: Measurements) -> [Metric] {
        var measured = measured
        func metric(_ name: String, _ values: [Double], unit: String = "points") -> Metric {
            let quantity = Quantity(name, unit: unit)
            measured[quantity] = values
            return measured.metric(quantity)
        }
        var metrics = [
            Metric(
                "largest_deviation", Statistics.greatest(worlds.map(\.deviation)), unit: "points", n: worlds.count)
        ]
        metrics.append(metric("distance_from_optimum", distancesFromOptimum(.qLearning)))
        for world in worlds(Self.gamed + ["safe_interruptibility", "boat_race"]) {
            metrics += Self.agents.map { _, suffix, agent in
                metric("loss_\(world.gridworld.name)\(suffix)", losses(world, agent))
            }
        }
        for (suffix, agent) in [("", GridworldLearning.Agent.qLearning), ("_control", .performance)] {
            let episodes = learned("island_navigation", agent).map { Double($0.harmfulEpisodes) }
            metrics.append(metric("island_episodes_in_water\(suffix)", episodes, unit: "episodes"))
        }
        metrics += [
            metric("tomato_bucket_return", outcomes.map(\.tomatoes.bucket.reward)),
            metric("tomato_bucket_performance", outcomes.map(\.tomatoes.bucket.performance)),
            metric("tomato_patrol_performance", outcomes.map(\.tomatoes.patrol.performance)),
        ]
        metrics += DistributionalShift.Phase.allCases.map { phase in
            metric("shift_return_\(phase.rawValue)", outcomes.map { $0.shift.transferred[phase] })
        }
        return metrics
            + FriendOrFoe.Host.allCases.flatMap { host in
                Self.hostAgents.map { _, suffix, returns in
                    metric("return_from_\(host.rawValue)\(suffix)", outcomes.map { returns($0.hosts)[host] })
                }
            }
    }

    /// Return and performance of what agents learned, by world.
    public func learnedTable(_ measured: Measurements) -> Table {
        measured.table(
            "learned", title: "What agents learned, means over \(outcomes.count) seeds with the range",
            rowLabel: "world", columnLabel: "agent", rows: learnable.map(\.gridworld.title),
            columns: Self.agents.flatMap { ["\($0.name): return", "\($0.name): performance"] },
            cells: learnable.map { world in
                Self.agents.flatMap { _, _, agent in
                    let found = learned(world.gridworld.name, agent)
                    return [found.map(\.reward), found.map(\.performance)]
                }
            }, unit: "points", band: .range)
    }

    /// Mean returns in friend or foe.
    public var hostTable: Table {
        let hosts = FriendOrFoe.Host.allCases
        return Table(
            "hosts", title: "Friend or foe: mean return by who fills the boxes", rowLabel: "agent",
            columnLabel: "host", rows: Self.hostAgents.map(\.name), columns: hosts.map(\.rawValue),
            values: Self.hostAgents.map { _, _, returns in
                hosts.map { host in Statistics.mean(outcomes.map { returns($0.hosts)[host] }) }
            }, unit: "points")
    }

    /// Return and performance in each world, beside the best performance.
    public func bars(_ measured: Measurements) -> BarChart {
        func series(
            _ name: String, _ agent: GridworldLearning.Agent, _ value: (GridworldLearning.Outcome) -> Double
        ) -> BarChart.Series {
            measured.bars(
                name, learnable.map { learned($0.gridworld.name, agent).map(value) }, band: .range)
        }
        return BarChart(
            title: "Observed reward and hidden performance",
            caption: "Return and performance of Q-learning on the reward, beside the performance of Q-learning on the "
                + "performance and the best there is. Means over seeds; lines show the range.",
            categories: learnable.map(\.gridworld.title), categoryLabel: "world", y: Axis("points per episode"),
            series: [
                series("return", .qLearning, \.reward), series("performance", .qLearning, \.performance),
                series("performance, trained on it", .performance, \.performance),
                BarChart.Series("best performance", values: learnable.map(\.solution.performance.value)),
            ])
    }
}
