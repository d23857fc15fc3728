internal import PlumbLearning
public import PlumbRecords

/// Figures of races between developers.
public enum RaceFigures {
    /// The safety that two enemies learn who know their own capability, beside the equilibrium.
    public static func strategies(_ learned: [RaceLearning.Strategy], _ measured: Measurements) -> LineChart {
        let capabilities = (0...40).map { Double($0) / 40 }
        return LineChart(
            title: "What a team learns that knows its own capability",
            caption: "Two teams, enmity 1, range 1. The more capable, the safer: who is far ahead can afford it. The "
                + "equilibrium is c / 2; the band is the range over seeds.",
            x: Axis("capability"), y: Axis("safety"),
            series: [
                measured.line(
                    "learned", over: capabilities, curves: learned.map { capabilities.map($0.callAsFunction) },
                    band: .range),
                LineChart.Series("equilibrium", x: capabilities, y: capabilities.map { $0 / 2 }),
            ])
    }

    /// The risk against the range of capabilities, in closed form.
    public static func risks() -> LineChart {
        let ranges = (1...80).map { Double($0) / 20 }
        return LineChart(
            title: "Who should know what depends on how far apart teams are",
            caption:
                "Two teams of enmity 0.5, closed forms. Knowing nothing is always the safest. While safety costs more than "
                + "teams differ (to the left) it is better that everything is known than only one's own capability, and "
                + "worse where they differ much.",
            x: Axis("range of capabilities"), y: Axis("probability of a disaster"),
            series: SafetyRace.Information.allCases.map { information in
                LineChart.Series(
                    information.rawValue, x: ranges,
                    y: ranges.map { range in
                        (try? SafetyRace(teams: 2, enmity: 0.5, range: range))?.risk(information) ?? .nan
                    })
            })
    }

    /// The mean caution of a market over time, as it is, with one fully cautious firm, and under a rule.
    public static func market(_ curves: [[[Double]]], duration: Double, _ measured: Measurements) -> LineChart {
        let names = ["as it is", "one firm fully cautious", "caution costs nothing"]
        let count = curves.first?.first?.count ?? 1
        let times = (0..<count).map { Double($0) / Double(max(1, count - 1)) * duration }
        return LineChart(
            title: "Caution in a market that rewards growth",
            caption:
                "Mean caution, firms weighed by their share of the market. The cautious firm stays cautious and loses "
                + "its share.", x: Axis("time", unit: "1 / cost of caution"), y: Axis("mean caution"),
            series: names.enumerated().map { index, name in
                measured.line(name, over: times, curves: curves.map { $0[index] }, band: .range)
            })
    }
}
