internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

// Reward against observation, remedies and networks, as tables and charts over seeds.

extension SpecificationGamingResults {
    /// Worlds that may execute another action than the chosen one.
    public static let overriding = ["safe_interruptibility", "whisky_and_gold"]

    /// What is rewarded and what the agent observes, each crossed with the other.
    public static let factorial: [(title: String, agent: GridworldLearning.Agent)] = [
        ("the reward", .qLearning), ("the reward, action observed", .executedAction),
        ("the performance", .performance), ("the performance, action observed", .performanceExecutedAction),
    ]

    /// Performance by what is rewarded and whether the agent observes its executed action.
    public func factorialTable(_ measured: Measurements) -> Table {
        let worlds = worlds(Self.overriding)
        return measured.table(
            "factorial", title: "Performance by what is learned from, and by whether the executed action is observed",
            rowLabel: "world", columnLabel: "learned from", rows: worlds.map(\.gridworld.title),
            columns: Self.factorial.map(\.title),
            cells: worlds.map { world in
                Self.factorial.map { learned(world.gridworld.name, $0.agent).map(\.performance) }
            }, unit: "points", band: .range)
    }

    /// The performance of exact plans by world and penalty.
    public func remedyTable(_ measured: Measurements) -> Table {
        let remedies = SideEffectStudy.Remedy.allCases
        return measured.table(
            "remedies", title: "The lowest performance of exact plans for the reward less a penalty",
            rowLabel: "world", columnLabel: "penalty", rows: SideEffectStudy.cases.map(\.title),
            columns: remedies.map(\.title),
            cells: SideEffectStudy.cases.map { world in
                remedies.map { remedy in outcomes.map { $0.remedied[world.name]?[remedy]?.lowest ?? .nan } }
            }, unit: "points", band: .range)
    }

    /// Return and performance of what Q-learning learned under each penalty.
    public func learnedRemedyTable(_ measured: Measurements) -> Table {
        let (remedies, worlds) = (SideEffectStudy.Remedy.allCases, SideEffectStudy.cases.filter(\.isLearned))
        return measured.table(
            "remedies_learned", title: "What Q-learning learned from the reward less a penalty", rowLabel: "penalty",
            columnLabel: "world", rows: remedies.map(\.title),
            columns: worlds.flatMap { ["\($0.title): return", "\($0.title): performance"] },
            cells: remedies.map { remedy in
                worlds.flatMap { world in
                    let found = outcomes.compactMap { $0.remedied[world.name]?[remedy] }
                    return [found.map(\.reward), found.map(\.performance)]
                }
            }, unit: "points", band: .range)
    }

    /// The performance of exact plans in one world along the weight of penalties.
    public func weightChart(_ name: String, _ measured: Measurements) -> LineChart {
        let title = SideEffectStudy.cases.first { $0.name == name }?.title ?? name
        let weights = SideEffectStudy(SideEffectPenalty(), GridworldLearning()).weights
        return LineChart(
            title: "How much weight a penalty needs: \(title)",
            caption: "The lowest performance of exact plans: means over seeds; bands show the range.",
            x: Axis("weight of the penalty", unit: "points", scale: .logarithmic),
            y: Axis("performance", unit: "points"),
            series: SideEffectStudy.Remedy.allCases.dropFirst().map { remedy in
                measured.line(
                    remedy.title, over: weights,
                    curves: outcomes.map { $0.remedied[name]?[remedy]?.curve ?? [] }, band: .range)
            })
    }

    /// Performance along 1/q of quantilizers in one world.
    public func quantilizerChart(_ name: String, _ study: QuantilizerStudy, _ measured: Measurements) -> LineChart {
        let world = worlds([name]).first
        func line(_ title: String, _ base: QuantilizerStudy.Base) -> LineChart.Series {
            measured.line(
                title, over: study.fractions.map { 1 / $0 },
                curves: outcomes.map { $0.quantilized[name]?[base]?.performances ?? [] }, band: .range)
        }
        return LineChart(
            title: "Quantilizers: \(world?.gridworld.title ?? name)",
            caption:
                "Performance of an episode drawn from the fraction q of a base's episodes that has the most reward: "
                + "means over seeds; bands show the range.",
            x: Axis("1/q", scale: .logarithmic), y: Axis("performance", unit: "points"),
            series: [line("of a demonstrator that errs", .demonstrator), line("of random actions", .random)],
            references: world.map {
                [
                    ReferenceValue("best performance", $0.solution.performance.value),
                    ReferenceValue("most reward", $0.solution.reward.highest),
                ]
            } ?? [])
    }

    /// Return and performance of a demonstrator, of a quantilizer that takes a fraction of its episodes, and of the most
    /// reward there is.
    public func quantilizerTable(_ fraction: Double, _ study: QuantilizerStudy, _ measured: Measurements) -> Table {
        let worlds = worlds(Self.gamed)
        func values(_ name: String, _ fraction: Double) -> [[Double]] {
            let place = study.fractions.firstIndex(of: fraction)
            let found = outcomes.compactMap { $0.quantilized[name]?[.demonstrator] }
            return [found.map(\.rewards), found.map(\.performances)].map { rows in
                rows.map { row in place.map { row[$0] } ?? .nan }
            }
        }
        return measured.table(
            "quantilizers", title: "What a quantilizer gains and loses", rowLabel: "world", columnLabel: "episodes",
            rows: worlds.map(\.gridworld.title),
            columns: ["demonstrator", "best \(Phrase.percent(fraction)) of its episodes", "most reward"]
                .flatMap { ["\($0): return", "\($0): performance"] },
            cells: worlds.map { world in
                values(world.gridworld.name, 1) + values(world.gridworld.name, fraction) + [
                    outcomes.map { _ in world.solution.reward.value },
                    outcomes.map { _ in world.solution.reward.highest },
                ]
            }, unit: "points", band: .range)
    }

    /// Return and performance of networks.
    public func networkTable(_ measured: Measurements) -> Table {
        let rows = worlds(NetworkAgentStudy.names).map { ($0.gridworld.name, $0.gridworld.title) }
        let all = rows + [(NetworkAgentStudy.garden, "tomato garden")]
        return measured.table(
            "networks", title: "What networks learned by proximal policy optimization", rowLabel: "world",
            columnLabel: "learned from", rows: all.map(\.1),
            columns: ["the reward", "the performance"].flatMap { ["\($0): return", "\($0): performance"] },
            cells: all.map { name, _ in
                let found = outcomes.compactMap { $0.networks[name] }
                return [found.map(\.fromReward), found.map(\.fromPerformance)].flatMap { totals in
                    [totals.map(\.reward), totals.map(\.performance)]
                }
            }, unit: "points", band: .range)
    }
}
