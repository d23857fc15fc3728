public import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Edge attribution of one pair of prompts, plain (EAP) and with integrated gradients (EAP-IG), and what it took
/// (Syed, Rager, Conmy 2023, arXiv:2310.10348; Hanna, Pezzelle, Belinkov 2024, arXiv:2403.17806).
public struct EdgeComparison: Sendable {
    /// The scores by one gradient.
    public let plain: EdgeScores
    /// The scores by the mean of ``steps`` gradients.
    public let integrated: EdgeScores
    /// Gradients of the integrated scores.
    public let steps: Int
    /// The wall time of the plain scores, in seconds.
    public let seconds: Double
    /// The wall time of the integrated scores, in seconds.
    public let integratedSeconds: Double
    /// The most bytes held by tensors and packed weights while the plain scores were computed.
    public let peakBytes: Int

    /// Scores every edge of the model both ways.
    ///
    /// - Throws: `ModelError` for a pair that cannot be patched; whatever `progress` throws.
    public init(
        _ model: HookedTransformer, pair: PatchPair, direction: PatchDirection, steps: Int,
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        Compute.resetPeakBytes()
        let start = ContinuousClock.now
        plain = try EdgeAttribution(direction: direction).run(model, pair: pair)
        seconds = (ContinuousClock.now - start) / .seconds(1)
        peakBytes = Compute.peakBytes
        let middle = ContinuousClock.now
        integrated = try EdgeAttribution.integrated(direction: direction, steps: steps)
            .run(model, pair: pair, progress: progress)
        integratedSeconds = (ContinuousClock.now - middle) / .seconds(1)
        self.steps = steps
    }

    /// The rank correlation of the two scores over all edges.
    public var agreement: Double {
        Statistics.spearman(plain.scores.flatMap { $0 }, integrated.scores.flatMap { $0 })
    }

    /// The number of edges, how far the two scores agree, and what they took.
    public var metrics: [Metric] {
        [
            Metric("edges", Double(plain.graph.edgeCount), unit: "edges"),
            Metric("edge_spearman_plain_integrated", agreement),
            Metric("edge_attribution_seconds", seconds, unit: "s"),
            Metric("edge_attribution_integrated_seconds", integratedSeconds, unit: "s"),
            Metric("edge_attribution_peak", Double(peakBytes) / 1e6, unit: "MB"),
        ]
    }

    /// The `count` edges of largest plain score, with both scores.
    public func table(_ count: Int) -> Table {
        let strongest = plain.strongest(count)
        return Table(
            "edges", title: "The strongest of \(plain.graph.edgeCount) edges, in the first pair", rowLabel: "edge",
            columnLabel: "method", rows: strongest.map { "\($0.writer) to \($0.reader)" },
            columns: ["EAP", "EAP-IG, \(steps) steps"],
            values: strongest.map { [$0.score, integrated[$0.writer, $0.reader] ?? .nan] }, unit: "logits")
    }
}
