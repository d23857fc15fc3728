internal import PlumbBasics
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Looks for the edges that do a task by their scores, and judges them by exact patching beside random circuits of as many
/// edges.
public struct CircuitSearch: Sendable {
    /// How large a circuit is.
    public enum Size: Sendable, Equatable {
        /// So many edges.
        case edges(Int)
        /// A part of all edges, above 0 and at most 1.
        case share(Double)

        /// The edges of a circuit of this size.
        public func count(of graph: EdgeGraph) -> Int {
            switch self {
            case .edges(let count): min(count, graph.edgeCount)
            case .share(let share): max(1, Int(share * Double(graph.edgeCount)))
            }
        }
    }

    /// How edges are scored.
    public var attribution: EdgeAttribution
    /// The size of the circuit.
    public var size: Size
    /// Random circuits of as many edges.
    public var random = 20
    /// Edges that are taken away one at a time.
    public var tried = 20

    /// A search for a circuit of a size.
    public init(_ attribution: EdgeAttribution = .integrated(), size: Size = .share(0.03)) {
        (self.attribution, self.size) = (attribution, size)
    }

    /// What a search finds.
    public struct Outcome: Sendable {
        /// The connected edges of the largest scores.
        public let circuit: Circuit
        /// The scores of all edges.
        public let ranking: EdgeRanking
        /// What the circuit restores, and random ones of its size.
        public let quality: CircuitQuality
        /// What circuits of other sizes restore.
        public let curve: [(edges: Int, restored: Double)]
        /// The metric's means over the pairs that judge: of the whole model on clean and on corrupted prompts.
        public let clean: Double, corrupted: Double
        /// Of the pairs that judge, those whose clean prompt has the larger metric.
        public let preferred: Int
        /// Pairs that edges were scored on, and pairs that judge.
        public let pairs: Int, judged: Int
        /// Whether the pairs that judge are others than those that edges were scored on.
        public let isHeldOut: Bool
    }

    /// Parts of all edges at which circuits of other sizes are judged.
    private static let shares = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]

    /// Looks for a circuit.
    ///
    /// Of several pairs, every other one judges; a single pair judges itself.
    ///
    /// - Parameters:
    ///   - model: the model whose edges are scored.
    ///   - pairs: clean and corrupted prompts with the metric of their runs.
    ///   - key: of random circuits and of the edges taken away.
    ///   - progress: told the part of the work that is done; may throw to end it.
    /// - Throws: `ModelError` for no pair, pairs that cannot be patched, a model whose edges cannot be told apart, or one
    ///   that gives clean and corrupted prompts the same metric; whatever `progress` throws.
    public func run(
        _ model: HookedTransformer, pairs: [PatchPair], key: RandomKey, progress: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let sweep = try CircuitSweep(model)
        let isHeldOut = pairs.count > 1
        let scored = isHeldOut ? pairs.indices.filter { $0 % 2 == 0 }.map { pairs[$0] } : pairs
        let judging = isHeldOut ? pairs.indices.filter { $0 % 2 == 1 }.map { pairs[$0] } : pairs
        let ends = try sweep.run([], on: judging)
        _ = try CircuitScore(sweep.run([EdgeSubset(sweep.graph, isFull: true)], on: judging))
        let ranking = try EdgeRanking(attribution, model, pairs: scored) { try progress(0.6 * $0) }
        let count = size.count(of: sweep.graph)
        let circuit = ranking.greedy(count)
        let quality = try CircuitQuality(
            circuit, sweep, pairs: judging, key: key, randomCount: random, tried: tried
        ) { try progress(0.6 + 0.3 * $0) }
        let counts = Set(Self.shares.map { max(1, Int($0 * Double(sweep.graph.edgeCount))) } + [count]).sorted()
        let restored = try CircuitScore(
            sweep.run(counts.map(ranking.greedy), on: judging) { try progress(0.9 + 0.1 * $0) }
        ).restored
        return Outcome(
            circuit: Circuit(circuit, of: model), ranking: ranking, quality: quality,
            curve: zip(counts, restored).map { (edges: $0, restored: $1) }, clean: Statistics.mean(ends.map(\.clean)),
            corrupted: Statistics.mean(ends.map(\.corrupted)), preferred: ends.count { $0.clean > $0.corrupted },
            pairs: scored.count, judged: judging.count, isHeldOut: isHeldOut)
    }
}

extension CircuitSearch.Outcome {
    private static let drawnEdges = 40
    private static let listedEdges = 20

    /// The circuit as numbers, tables, a curve and a drawing of its strongest edges.
    public func findings(of model: String) -> Findings {
        let total = Double(ranking.graph.edgeCount)
        var figures: [Figure] = []
        let drawn = ranking.greedy(min(circuit.edges.count, Self.drawnEdges)).pruned
        if drawn.count > 0 {
            figures.append(
                .graph(
                    circuit.with(drawn).figure(
                        title: "The strongest edges",
                        caption:
                            "The \(drawn.count) strongest connected edges, layers from the top to the bottom: a3.1 is "
                            + "head 1 of layer 3, m3 that layer's MLP, and q, k and v say by what a head reads.")))
        }
        figures.append(
            .lineChart(
                LineChart(
                    title: "Faithfulness by the size of the circuit",
                    caption: "What circuits of the best edges restore of the difference between clean and corrupted "
                        + "prompts, by their part of all edges.",
                    x: Axis("part of the edges", scale: .logarithmic), y: Axis("faithfulness"),
                    series: [
                        LineChart.Series(
                            "circuit", x: curve.map { Double($0.edges) / total }, y: curve.map(\.restored)),
                        LineChart.Series(
                            "random circuits", x: quality.random.map { _ in Double(circuit.edges.count) / total },
                            y: quality.random),
                    ], references: [ReferenceValue("whole model", 1)])))
        return Findings(
            summary: summary(of: model), metrics: metrics, tables: [strongest], figures: figures, notes: notes)
    }

    private var metrics: [Metric] {
        [
            Metric("faithfulness", quality.sufficiency, n: judged, isHeadline: true),
            Metric(
                "faithfulness_random_circuits", Statistics.mean(quality.random), values: quality.random,
                isHeadline: true),
            Metric("edges", Double(circuit.edges.count), unit: "edges", isHeadline: true),
            Metric("connected_edges", Double(quality.edges), unit: "edges"),
            Metric("part_of_all_edges", Double(circuit.edges.count) / Double(ranking.graph.edgeCount)),
            Metric("comprehensiveness", quality.comprehensiveness, n: judged, isHeadline: true),
            Metric("minimality", quality.minimality), Metric("metric_clean", clean, n: judged),
            Metric("metric_corrupted", corrupted, n: judged),
        ]
    }

    private var strongest: Table {
        let places = circuit.edges.places.sorted {
            (-abs(ranking.scores[$0]), $0) < (-abs(ranking.scores[$1]), $1)
        }.prefix(Self.listedEdges)
        let edges = ranking.graph.edges
        return Table(
            "edges", title: "The strongest edges", rowLabel: "edge", columnLabel: "",
            rows: places.map { edges[$0].description }, columns: ["score"], values: places.map { [ranking.scores[$0]] })
    }

    private var notes: [String] {
        let tested = quality.random.count
        let random = "Random circuits are \(tested) drawings of as many edges."
        guard isHeldOut else {
            return [
                "The edges were scored and the circuit was judged on the same pair: give several with --pairs, of which "
                    + "every other one serves only to judge.", random,
            ]
        }
        return [
            "Edges were scored on \(pairs) of the pairs and the circuit judged on the other \(judged); on \(preferred) of "
                + "these the clean prompt has the larger metric.", random,
        ]
    }

    private func summary(of model: String) -> String {
        let share = Phrase.percent(Double(circuit.edges.count) / Double(ranking.graph.edgeCount))
        let others =
            isHeldOut
            ? "\(judged) pair\(judged == 1 ? "" : "s") that they were not found on" : "the pair that they were found on"
        return
            "\(circuit.edges.count) edges of \(model), \(share) of all, restore \(Phrase.number(quality.sufficiency)) of "
            + "the difference between clean and corrupted prompts on \(others); random circuits of as many edges restore "
            + "\(Phrase.number(Statistics.mean(quality.random))) on average and "
            + "\(Phrase.number(Statistics.greatest(quality.random))) at most. Without these edges "
            + "\(Phrase.number(1 - quality.comprehensiveness)) is left."
    }
}
