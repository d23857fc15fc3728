public import PlumbRecords
internal import PlumbTensor

extension AssistanceResults {
    /// What waiting gains in each off-switch game, exact and played.
    public var incentiveTable: Table {
        func rows(_ games: [OffSwitchGame]) -> [String] {
            games.map { game in
                switch game.human {
                case .rational: "rational, μ = \(game.mean)"
                case .noisy(let temperature): "noisy \(temperature), μ = \(game.mean)"
                }
            }
        }
        return Table(
            "off_switch_incentives", title: "What waiting gains in the off-switch game", rowLabel: "human",
            columnLabel: "gain", rows: rows(AssistanceGames.rational + AssistanceGames.noisy),
            columns: ["exact", "played, mean over seeds", "largest difference, standard errors"],
            values: (rational + noisy).map { [$0.exact, $0.played, Statistics.greatest($0.standardErrors)] })
    }

    /// What waiting gains by the expected utility of acting.
    public var incentives: LineChart {
        let means = (0...60).map { Double($0) / 20 - 0.5 }
        func line(_ name: String, _ human: OffSwitchGame.Human) -> LineChart.Series {
            LineChart.Series(
                name, x: means, y: means.map { OffSwitchGame(mean: $0, deviation: 1, human: human).incentive })
        }
        return LineChart(
            title: "What a robot gains by leaving the off switch to a human",
            caption:
                "Above 0 the robot earns more by waiting than by deciding alone: the closed form for a rational human, "
                + "integrals for noisy humans, and the mean of played games at five points.",
            x: Axis("expected utility of acting"), y: Axis("gain by waiting"),
            series: [
                line("rational human", .rational),
                LineChart.Series("played", x: AssistanceGames.means, y: rational.map(\.played)),
            ]
                + AssistanceGames.temperatures.map {
                    line("noisy human, temperature \($0)", .noisy(temperature: $0))
                }, references: [ReferenceValue("a certain robot", 0)])
    }

    /// What teaching and demonstrating are worth by θ.
    public var supplies: LineChart {
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
        return LineChart(
            title: "Teaching and demonstrating",
            caption:
                "What human and robot earn together for each value of a paper clip. Between the marks the teaching "
                + "human makes one clip and one staple, which is never best in itself, and the robot infers θ from it.",
            x: Axis("θ, the value of a clip"), y: Axis("reward"),
            series: [
                line("best pair of policies", game.bestPair), line("demonstration by an expert", game.demonstration),
            ], markers: borders.map { LineChart.Marker(Phrase.number($0), x: $0) })
    }
}
