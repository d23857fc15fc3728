internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

// Where the two methods disagree, and why.

extension EdgeGraph.Reader {
    /// What kind of input it is.
    var kind: String {
        switch self {
        case .query: "queries"
        case .key: "keys"
        case .value: "values"
        case .mlp: "MLPs"
        case .logits: "logits"
        }
    }
}

extension EdgeComparison {
    /// The kinds of readers, in the order of the tables.
    public static let kinds = ["queries", "keys", "values", "MLPs", "logits"]

    /// The number of edges, how far the two methods' scores agree, and what they took.
    public var metrics: [Metric] {
        [
            Metric("edges", Double(methods[.plain].graph.edgeCount), unit: "edges"),
            Metric("edges_patched", Double(effects.count), unit: "edges"),
            Metric("edge_spearman_plain_integrated", rankAgreement),
            Metric("edge_attribution_seconds", methods.seconds, unit: "s"),
            Metric("edge_attribution_integrated_seconds", methods.integratedSeconds, unit: "s"),
            Metric("edge_patching_seconds", exactSeconds, unit: "s"),
            Metric("edge_attribution_peak", Double(methods.peakBytes) / 1e6, unit: "MB"),
        ]
    }

    /// The squared error of each method by the kind of reader, as a part of the plain method's whole squared error over
    /// the same edges: `[kind][method]`.
    public var errorShares: [[Double]] {
        let edges = shared
        func squares(_ method: EdgeMethods.Method) -> [Double] {
            zip(edges, estimates(method, edges)).map { edge, estimate in
                let miss = estimate - (effects[edge] ?? .nan)
                return miss * miss
            }
        }
        let (plain, integrated) = (squares(.plain), squares(.integrated))
        let whole = plain.reduce(0, +)
        return Self.kinds.map { kind in
            let members = edges.indices.filter { edges[$0].reader.kind == kind }
            return [plain, integrated].map { values in members.reduce(0) { $0 + values[$1] } / whole }
        }
    }

    /// How many of the compared edges end in each kind of reader.
    public var kindCounts: [Double] {
        let edges = shared
        return Self.kinds.map { kind in Double(edges.count { $0.reader.kind == kind }) }
    }

    /// The `count` edges where the two methods' errors differ most, with both scores, the exact effect and its slope.
    public func table(_ count: Int) -> Table {
        let edges = shared
        let (plain, integrated) = (estimates(.plain, edges), estimates(.integrated, edges))
        let gaps = edges.indices.map { abs(plain[$0] - integrated[$0]) }
        let order = edges.indices.sorted { (-gaps[$0], $0) < (-gaps[$1], $1) }.prefix(count)
        return Table(
            "edges", title: "The \(order.count) patched edges on which the methods differ most, in the first pair",
            rowLabel: "edge", columnLabel: "effect", rows: order.map { "\(edges[$0])" },
            columns: ["exact", "EAP", "EAP-IG, \(steps) steps", "slope of the exact effect"],
            values: order.map { [effects[edges[$0]] ?? .nan, plain[$0], integrated[$0], slopes[edges[$0]] ?? .nan] },
            unit: "logits")
    }

    /// Estimated against exact effects, one point an edge.
    public var scatterPlot: Figure {
        let groups = [EdgeMethods.Method.plain, .integrated].map { method in
            let edges = edges(of: method)
            return ScatterPlot.Group(
                method.rawValue, x: edges.map { effects[$0] ?? .nan }, y: estimates(method, edges),
                labels: edges.map { "\($0)" })
        }
        return .scatter(
            ScatterPlot(
                title: "Edges: estimated and exact effects",
                caption:
                    "The edges that each method ranks highest and edges drawn at random, in the first pair; on the "
                    + "diagonal the estimate is right.",
                x: Axis("exact effect", unit: "logits"), y: Axis("estimated effect", unit: "logits"), groups: groups,
                showsDiagonal: true))
    }
}
