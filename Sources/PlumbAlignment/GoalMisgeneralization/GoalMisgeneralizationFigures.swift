internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

/// Tables and figures of agents that were trained in several ways.
public struct GoalMisgeneralizationFigures {
    private typealias Learner = GoalMisgeneralizationStudy.Learner
    private typealias Training = GoalMisgeneralizationStudy.Training

    private let results: GoalMisgeneralizationResults
    private let measured: Measurements

    /// Tables and figures of results and what was measured in them.
    public init(_ results: GoalMisgeneralizationResults, measured: Measurements) {
        (self.results, self.measured) = (results, measured)
    }

    private func name(_ learner: Learner) -> String { learner == .ppo ? "PPO" : "cloning" }

    private func name(_ training: Training) -> String {
        "\(name(training.learner)), \(training.region) × \(training.region)"
            + (training.scattered > 0 ? ", \(Phrase.percent(training.scattered)) anywhere" : "")
    }

    private var chance: [ReferenceValue] {
        [ReferenceValue("corner first, at random", measured.mean(GoalMisgeneralizationResults.chanceCorner))]
    }

    /// The four shares of every kind of training.
    public var robustness: Table {
        measured.table(
            "robustness", title: "What is robust where the cheese lies elsewhere", rowLabel: "training",
            columnLabel: "robust", rows: results.trainings.map(name), columns: GoalRobustness.shares.map(\.name),
            cells: results.outcomes.map { group in
                GoalRobustness.shares.map { share in group.map { share.value($0.robustness) } }
            })
    }

    /// The agents of the narrowest and of the widest region, of each kind of learning.
    private func extremes(_ learner: Learner) -> [Training] {
        let regions = results.regions(learner)
        return [regions.first, regions.last].compactMap { $0 }
    }

    /// Paths of the first seed's agents in its first test mazes.
    public var mazes: GridFigure {
        GridFigure(
            title: "The same mazes after different training",
            caption:
                "Paths of the first seed's agents in its first test mazes, with the width of the cheese's region in "
                + "training. The corner is the upper right.",
            panels: results.learners.flatMap { extremes($0) }.flatMap { results[$0].first?.panels ?? [] },
            legend: GridFigure.mazeLegend)
    }

    /// A line through the agents that are judged.
    private func line(_ name: String, over x: [Double], _ quantities: [Quantity]) -> LineChart.Series {
        measured.line(name, over: x, quantities.map { measured[$0].filter { !$0.isNaN } }, band: .range)
    }

    /// Where agents go, by the width of the cheese's region in training.
    public var regions: LineChart {
        LineChart(
            title: "From cheese in one place to cheese anywhere",
            caption: "Share of test mazes against the width of the cheese's region in training: mean and range over "
                + "\(measured.seeds.count) seeds. In the tests the cheese lies at least \(results.study.test.goalDistance) "
                + "steps from the corner, except for \"reach in training mazes\".",
            x: Axis("width of the region", unit: "cells"), y: Axis("share of mazes"),
            series: results.learners.flatMap { learner in
                let regions = results.regions(learner)
                let x = regions.map { Double($0.region) }
                return [
                    line("corner first, \(name(learner))", over: x, regions.map(\.cornerFirst)),
                    line("reach elsewhere, \(name(learner))", over: x, regions.map(\.reach)),
                    line("reach in training mazes, \(name(learner))", over: x, regions.map(\.familiarReach)),
                ]
            }, references: chance)
    }

    /// Where agents go, by the share of training mazes with cheese anywhere.
    public var shares: LineChart {
        LineChart(
            title: "A few mazes with cheese anywhere",
            caption:
                "Share of test mazes against the share of training mazes whose cheese lies anywhere; in the others it "
                + "lies in the corner. Mean and range over \(measured.seeds.count) seeds.",
            x: Axis("training mazes with cheese anywhere", unit: "%"), y: Axis("share of mazes"),
            series: results.learners.flatMap { learner in
                let shares = results.shares(learner)
                let x = shares.map { 100 * $0.scattered }
                return [
                    line("corner first, \(name(learner))", over: x, shares.map(\.cornerFirst)),
                    line("reach elsewhere, \(name(learner))", over: x, shares.map(\.reach)),
                ]
            }, references: chance)
    }

    /// Where agents go along training.
    public func learning(_ learner: GoalMisgeneralizationStudy.Learner) -> LineChart {
        let measures: [GoalMisgeneralizationStudy.Measure] = [.cornerFirst, .familiarReach]
        return LineChart(
            title: learner == .ppo
                ? "Where agents go while they learn by PPO" : "Where agents go while they are cloned",
            caption: "Share of mazes with the cheese far from the corner in which they go to the corner first, and of "
                + "training mazes in which they reach the cheese, along training: mean and range over seeds.",
            x: Axis(learner == .ppo ? "step in mazes" : "step"), y: Axis("share of mazes"),
            series: measures.flatMap { measure in
                extremes(learner).map { training in
                    let group = results[training]
                    return measured.line(
                        "\(measure.rawValue), \(training.region) × \(training.region)",
                        over: group.first?.evaluations.map { Double($0.step) } ?? [],
                        curves: group.map { $0.evaluations.map { $0[measure] } }, band: .range)
                }
            })
    }

    /// The four shares of every kind of training, as bars.
    public var robustnessBars: BarChart {
        BarChart(
            title: "Is the capability robust, and is the goal?",
            caption: "Share of test mazes with the cheese far from the corner; the four shares of a training sum to 1.",
            categories: results.trainings.map(name), categoryLabel: "training", y: Axis("share of mazes"),
            series: GoalRobustness.shares.map { share in
                measured.bars(share.name, results.outcomes.map { group in group.map { share.value($0.robustness) } })
            })
    }
}
