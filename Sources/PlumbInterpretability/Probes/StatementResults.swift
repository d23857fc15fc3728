internal import PlumbBasics
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// What probes of a language model read in true and false sentences, an outcome a split of the sentences.
public struct StatementResults {
    private typealias Kind = TrueFalseStatements.Kind
    private typealias Outcome = CaseValues<TrueFalseStatements.Kind, StatementStudy.Judged>

    private let study: StatementStudy
    private let name: String
    private let layers: Int
    private let outcomes: [Outcome]
    private let measured: Measurements

    /// Probes the model `name`.
    ///
    /// - Throws: ``ProbeError`` where there are too few groups; `ModelError` and the errors of files where the model
    ///   cannot be had or has no tokenizer; `RunInterrupted`.
    public init(_ study: StatementStudy, of name: String, seeds count: Int, in context: inout RunContext) async throws {
        let model = try await context.load(name)
        // One pass through the model uses every core.
        var trials = Trials(context, count: count)
        trials.width = 1
        let outcomes = try await trials.run("statements") { trial in
            try study.run(model, key: trial.key) { label, share in try trial.session.reporter.stage(label)(share) }
        }
        var measured = Measurements(seeds: trials.seeds)
        for kind in Kind.allCases {
            let own = outcomes.map { $0[kind] }
            measured[Self.probed(kind)] = own.map { $0.reports[0].auroc }
            measured[Self.shuffled(kind)] = own.map { $0.reports[0].shuffled }
            measured[Self.random(kind)] = own.map { $0.reports[0].random }
            measured[Self.untrained(kind)] = own.compactMap(\.untrained)
            measured[Self.consistent(kind)] = own.map(\.consistent)
            measured[Self.inconsistent(kind)] = own.map { Statistics.mean($0.inconsistent) }
            measured[Self.layer(kind)] = own.map { Double($0.layer) }
        }
        (self.study, self.name, self.layers) = (study, name, model.configuration.layers)
        (self.outcomes, self.measured) = (outcomes, measured)
    }

    private static func area(_ name: String, _ kind: Kind, isHeadline: Bool = false) -> Quantity {
        Quantity("\(kind.rawValue)_\(name)", isHeadline: isHeadline)
    }
    private static func probed(_ kind: Kind) -> Quantity { area("probe_auroc", kind, isHeadline: true) }
    private static func shuffled(_ kind: Kind) -> Quantity { area("shuffled_label_auroc", kind) }
    private static func random(_ kind: Kind) -> Quantity { area("random_feature_auroc", kind) }
    private static func untrained(_ kind: Kind) -> Quantity { area("untrained_model_auroc", kind) }
    private static func consistent(_ kind: Kind) -> Quantity { area("consistency_auroc", kind) }
    private static func inconsistent(_ kind: Kind) -> Quantity { area("inconsistent_pairs_auroc", kind) }
    private static func layer(_ kind: Kind) -> Quantity {
        Quantity("\(kind.rawValue)_layer", unit: "block, counted from 0")
    }

    /// What is claimed of probes of statements about cities.
    public static let claims = [
        Claim(
            .mean, "A logistic probe tells true statements about cities from false ones: the area under the ROC curve",
            probed(.cities), .atLeast(0.6), control: "Probes of shuffled labels do not", shuffled(.cities),
            .within(0.1, of: 0.5)
        ).controlAnd(random(.cities), .within(0.1, of: 0.5)).controlAnd(untrained(.cities), .within(0.1, of: 0.5))
    ]

    /// All numbers, tables and figures.
    public var findings: Findings {
        Findings(summary: summary, claims: Self.claims, from: measured) {
            Kind.allCases.map { measured.metric(Self.probed($0)) }
            Kind.allCases.flatMap { kind in
                measured.metrics(Self.consistent(kind), Self.inconsistent(kind), Self.shuffled(kind), Self.random(kind))
                    + (study.probesUntrained ? measured.metrics(Self.untrained(kind)) : [])
                    + measured.metrics(Self.layer(kind))
            }
            curves
            methods
            transfer
            for (index, outcome) in outcomes.enumerated() { note(measured.seeds[index], outcome) }
            "In each group of statements every word stands as often in true ones as in false ones."
        }
    }

    private func note(_ seed: UInt64, _ outcome: Outcome) -> String {
        let parts = Kind.allCases.map { kind in
            let report = outcome[kind].reports[0]
            let ends =
                report.interval.map { "\(Phrase.number($0.lower)) to \(Phrase.number($0.upper))" } ?? "unknown"
            return "\(kind.rawValue) \(Phrase.number(report.auroc)) (\(ends))"
        }
        return "Seed \(seed): areas of the logistic probe with 95 % intervals over groups: \(Phrase.list(parts))."
    }

    private var summary: String {
        func list(_ quantity: (Kind) -> Quantity) -> String {
            Phrase.list(Kind.allCases.map { "\(Phrase.number(measured.mean(quantity($0)))) on \($0.rawValue)" })
        }
        return "Logistic probes of \(name) tell true statements from false ones with an area under the ROC curve of "
            + "\(list(Self.probed)); probes of shuffled labels reach \(list(Self.shuffled)). Contrast-consistent "
            + "search, which sees no labels but for its sign, reaches \(list(Self.consistent))."
    }

    private var curves: LineChart {
        LineChart(
            title: "Where true and false statements differ",
            caption:
                "Area under the ROC curve of logistic probes after each block on validation statements, by which the "
                + "block is chosen. Mean and range over \(outcomes.count) splits.",
            x: Axis("block"), y: Axis("area under the ROC curve"),
            series: Kind.allCases.map { kind in
                measured.line(
                    kind.rawValue, over: (0..<layers).map(Double.init), curves: outcomes.map { $0[kind].validation },
                    band: .range)
            })
    }

    private var methods: Table {
        measured.table(
            "methods", title: "Probes of test statements, and their controls", rowLabel: "probe", columnLabel: "",
            rows: study.methods.map(\.title),
            columns: Kind.allCases.flatMap { kind in
                [kind.rawValue, "\(kind.rawValue), shuffled labels", "\(kind.rawValue), random features"]
            },
            cells: study.methods.indices.map { index in
                Kind.allCases.flatMap { kind in
                    let reports = outcomes.map { $0[kind].reports[index] }
                    return [reports.map(\.auroc), reports.map(\.shuffled), reports.map(\.random)]
                }
            }, unit: "area under the ROC curve", band: .range)
    }

    private var transfer: Table {
        measured.table(
            "transfer", title: "Logistic probes of one kind of statements on others", rowLabel: "fitted to",
            columnLabel: "judged on", rows: Kind.allCases.map(\.rawValue),
            columns: Kind.allCases.map(\.rawValue) + Kind.allCases.map { "negated \($0.rawValue)" },
            cells: Kind.allCases.map { kind in
                Kind.allCases.map { other in outcomes.map { $0[kind].transfer[other] } }
                    + Kind.allCases.map { other in outcomes.map { $0[kind].negated[other] } }
            }, unit: "area under the ROC curve", band: .range)
    }
}
