internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Tables and figures of explanations of planted units, of a small transformer's neurons and of puzzles.
public struct ExplanationFigures {
    private let outcomes: [ExplanationStudy.Outcome]
    private let checks: [NeuronPuzzle.Check]
    private let measured: Measurements

    /// Tables and figures of one or more outcomes, one a seed, and of puzzles.
    public init(outcomes: [ExplanationStudy.Outcome], checks: [NeuronPuzzle.Check], measured: Measurements) {
        (self.outcomes, self.checks, self.measured) = (outcomes, checks, measured)
    }

    /// Scores of explanations of planted units.
    public var planted: Table {
        let columns: [(String, KeyPath<ExplanationStudy.Planted, Double>)] = [
            ("right explanation", \.right), ("rules found", \.found), ("one rule", \.single), ("token means", \.lookup),
            ("rules, exchanged", \.foundExchanged), ("on other units", \.elsewhere), ("detection", \.detection),
            ("fuzzing", \.fuzzing),
        ]
        return measured.table(
            "planted", title: "Scores of explanations of planted units", rowLabel: "unit", columnLabel: "explanation",
            rows: outcomes[0].planted.map(\.name), columns: columns.map(\.0),
            cells: outcomes[0].planted.indices.map { unit in
                columns.map { column in outcomes.map { $0.planted[unit][keyPath: column.1] } }
            }, band: .range)
    }

    /// Scores of explanations of the trained transformer's neurons.
    public var neurons: BarChart {
        let neurons = outcomes.flatMap(\.neurons)
        return BarChart(
            title: "Scores of explanations of the trained transformer's neurons",
            caption: "Correlation of simulated and true activations on texts that the explanations were not made from, "
                + "over \(neurons.count) neurons of \(outcomes.count) transformers. With exchanged activations nothing "
                + "can be explained.",
            valueLabel: "score", countLabel: "neurons",
            samples: [
                ("rules found", neurons.map(\.found)), ("token means", neurons.map(\.lookup)),
                ("rules, exchanged", neurons.map(\.exchanged)),
            ], bins: 12)
    }

    /// Scores on puzzles.
    public var puzzles: Table {
        Table(
            "puzzles", title: "Scores on puzzles; rules and token means are made from the other texts of a puzzle",
            rowLabel: "puzzle", columnLabel: "simulation", rows: checks.map(\.name),
            columns: ["oracle", "oracle, exchanged", "rules found", "token means"],
            values: checks.map { [$0.oracle, $0.exchanged, $0.rules, $0.lookup] })
    }

    /// What was found of the neurons that are explained best, first seed.
    public var sentences: [String] {
        let known = outcomes[0].neurons.filter { !$0.found.isNaN }
        return known.indices.sorted { (known[$1].found, $0) < (known[$0].found, $1) }.prefix(5).map { index in
            let neuron = known[index]
            return "Neuron \(neuron.block).\(neuron.index), score \(Phrase.number(neuron.found)): \(neuron.sentence)."
        }
    }
}
