internal import Foundation
internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// Turns what steered agents reached into claims, metrics and figures.
struct PolicySteeringFindings {
    typealias Outcome = PolicySteeringStudy.Outcome

    let settings: PolicySteering.Settings
    /// Trained with cheese anywhere, one a seed.
    let seeking: [Outcome]
    /// Trained with the cheese in the corner.
    let ignoring: [Outcome]
    let seeds: OverSeeds

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, figures: [mazes, sweep, vectors], notes: notes)
    }

    private func mean(_ value: (Outcome) -> Double) -> Double { Statistics.mean(seeking.map(value)) }

    private var notes: [String] {
        [
            "The vector is taken once, where the agent begins, and changes the second hidden layer after its rectifier.",
            "\"Cheese unseen\" takes the cheese out of what the network sees: what the agent then comes upon, it comes "
                + "upon by chance.",
        ]
    }

    // MARK: Claims

    private var claims: [ClaimResult] {
        let (plain, subtracted, random) = (mean(\.plain), mean(\.subtracted), mean(\.random))
        return [
            seeds.claim(
                "Subtracting the goal vector at every step keeps the agent from its cheese",
                "reached in at most 0.6 of the mazes, in at least 0.9 without", subtracted,
                holds: subtracted <= 0.6 && plain >= 0.9,
                ControlResult(
                    "Subtracting a random vector of the same length does not", threshold: "at least 0.9 of the mazes",
                    observed: random, holds: random >= 0.9))
        ]
    }

    // MARK: Numbers

    private static let conditions: [(name: String, label: String, value: @Sendable (Outcome) -> Double)] = [
        ("reach", "not steered", { $0.plain }), ("reach_subtracted", "vector subtracted", { $0.subtracted }),
        ("reach_added", "vector added", { $0.added }), ("reach_random", "random vector", { $0.random }),
        ("reach_vector_of_another_maze", "other maze", { $0.fromAnotherMaze }),
        ("reach_vector_of_same_goal", "same cheese", { $0.fromSameGoal }),
        ("reach_cheese_unseen", "cheese unseen", { $0.blind }),
    ]

    private var metrics: [Metric] {
        Self.conditions.map { seeds.metric($0.name, seeking.map($0.value)) } + [
            seeds.metric("vector_length", seeking.map(\.norm)),
            seeds.metric("activation_length", seeking.map(\.activationNorm)),
            Metric(
                "reach_subtracted_most", seeking.map(\.subtracted).max() ?? .nan, n: seeking.count, seeds: seeds.seeds),
            seeds.metric("corner_network_reach", ignoring.map(\.plain)),
            seeds.metric("corner_network_reach_subtracted", ignoring.map(\.subtracted)),
            seeds.metric("corner_network_vector_length", ignoring.map(\.norm)),
        ]
    }

    // MARK: Figures

    private var mazes: Figure {
        .grids(
            GridFigure(
                title: "The same mazes without and with the vector",
                caption:
                    "Paths of the first seed's agent in its first test mazes: as trained, and with the maze's goal "
                    + "vector subtracted at every step. Moves are drawn with the same random numbers.",
                panels: (seeking.first?.plainPanels ?? []) + (seeking.first?.steeredPanels ?? []),
                legend: GridFigure.mazeLegend))
    }

    private var sweep: Figure {
        let x = settings.coefficients.sorted()
        func line(_ name: String, _ outcomes: [Outcome], _ values: (Outcome) -> [Double]) -> LineChart.Series {
            seeds.series(name, x: x, x.indices.map { index in outcomes.map { values($0)[index] } })
        }
        return .lineChart(
            LineChart(
                title: "More and less of the goal vector",
                caption:
                    "Share of mazes in which the agent reaches the cheese, against how often the vector is subtracted "
                    + "at each step; below 0 it is added. The corner network learned with the cheese always in the "
                    + "corner. Mean and interval over \(seeds.seeds.count) seeds.",
                x: Axis("times subtracted"), y: Axis("share of mazes"),
                series: [
                    line("goal vector", seeking, \.sweep), line("random vector", seeking, \.randomSweep),
                    line("corner network", ignoring, \.sweep),
                ], references: [ReferenceValue("cheese unseen", mean(\.blind))],
                markers: [LineChart.Marker("the claim", x: 1)]))
    }

    private var vectors: Figure {
        func bars(_ name: String, _ outcomes: [Outcome]) -> BarChart.Series {
            let metrics = Self.conditions.map { seeds.metric($0.name, outcomes.map($0.value)) }
            return BarChart.Series(
                name, values: metrics.map(\.value), lower: metrics.map { $0.interval?.lower ?? .nan },
                upper: metrics.map { $0.interval?.upper ?? .nan })
        }
        return .barChart(
            BarChart(
                title: "Vectors of this maze, of others, and drawn at random",
                caption:
                    "Share of mazes in which the agent reaches the cheese; vectors are subtracted unless it says "
                    + "added. \"Other maze\" is a vector of another test maze, \"same cheese\" of a maze with its "
                    + "cheese on the same cell.",
                categories: Self.conditions.map(\.label), categoryLabel: "vector", y: Axis("share of mazes"),
                series: [
                    bars("cheese anywhere", seeking), bars("corner network", ignoring),
                ]
            ))
    }

    // MARK: Words

    private var summary: String {
        func percent(_ value: Double) -> String { String(format: "%.0f %%", 100 * value) }
        let failed = claims.filter { !$0.passes }.map { "\"\($0.statement)\"" }
        return "The agent reaches the cheese in \(percent(mean(\.plain))) of new mazes, and in "
            + "\(percent(mean(\.subtracted))) with the goal vector subtracted at every step; with a random vector of "
            + "the same length in \(percent(mean(\.random))). With another maze's vector subtracted it reaches the "
            + "cheese in \(percent(mean(\.fromAnotherMaze))), or in \(percent(mean(\.fromSameGoal))) where that maze "
            + "has its cheese on the same cell. Without seeing the cheese it comes upon it in \(percent(mean(\.blind)))."
            + (failed.isEmpty ? "" : " Not shown: \(failed.joined(separator: "; ")).")
    }
}
