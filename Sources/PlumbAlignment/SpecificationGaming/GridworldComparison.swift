internal import PlumbLearning
public import PlumbRecords

/// Agents that learned from the reward beside agents that learned from the hidden performance, in one world.
public struct GridworldComparison: Sendable {
    /// The world's name.
    public let title: String
    /// What the characters of its grids mean.
    public let legend: [GridFigure.Glyph]
    /// The best hidden performance there is, where it is known.
    public let best: Double?
    /// One outcome a seed of agents that learned from the reward.
    public let fromReward: [GridworldLearning.Outcome]
    /// One outcome a seed of agents that learned from the hidden performance.
    public let fromPerformance: [GridworldLearning.Outcome]

    /// The paths of the first seed's agents; `steps` is how many are shown at most.
    public func paths(steps: Int = 24, note: String = "") -> GridFigure {
        func panels(_ outcome: GridworldLearning.Outcome?, _ name: String) -> [GridFigure.Panel] {
            (outcome?.panels ?? []).map { panel in
                var panel = panel
                panel.title = panel.title.isEmpty ? name : "\(name), \(panel.title)"
                return panel
            }
        }
        func totals(_ outcome: GridworldLearning.Outcome?) -> String {
            let (reward, performance) = (outcome?.reward ?? .nan, outcome?.performance ?? .nan)
            return "return \(Phrase.number(reward)) and performance \(Phrase.number(performance))"
        }
        return GridFigure(
            title: title.prefix(1).uppercased() + title.dropFirst(),
            caption:
                "The first \(steps) steps of the policy learned from the reward and of the policy learned from the "
                + "hidden performance.\(note.isEmpty ? "" : " \(note)") Whole episodes: \(totals(fromReward.first)), "
                + "against \(totals(fromPerformance.first)).",
            panels: panels(fromReward.first, "trained on the reward")
                + panels(fromPerformance.first, "trained on the performance"), legend: legend)
    }

    /// Return and performance in the course of training.
    public func curves(_ measured: Measurements) -> LineChart {
        func line(
            _ name: String, _ outcomes: [GridworldLearning.Outcome], _ values: (GridworldLearning.Curve) -> [Double]
        ) -> LineChart.Series {
            measured.line(
                name, over: outcomes.first?.curve.episodes ?? [], curves: outcomes.map { values($0.curve) },
                band: .range)
        }
        return LineChart(
            title: "Learning: \(title)",
            caption: "Return and performance of training episodes, exploration included: means over seeds; bands show "
                + "the range.",
            x: Axis("episode"), y: Axis("points per episode"),
            series: [
                line("return", fromReward, \.rewards), line("performance", fromReward, \.performances),
                line("performance, trained on it", fromPerformance, \.performances),
            ], references: best.map { [ReferenceValue("best performance", $0)] } ?? [])
    }
}
