internal import PlumbFoundations
internal import PlumbLearning
internal import PlumbRecords

/// Figures of ``OpponentShaping``.
enum ShapingFigures {
    /// Payoffs while learning in the iterated dilemma.
    static func payoffs(
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

    /// The stock over an episode of what was learned.
    static func stock(
        _ kinds: [(name: String, outcomes: [CommonsStudy.Outcome])], _ measured: Measurements
    ) -> LineChart {
        let count = kinds.first?.outcomes.first?.stock.count ?? 0
        return LineChart(
            title: "The commons over time",
            caption:
                "Apples that hang in an orchard of 12 trees, after learning; mean over episodes, bands are the range over "
                + "seeds.", x: Axis("step"), y: Axis("apples"),
            series: kinds.map { kind in
                measured.line(
                    kind.name, over: (0..<count).map(Double.init), curves: kind.outcomes.map(\.stock), band: .range)
            })
    }

    /// The harvest over generations of learning.
    static func harvest(
        _ kinds: [(name: String, outcomes: [CommonsStudy.Outcome])], _ optimum: CommonsStudy.Optimum,
        _ measured: Measurements
    ) -> LineChart {
        let count = kinds.first?.outcomes.first?.curve.count ?? 0
        return LineChart(
            title: "Harvest while learning",
            caption: "Apples that both players ate in an episode, by generation of learning.",
            x: Axis("generation"), y: Axis("apples"),
            series: kinds.map { kind in
                measured.line(
                    kind.name, over: (0..<count).map(Double.init), curves: kind.outcomes.map(\.curve), band: .range)
            }, references: [ReferenceValue("optimum", optimum.harvest)])
    }
}
