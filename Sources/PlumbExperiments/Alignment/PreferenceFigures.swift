internal import PlumbAlignment
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbWorlds

extension PreferenceFindings {
    var figures: [Figure] { [curve, agreement, grids] }

    /// Return by number of comparisons and way of asking.
    var table: Table {
        let ways = series
        return Table(
            "return", title: "Return by number of comparisons", rowLabel: "answers", columnLabel: "comparisons",
            rows: ways.map(\.name), columns: counts.map { "\($0)" },
            values: ways.map { way in counts.map { way.measured($0).mean } },
            lower: ways.map { way in counts.map { way.measured($0).lower } },
            upper: ways.map { way in counts.map { way.measured($0).upper } })
    }

    private typealias Way = (name: String, measured: (Int) -> PreferenceEvidence.Measured)

    private var series: [Way] {
        [
            ("chosen by disagreement", { evidence.active($0) }), ("at random", { evidence.random($0) }),
            ("chosen, \(number(100 * settings.noise)) % coins", { evidence.noisy($0) }),
        ]
    }

    private func line(_ name: String, _ measured: (Int) -> PreferenceEvidence.Measured) -> LineChart.Series {
        let values = counts.map(measured)
        return LineChart.Series(
            name, x: counts.map(Double.init), y: values.map(\.mean), lower: values.map(\.lower),
            upper: values.map(\.upper))
    }

    private var curve: Figure {
        .lineChart(
            LineChart(
                title: "Return against comparisons",
                caption: "What planning on the learned reward is worth by the hidden one: the mean of "
                    + "\(seeds.seeds.count) seeds, with a 95 % bootstrap interval as band.",
                x: Axis("comparisons", scale: .logarithmic), y: Axis("return"),
                series: series.map { line($0.name, $0.measured) },
                references: [
                    ReferenceValue("optimum", 1), ReferenceValue("random steps", 0),
                    ReferenceValue("answers dealt out anew", evidence.shuffled().mean),
                ]))
    }

    private var agreement: Figure {
        .lineChart(
            LineChart(
                title: "Agreement with fresh answers",
                caption:
                    "The part of answers about new segments that the learned reward foretells. The hidden reward does "
                    + "not foretell all, as the teacher errs; a coin foretells half.",
                x: Axis("comparisons", scale: .logarithmic), y: Axis("agreement"),
                series: [
                    line("chosen by disagreement") { evidence.active($0, \.agreement) },
                    line("at random") { evidence.random($0, \.agreement) },
                ],
                references: [
                    ReferenceValue("hidden reward", evidence.active(largest, \.ceiling).mean),
                    ReferenceValue("answers dealt out anew", evidence.shuffled(\.agreement).mean),
                ]))
    }

    private var grids: Figure {
        let task = evidence.task
        var panels = [panel("hidden reward, best plan", task.grid.reward, task.plan)]
        for (title, isWanted) in examples {
            guard let found = evidence.example(isWanted) else { continue }
            panels.append(
                panel("\(title): return \(number(found.normalizedReturn))", found.reward, found.plan))
        }
        return .grids(
            GridFigure(
                title: "What was learned",
                caption:
                    "The reward of each cell in the first seed's world, each panel normalised to its own lowest 0 and "
                    + "highest 1, and where the plan for it leads from the upper left corner when nothing slips.",
                panels: panels, legend: [GridFigure.Glyph("A", "start", .agent), GridFigure.Glyph(" ", "", .floor)],
                valueLabel: "reward, from lowest to highest"))
    }

    private var examples: [(String, (GridPreferenceStudy.Condition) -> Bool)] {
        func clean(_ count: Int) -> (GridPreferenceStudy.Condition) -> Bool {
            { $0.comparisons == count && $0.queries == .disagreement && $0.noise == 0 && !$0.isShuffled }
        }
        let smallest = counts.first ?? 0
        return [
            ("\(smallest) comparisons", clean(smallest)), ("\(largest) comparisons", clean(largest)),
            ("answers dealt out anew", { $0.isShuffled }),
        ]
    }

    private func panel(_ title: String, _ reward: [Double], _ plan: [Int]) -> GridFigure.Panel {
        let grid = evidence.task.grid
        let (least, most) = (reward.min() ?? 0, reward.max() ?? 1)
        let scaled = reward.map { most > least ? ($0 - least) / (most - least) : 0 }
        let rows = (0..<grid.rows).map { row in
            String((0..<grid.columns).map { row == 0 && $0 == 0 ? "A" : " " })
        }
        return GridFigure.Panel(
            title, rows: rows,
            path: evidence.task.grid.path(of: plan, from: 0).map {
                GridFigure.Cell($0 / grid.columns, $0 % grid.columns)
            },
            values: (0..<grid.rows).map { row in
                Array(scaled[row * grid.columns..<(row + 1) * grid.columns])
            })
    }
}
