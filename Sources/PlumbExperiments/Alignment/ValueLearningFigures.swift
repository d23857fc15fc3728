internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

extension ValueLearningFindings {
    private func series(_ name: String, _ values: [[Double]]) -> LineChart.Series {
        let intervals = values.map { interval($0, name) }
        return LineChart.Series(
            name, x: evidence.counts.map(Double.init), y: values.map(Statistics.mean), lower: intervals.map(\.lower),
            upper: intervals.map(\.upper))
    }

    private func curve(
        _ title: String, _ caption: String, _ label: String, _ values: [[Double]], _ random: [[Double]],
        _ references: [ReferenceValue]
    ) -> Figure {
        .lineChart(
            LineChart(
                title: title, caption: caption + " Bands are 95 % intervals over grids.",
                x: Axis("demonstrations", scale: .logarithmic), y: Axis(label),
                series: [series("noisily rational demonstrator", values), series("random demonstrator", random)],
                references: references))
    }

    var lossCurve: Figure {
        curve(
            "What acting on the recovered reward loses",
            "0 is the best that can be done on the true reward, 1 what random actions earn.", "part lost",
            evidence.losses, evidence.randomLosses, [ReferenceValue("threshold", 0.02)])
    }

    var correlationCurve: Figure {
        curve(
            "How much the recovered reward resembles the true one",
            "Correlation over the cells of the grid. It stays below 1 long after the loss is small: cells that nobody "
                + "visits tell nothing, and hardly matter.",
            "correlation", evidence.correlations, evidence.randomCorrelations, [])
    }

    /// The first grid.
    var rewards: Figure {
        let blank = [String](repeating: String(repeating: " ", count: settings.side), count: settings.side)
        func panel(_ title: String, _ values: [Double]) -> GridFigure.Panel {
            let mean = Statistics.mean(values)
            let spread = Statistics.mean(values.map { ($0 - mean) * ($0 - mean) }).squareRoot()
            let shown = values.map { spread > 0 ? ($0 - mean) / spread : 0 }
            return GridFigure.Panel(
                title, rows: blank,
                values: (0..<settings.side).map { Array(shown[$0 * settings.side..<($0 + 1) * settings.side]) })
        }
        guard let first = evidence.outcomes.first?.inverse else {
            return .grids(GridFigure(title: "Rewards", caption: "", panels: [], legend: []))
        }
        let recovered = first.points.map { panel("\($0.demonstrations) demonstrations", $0.recovered.reward) }
        let random = first.control.last.map { [panel("\($0.demonstrations) random ones", $0.recovered.reward)] } ?? []
        return .grids(
            GridFigure(
                title: "True and recovered rewards",
                caption: "The grid of the first seed. Each panel is in standard deviations from its own mean, because "
                    + "demonstrations say nothing of a constant.",
                panels: [panel("true reward", first.reward)] + recovered + random, legend: [], valueLabel: "reward"))
    }

    var incentives: Figure {
        let means = (0...60).map { Double($0) / 20 - 0.5 }
        func line(_ name: String, _ human: OffSwitchGame.Human) -> LineChart.Series {
            LineChart.Series(
                name, x: means, y: means.map { OffSwitchGame(mean: $0, deviation: 1, human: human).incentive })
        }
        let played = evidence.rational
        return .lineChart(
            LineChart(
                title: "What a robot gains by leaving the off switch to a human",
                caption:
                    "Above 0 the robot earns more by waiting than by deciding alone. The closed form for a rational "
                    + "human, integrals for noisy ones, and the mean of played games at five points.",
                x: Axis("expected utility of acting"), y: Axis("gain by waiting"),
                series: [
                    line("rational human", .rational),
                    LineChart.Series("played", x: ValueLearningOutcome.means, y: played.map(\.played)),
                ]
                    + ValueLearningOutcome.temperatures.map {
                        line("noisy human, temperature \($0)", .noisy(temperature: $0))
                    }, references: [ReferenceValue("a robot that is sure", 0)]))
    }

    var supplies: Figure {
        let game = evidence.game
        let thetas = (0...200).map { Double($0) / 200 }
        func line(_ name: String, _ plan: SupplyGame.Plan) -> LineChart.Series {
            LineChart.Series(
                name, x: thetas,
                y: thetas.map { theta in
                    let option = plan.choice(theta)
                    return (game.human[option] + game.robot[plan.answers[option]]).worth(theta)
                })
        }
        let borders = game.bestPair.choices.dropLast().map(\.range.upperBound)
        return .lineChart(
            LineChart(
                title: "Teaching and demonstrating",
                caption: "What human and robot earn together for each value of a paper clip. Between the marks the "
                    + "teaching human makes one of each, which is never best in itself, and the robot understands.",
                x: Axis("θ, the value of a clip"), y: Axis("reward"),
                series: [
                    line("best pair of policies", game.bestPair),
                    line("demonstration by an expert", game.demonstration),
                ], markers: borders.map { LineChart.Marker(text($0, 3), x: $0) }))
    }

    var games: Table {
        let rational = evidence.rational
        let noisy = evidence.noisy
        let names =
            ValueLearningOutcome.means.map { "rational, μ = \($0)" }
            + ValueLearningOutcome.noisyMeans.flatMap { mean in
                ValueLearningOutcome.temperatures.map { "noisy \($0), μ = \(mean)" }
            }
        return Table(
            "off_switch_incentives", title: "What waiting gains in the off-switch game", rowLabel: "human",
            columnLabel: "", rows: names,
            columns: ["exact", "played, mean over seeds", "standard errors apart at most"],
            values: (rational + noisy).map { [$0.exact, $0.played, $0.standardErrors] })
    }
}
