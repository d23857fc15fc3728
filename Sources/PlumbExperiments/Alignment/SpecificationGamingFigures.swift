internal import PlumbAlignment
internal import PlumbBasics
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// The tables and figures about specification gaming.
extension SpecificationGamingFindings {
    var tables: [Table] { [exactTable, learnedTable, hostTable] }

    var figures: [Figure] {
        [bars] + ["boat_race", "absent_supervisor", "safe_interruptibility"].compactMap(ways)
            + ["sokoban_side_effects", "rocks_and_diamonds"].flatMap { [ways($0), curves($0)].compactMap { $0 } }
            + [garden, gardenCurves, shiftWays].compactMap { $0 }
    }

    // MARK: Tables

    private var exactTable: Table {
        Table(
            "exact", title: "The most that can be had in 100 steps, exactly", rowLabel: "world",
            columnLabel: "quantity",
            rows: evidence.worlds.map(\.gridworld.title),
            columns: [
                "states", "most reward", "performance with it, lowest", "performance with it, highest",
                "most performance", "reward with it, lowest", "reward with it, highest", "deviation from expected",
            ],
            values: evidence.worlds.map { world in
                let (told, wanted) = (world.solution.reward, world.solution.performance)
                return [
                    Double(world.solution.states), told.value, told.lowest, told.highest, wanted.value, wanted.lowest,
                    wanted.highest, SpecificationGamingEvidence.deviation(world),
                ]
            }, unit: "points")
    }

    private var learnedTable: Table {
        let kinds: [(String, GridworldLearning.Agent)] = [
            ("Q-learning", .qLearning), ("SARSA", .sarsa), ("Q-learning on the hidden function", .performance),
        ]
        let cells = evidence.learnable.map { world in
            kinds.flatMap { _, agent -> [[Double]] in
                let found = evidence.outcomes(world.gridworld.name, agent)
                return [found.map(\.reward), found.map(\.performance)]
            }
        }
        return Table(
            "learned", title: "What agents learned, means over \(seeds.seeds.count) seeds with least and greatest",
            rowLabel: "world", columnLabel: "agent", rows: evidence.learnable.map(\.gridworld.title),
            columns: kinds.flatMap { ["\($0.0): return", "\($0.0): performance"] },
            values: cells.map { $0.map(Statistics.mean) }, unit: "points",
            lower: cells.map { $0.map(Statistics.least) },
            upper: cells.map { $0.map(Statistics.greatest) })
    }

    private var hostTable: Table {
        let hosts = FriendOrFoe.Host.allCases
        func means(_ part: (FriendOrFoeStudy.Outcome) -> CaseValues<FriendOrFoe.Host, Double>) -> [Double] {
            hosts.map { host in Statistics.mean(evidence.turns.map { part($0.hosts)[host] }) }
        }
        return Table(
            "hosts", title: "Friend or foe: mean return by who fills the boxes", rowLabel: "agent",
            columnLabel: "host",
            rows: ["Q-learning, last quarter", "a coin toss", "always the left box"], columns: hosts.map(\.rawValue),
            values: [means(\.learned), means(\.random), means(\.fixed)], unit: "points")
    }

    // MARK: Figures

    private var bars: Figure {
        let worlds = evidence.learnable
        func means(
            _ agent: GridworldLearning.Agent, _ value: (GridworldLearning.Outcome) -> Double
        ) -> [Double] {
            worlds.map { Statistics.mean(evidence.outcomes($0.gridworld.name, agent).map(value)) }
        }
        let told = worlds.map { evidence.outcomes($0.gridworld.name, .qLearning).map(\.performance) }
        return .barChart(
            BarChart(
                title: "What agents are told and what was wanted",
                caption:
                    "Return and hidden performance of Q-learning on the reward, beside the best hidden performance "
                    + "there is and that of Q-learning on the hidden function. Means over seeds; bars of the performance "
                    + "show least and greatest.",
                categories: worlds.map(\.gridworld.title), categoryLabel: "world", y: Axis("points an episode"),
                series: [
                    BarChart.Series("return", values: means(.qLearning, \.reward)),
                    BarChart.Series(
                        "performance", values: means(.qLearning, \.performance), lower: told.map(Statistics.least),
                        upper: told.map(Statistics.greatest)),
                    BarChart.Series("performance, told what was wanted", values: means(.performance, \.performance)),
                    BarChart.Series("best performance", values: worlds.map(\.solution.performance.value)),
                ]))
    }

    /// The ways of the first seed's agents through a world.
    private func ways(_ name: String) -> Figure? {
        guard let world = evidence.world(name), let told = evidence.outcomes(name, .qLearning).first,
            let wanted = evidence.outcomes(name, .performance).first
        else { return nil }
        let title = world.gridworld.title
        return .grids(
            GridFigure(
                title: title.prefix(1).uppercased() + title.dropFirst(),
                caption:
                    "The first 24 steps of what was learned from the reward, and from the hidden function. In all: "
                    + "return \(short(told.reward)) and performance \(short(told.performance)), against "
                    + "\(short(wanted.reward)) and \(short(wanted.performance)).",
                panels: named(told.panels, "reward") + named(wanted.panels, "wanted"), legend: world.gridworld.legend))
    }

    private func named(_ panels: [GridFigure.Panel], _ name: String) -> [GridFigure.Panel] {
        panels.map { panel in
            var panel = panel
            panel.title = panel.title.isEmpty ? name : "\(name), \(panel.title)"
            return panel
        }
    }

    private func curves(_ name: String) -> Figure? {
        guard let world = evidence.world(name) else { return nil }
        return curves(
            world.gridworld.title, evidence.outcomes(name, .qLearning), evidence.outcomes(name, .performance),
            best: world.solution.performance.value)
    }

    private func curves(
        _ title: String, _ told: [GridworldLearning.Outcome], _ wanted: [GridworldLearning.Outcome], best: Double?
    ) -> Figure {
        func series(
            _ name: String, _ outcomes: [GridworldLearning.Outcome],
            _ values: (GridworldLearning.Curve) -> [Double]
        ) -> LineChart.Series {
            let x = outcomes.first?.curve.episodes ?? []
            let points = x.indices.map { index in outcomes.map { values($0.curve)[index] } }
            return LineChart.Series(
                name, x: x, y: points.map(Statistics.mean), lower: points.map(Statistics.least),
                upper: points.map(Statistics.greatest))
        }
        return .lineChart(
            LineChart(
                title: "Learning: \(title)",
                caption:
                    "Return and performance of training episodes, exploration included: means over seeds, bands from "
                    + "least to greatest.", x: Axis("episode"), y: Axis("points an episode"),
                series: [
                    series("return", told, \.rewards), series("performance", told, \.performances),
                    series("performance, told what was wanted", wanted, \.performances),
                ], references: best.map { [ReferenceValue("best performance", $0)] } ?? []))
    }

    private var garden: Figure? {
        guard let turn = evidence.turns.first else { return nil }
        let (told, wanted) = (turn.tomatoes.rewardLearner, turn.tomatoes.performanceLearner)
        return .grids(
            GridFigure(
                title: "Tomato garden",
                caption:
                    "The first 40 steps of what was learned from the reward, and from the hidden function. Under the "
                    + "bucket, every tile looks like a watered tomato: return \(short(told.reward)) and performance "
                    + "\(short(told.performance)), against \(short(wanted.reward)) and \(short(wanted.performance)).",
                panels: named(told.panels, "reward") + named(wanted.panels, "wanted"), legend: TomatoWatering().legend))
    }

    private var gardenCurves: Figure {
        curves(
            "tomato garden", evidence.turns.map(\.tomatoes.rewardLearner),
            evidence.turns.map(\.tomatoes.performanceLearner),
            best: nil)
    }

    private var shiftWays: Figure? {
        evidence.turns.first.map { turn in
            .grids(
                GridFigure(
                    title: "Lava that lies elsewhere",
                    caption: "What was learned on the training map, on all three maps.", panels: turn.shift.panels,
                    legend: DistributionalShift().legend))
        }
    }

    private func short(_ value: Double) -> String {
        value.isFinite ? "\((value * 10).rounded() / 10)" : "\(value)"
    }
}
