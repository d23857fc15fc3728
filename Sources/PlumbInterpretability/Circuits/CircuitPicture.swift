internal import PlumbBasics
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// What a study of circuits found, in tables and figures.
public struct CircuitPicture: Sendable {
    private let outcomes: [CircuitDiscoveryStudy.Outcome]
    private let titles: [String]

    /// - Precondition: there is one title for each outcome.
    public init(outcomes: [CircuitDiscoveryStudy.Outcome], titles: [String]) {
        require(outcomes.count == titles.count, "\(outcomes.count) outcomes need as many titles, got \(titles.count)")
        (self.outcomes, self.titles) = (outcomes, titles)
    }

    /// How the circuit of every method does on held-out prompts.
    public var table: Table {
        let rows = zip(outcomes, titles).flatMap { outcome, title in outcome.found.map { (title, outcome, $0) } }
        return Table(
            "methods", title: "Circuits on held-out prompts", rowLabel: "model or task, method", columnLabel: "",
            rows: rows.map { "\($0), \($2.method.rawValue)" },
            columns: [
                "edges", "connected", "faithfulness", "comprehensiveness", "minimality", "true edges", "found of them",
            ],
            values: rows.map { _, outcome, found in
                let right = outcome.truth.map { Set($0.places).intersection(found.circuit.pruned.places).count }
                return [
                    Double(found.circuit.count), Double(found.quality.edges), found.quality.sufficiency,
                    found.quality.comprehensiveness, found.quality.minimality,
                    outcome.truth.map { Double($0.count) } ?? .nan, right.map(Double.init) ?? .nan,
                ]
            })
    }

    /// Faithfulness by the number of edges.
    public var curve: LineChart {
        LineChart(
            title: "Faithfulness by the size of the circuit",
            caption:
                "Faithfulness on held-out prompts of the edges that EAP-IG scores highest, by their part of all edges.",
            x: Axis("part of the edges", scale: .logarithmic), y: Axis("faithfulness"),
            series: zip(outcomes, titles).map { outcome, title in
                LineChart.Series(title, x: outcome.curve.map(\.share), y: outcome.curve.map(\.restored))
            })
    }

    /// The strongest connected edges that EAP-IG finds, of the first outcomes.
    public func drawings(_ count: Int) -> [Figure] {
        zip(outcomes, titles).prefix(count).map { outcome, title in
            guard let ranking = outcome[.integrated]?.ranking else { unmet("a study scores edges by EAP-IG") }
            let edges = ranking.greedy(outcome.truth?.count ?? Self.drawnEdges).pruned
            let caption =
                "The \(edges.count) strongest connected edges by EAP-IG, layers from the top to the bottom: a3.1 is head 1 of "
                + "layer 3, m3 that layer's MLP, and q, k and v say by what a head reads."
            return .graph(
                Circuit(edges, of: outcome.model).figure(
                    title: "The circuit of \(title)",
                    caption: caption
                        + (outcome.truth == nil ? "" : " Strong arrows were planted, dashed ones were not."),
                    truth: outcome.truth))
        }
    }

    private static let drawnEdges = 40

    /// The wall times of the searches, and how much faster random circuits are evaluated than forward passes.
    public var times: [Metric] {
        let methods = CircuitDiscoveryStudy.Method.allCases
        return methods.compactMap { method in
            let seconds = outcomes.compactMap { $0[method]?.seconds }
            let name = method.rawValue.lowercased().replacing("-", with: "_").replacing(" ", with: "_")
            return seconds.isEmpty ? nil : Metric("\(name)_seconds", Statistics.mean(seconds), unit: "s")
        } + [
            Metric(
                "time_ratio_random_circuits", Statistics.mean(outcomes.map(\.timeRatio)), unit: "times as fast")
        ]
    }
}
