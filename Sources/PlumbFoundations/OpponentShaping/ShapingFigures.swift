internal import PlumbLearning
public import PlumbRecords

/// Figures of learners that shape each other, and of the commons.
public enum ShapingFigures {
    /// Payoffs while learning in the iterated dilemma.
    public static func payoffs(
        _ naive: [[ShapingLearner.Outcome]], _ shaped: [[ShapingLearner.Outcome]], _ measured: Measurements
    ) -> LineChart {
        let count = naive.first?.first?.worth.count ?? 0
        let steps = (0..<count).map(Double.init)
        return LineChart(
            title: "Learning in the iterated prisoner's dilemma",
            caption: "The mean payoff a round of both players; -1 is mutual cooperation and -2 mutual defection.",
            x: Axis("step of learning"), y: Axis("payoff", unit: "a round"),
            series: [
                measured.line("reckoning with the other's learning", over: steps, curves: shaped.joined().map(\.worth)),
                measured.line("naive", over: steps, curves: naive.joined().map(\.worth)),
            ])
    }

    /// The stock over an episode of what was learned, by regime.
    public static func stock(_ outcomes: [[CommonsStudy.Outcome]], _ measured: Measurements) -> LineChart {
        lines(
            outcomes, measured, title: "The commons over time",
            caption:
                "The stock of apples in an episode, after learning; mean over episodes, bands are the range over seeds.",
            x: "step", \.stock)
    }

    /// The harvest over rounds of learning, by regime.
    public static func harvest(
        _ outcomes: [[CommonsStudy.Outcome]], _ optimum: CommonsStudy.Optimum, _ measured: Measurements
    ) -> LineChart {
        lines(
            outcomes, measured, title: "Harvest while learning",
            caption:
                "Apples that all players took in an episode, by round of learning; bands are the range over seeds.",
            x: "round", \.curve, references: [ReferenceValue("optimum", optimum.harvest)])
    }

    /// The entropy of the policy over rounds of learning, by regime.
    public static func entropy(_ outcomes: [[CommonsStudy.Outcome]], _ measured: Measurements) -> LineChart {
        lines(
            outcomes, measured, title: "Entropy while learning",
            caption: "The entropy of the policy in nats, by round of learning; bands are the range over seeds.",
            x: "round", y: Axis("entropy", unit: "nats"), \.entropy)
    }

    private static func lines(
        _ outcomes: [[CommonsStudy.Outcome]], _ measured: Measurements, title: String, caption: String, x: String,
        y: Axis = Axis("apples"), _ curve: KeyPath<CommonsStudy.Outcome, [Double]>, references: [ReferenceValue] = []
    ) -> LineChart {
        let count = outcomes.first?.first?[keyPath: curve].count ?? 0
        return LineChart(
            title: title, caption: caption, x: Axis(x), y: y,
            series: CommonsStudy.Regime.allCases.enumerated().map { index, regime in
                measured.line(
                    regime.rawValue.replacing("_", with: " "), over: (0..<count).map(Double.init),
                    curves: outcomes.map { $0[index][keyPath: curve] }, band: .range)
            }, references: references)
    }
}
