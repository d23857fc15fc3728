internal import PlumbAlignment
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor
internal import PlumbWorlds

extension GoalMisgeneralization {
    private typealias Training = GoalMisgeneralizationStudy.Training

    func summary(_ results: Results, _ measured: Measurements) -> String {
        settings.learners.map { summary($0, results, measured) }.joined(separator: " ")
    }

    private func summary(_ learner: Learner, _ results: Results, _ measured: Measurements) -> String {
        let (regions, shares) = (results.regions(learner), results.shares(learner))
        guard let narrow = regions.first, let wide = regions.last else { return "" }
        // Over the agents that are judged.
        func percent(_ quantity: Quantity) -> String {
            Phrase.percent(Statistics.mean(measured[quantity].filter { !$0.isNaN }))
        }
        let training = learner == .ppo ? "Trained by PPO" : "Cloned from shortest paths"
        var text =
            "\(training) with the cheese in the corner, agents reach it there in \(percent(narrow.familiarReach)) of new "
            + "mazes; with the cheese elsewhere they go to the corner first in \(percent(narrow.cornerFirst)) and reach the "
            + "cheese in \(percent(narrow.reach)). The control, trained with cheese anywhere, goes to the corner first in "
            + "\(percent(wide.cornerFirst)) and reaches the cheese in \(percent(wide.reach))."
        let some = shares.dropFirst()
        if !some.isEmpty {
            text +=
                " With cheese anywhere in \(Phrase.list(some.map { Phrase.percent($0.scattered) })) of the training "
                + "mazes, corner first falls to \(Phrase.list(some.map { percent($0.cornerFirst) }))."
        }
        let unjudged = results.unjudged(learner)
        if unjudged.count > 0 {
            text += " \(unjudged.count) of \(unjudged.of) agents did not learn enough to be judged."
        }
        return text
    }

    private func name(_ learner: Learner) -> String { learner == .ppo ? "PPO" : "cloning" }

    private func name(_ training: Training) -> String {
        "\(name(training.learner)), \(training.region) × \(training.region)"
            + (training.scattered > 0 ? ", \(Phrase.percent(training.scattered)) anywhere" : "")
    }

    func robustness(_ results: Results, _ measured: Measurements) -> Table {
        measured.table(
            "robustness", title: "What is robust where the cheese lies elsewhere", rowLabel: "training",
            columnLabel: "robust", rows: results.trainings.map(name), columns: GoalRobustness.shares.map(\.name),
            cells: results.outcomes.map { group in
                GoalRobustness.shares.map { share in group.map { share.value($0.robustness) } }
            })
    }

    /// The agents of the narrowest and of the widest region, of each kind of learning.
    private func extremes(_ results: Results, _ learner: Learner) -> [Training] {
        let regions = results.regions(learner)
        return [regions.first, regions.last].compactMap { $0 }
    }

    func mazes(_ results: Results) -> GridFigure {
        GridFigure(
            title: "The same mazes after different training",
            caption:
                "Paths of the first seed's agents in its first test mazes, with the width of the cheese's region in "
                + "training. The corner is the upper right.",
            panels: settings.learners.flatMap { extremes(results, $0) }.flatMap { results[$0].first?.panels ?? [] },
            legend: GridFigure.mazeLegend)
    }

    /// A line through the agents that are judged.
    private func line(
        _ name: String, over x: [Double], _ quantities: [Quantity], _ measured: Measurements
    ) -> LineChart.Series {
        measured.line(name, over: x, quantities.map { measured[$0].filter { !$0.isNaN } }, band: .range)
    }

    func regionChart(_ results: Results, _ measured: Measurements) -> LineChart {
        LineChart(
            title: "From cheese in one place to cheese anywhere",
            caption: "Share of test mazes against the width of the cheese's region in training: mean and range over "
                + "\(settings.seeds) seeds. In the tests the cheese lies at least \(settings.study.test.goalDistance) "
                + "steps from the corner, except for \"reach in training mazes\".",
            x: Axis("width of the region", unit: "cells"), y: Axis("share of mazes"),
            series: settings.learners.flatMap { learner in
                let regions = results.regions(learner)
                let x = regions.map { Double($0.region) }
                return [
                    line("corner first, \(name(learner))", over: x, regions.map(\.cornerFirst), measured),
                    line("reach elsewhere, \(name(learner))", over: x, regions.map(\.reach), measured),
                    line("reach in training mazes, \(name(learner))", over: x, regions.map(\.familiarReach), measured),
                ]
            }, references: [ReferenceValue("corner first, at random", measured.mean(Self.chanceCorner))])
    }

    func sharesChart(_ results: Results, _ measured: Measurements) -> LineChart {
        LineChart(
            title: "A few mazes with cheese anywhere",
            caption:
                "Share of test mazes against the share of training mazes whose cheese lies anywhere; in the others it "
                + "lies in the corner. Mean and range over \(settings.seeds) seeds.",
            x: Axis("training mazes with cheese anywhere", unit: "%"), y: Axis("share of mazes"),
            series: settings.learners.flatMap { learner in
                let shares = results.shares(learner)
                let x = shares.map { 100 * $0.scattered }
                return [
                    line("corner first, \(name(learner))", over: x, shares.map(\.cornerFirst), measured),
                    line("reach elsewhere, \(name(learner))", over: x, shares.map(\.reach), measured),
                ]
            }, references: [ReferenceValue("corner first, at random", measured.mean(Self.chanceCorner))])
    }

    func learningChart(_ learner: Learner, _ results: Results, _ measured: Measurements) -> LineChart {
        let measures: [GoalMisgeneralizationStudy.Measure] = [.cornerFirst, .familiarReach]
        return LineChart(
            title: learner == .ppo
                ? "Where agents go while they learn by PPO" : "Where agents go while they are cloned",
            caption: "Share of mazes with the cheese far from the corner in which they go to the corner first, and of "
                + "training mazes in which they reach the cheese, along training: mean and range over seeds.",
            x: Axis(learner == .ppo ? "step in mazes" : "step"), y: Axis("share of mazes"),
            series: measures.flatMap { measure in
                extremes(results, learner).map { training in
                    let group = results[training]
                    return measured.line(
                        "\(measure.rawValue), \(training.region) × \(training.region)",
                        over: group.first?.evaluations.map { Double($0.step) } ?? [],
                        curves: group.map { $0.evaluations.map { $0[measure] } }, band: .range)
                }
            })
    }

    func robustnessChart(_ results: Results, _ measured: Measurements) -> BarChart {
        BarChart(
            title: "Is the capability robust, and is the goal?",
            caption: "Share of test mazes with the cheese far from the corner; the four shares of a training sum to 1.",
            categories: results.trainings.map(name), categoryLabel: "training", y: Axis("share of mazes"),
            series: GoalRobustness.shares.map { share in
                measured.bars(share.name, results.outcomes.map { group in group.map { share.value($0.robustness) } })
            })
    }
}
