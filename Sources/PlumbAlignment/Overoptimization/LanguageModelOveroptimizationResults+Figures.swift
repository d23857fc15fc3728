internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

// Gold and optimized rewards against √KL, fits, and texts.

extension LanguageModelOveroptimizationResults {
    /// The mean over seeds of a part of curves, point by point.
    private func mean(_ curves: [Curve], _ part: (Curve) -> [Double]) -> [Double] {
        let rows = curves.map(part)
        return (rows.first ?? []).indices.map { place in Statistics.mean(rows.map { $0[place] }) }
    }

    private func lines(_ name: String, _ curves: [Curve], isIdeal: Bool = false) -> [LineChart.Series] {
        let distances = mean(curves, \.distances)
        let gold = LineChart.Series(isIdeal ? name : "gold, \(name)", x: distances, y: mean(curves, \.gold))
        return isIdeal
            ? [gold] : [gold, LineChart.Series("proxy, \(name)", x: distances, y: mean(curves, \.optimized))]
    }

    private func name(_ condition: Condition) -> String {
        condition.reward == .shuffled ? "random labels" : "\(condition.comparisons) comparisons"
    }

    /// PPO by proxies of several numbers of comparisons.
    public var ppoChart: LineChart {
        LineChart(
            title: "PPO by learned rewards",
            caption:
                "Proxy and gold reward of what the policy writes along PPO, means over seeds and \(study.window) rounds, "
                + "in standard deviations over the texts before, against the root of the mean divergence.",
            x: Axis("√KL", unit: "√nats"), y: Axis("reward", unit: "standard deviations"),
            series: study.countRuns.flatMap { lines(name($0), ppo($0)) }
                + lines("gold reward optimized", ppo(study.ideal), isIdeal: true))
    }

    /// PPO by other proxies and with other penalties.
    public var otherChart: LineChart {
        let others = study.runs.filter { !study.countRuns.contains($0) && $0.reward != .gold }
        return LineChart(
            title: "PPO by a narrower proxy, by random labels and with larger penalties",
            caption: "As above.", x: Axis("√KL", unit: "√nats"), y: Axis("reward", unit: "standard deviations"),
            series: others.flatMap { condition in
                lines(
                    condition.penalty > (study.weights.first ?? 0)
                        ? "penalty \(condition.penalty)"
                        : condition.reward == .shuffled ? "random labels" : "width \(condition.width)", ppo(condition))
            })
    }

    /// The best of n.
    public var bestOfNChart: LineChart {
        LineChart(
            title: "The best of n by learned rewards",
            caption:
                "Proxy and gold reward of the best of n = 1, 2, … \(study.choices.last ?? 1) texts of a prompt, estimated "
                + "without bias from \(study.draws), means over prompts and seeds, against the root of log n - (n - 1)/n.",
            x: Axis("√KL", unit: "√nats"), y: Axis("reward", unit: "standard deviations"),
            series: (study.countRuns + [study.random]).flatMap { lines(name($0), bestOfN($0.rewardAlone)) }
                + lines("gold reward optimized", bestOfN(study.ideal.rewardAlone), isIdeal: true))
    }

    /// What every optimization reaches, means over seeds, and the fit of the paper's form to the mean gold reward.
    public var table: Table {
        let rows: [(name: String, curves: [Curve], form: FrontierFit.Form)] =
            (study.proxies + [study.ideal.rewardAlone]).map { ("best of n, \($0.name)", bestOfN($0), .quadratic) }
            + study.runs.map { ("PPO, \($0.name)", ppo($0), .logarithmic) }
        return Table(
            "optimization", title: "Optimization by each reward", rowLabel: "optimized", columnLabel: "",
            rows: rows.map(\.name),
            columns: [
                "√KL at the end", "optimized at the end", "gold at its peak", "√KL at the peak", "gold at the end",
                "hidden property at the end", "α", "β", "variance explained",
            ],
            values: rows.map { _, curves, form in
                let fit = FrontierFit(form, distances: mean(curves, \.distances), values: mean(curves, \.gold))
                return [
                    \Curve.distances, \.optimized,
                ].map { part in Statistics.mean(curves.map { $0[keyPath: part].last ?? .nan }) }
                    + [Statistics.mean(curves.map(\.peak)), Statistics.mean(curves.map(\.peakDistance))]
                    + [\Curve.gold, \.property].map { part in
                        Statistics.mean(curves.map { $0[keyPath: part].last ?? .nan })
                    } + [fit.alpha, fit.beta, fit.explained]
            })
    }

    /// The gold reward of every run of PPO in each seed: its peak, and its mean over the last quarter.
    public var seedTables: [Table] {
        func table(_ name: String, _ title: String, _ value: (Curve) -> Double) -> Table {
            Table(
                name, title: title, rowLabel: "optimized", columnLabel: "seed", rows: study.runs.map(\.name),
                columns: outcomes.indices.map { "seed \($0)" }, values: study.runs.map { ppo($0).map(value) },
                unit: "standard deviations")
        }
        return [
            table("gold_peaks", "The gold reward's peak along PPO", \.peak),
            table("gold_ends", "The gold reward over the last quarter of PPO") { $0.late($0.gold) },
        ]
    }

    /// Texts of the first seed before PPO, at the gold reward's peak and at the end.
    public var texts: PromptPanel {
        let examples = outcomes[0].examples
        let curve = outcomes[0].ppo.first { $0.condition == study.main }
        let peak = (curve.flatMap { Peak.index(of: $0.gold) } ?? 0) * study.window
        let rounds = [("before", 0), ("at the peak of the gold reward", peak), ("at the end", study.rounds - 1)]
        return PromptPanel(
            title: "What the policy writes",
            caption:
                "Two texts of a round of PPO by a proxy of \(study.middle) comparisons with the smallest penalty, first "
                + "seed; what the policy wrote is marked.",
            prompts: rounds.flatMap { label, round in
                examples.filter { $0.round == round }.map { example in
                    PromptPanel.Prompt(
                        "\(label), round \(round)", tokens: [example.prompt, example.completion], marked: [1],
                        note: "proxy \(Phrase.number(example.optimized)), gold \(Phrase.number(example.gold))")
                }
            })
    }
}
