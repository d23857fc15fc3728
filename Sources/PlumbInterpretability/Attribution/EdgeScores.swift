public import PlumbModels

/// What every edge of a model carries, for one pair of prompts.
public struct EdgeScores: Sendable {
    /// One edge and its score.
    public struct Edge: Sendable {
        /// Where the edge begins.
        public let writer: EdgeGraph.Writer
        /// Where the edge ends.
        public let reader: EdgeGraph.Reader
        /// The estimated change of the metric by the edge; negative where it lowers the metric.
        public let score: Double

        /// The edge without its score.
        public var edge: EdgeGraph.Edge { EdgeGraph.Edge(from: writer, to: reader) }
    }

    /// The edges that have scores.
    public let graph: EdgeGraph
    /// The metric of the unpatched run on the clean prompt.
    public let clean: Double
    /// The metric of the unpatched run on the corrupted prompt.
    public let corrupted: Double
    /// `scores[reader][writer]`, writers before the reader only: the estimated change of the metric when this reader
    /// alone sees what this writer alone wrote in the source run.
    public let scores: [[Double]]
    /// For each reader, the estimated change of the metric when it reads the source run's whole residual stream, worked
    /// out from that stream. The sum of the reader's edges, but for rounding.
    public let readerScores: [Double]

    /// The score of one edge; nil where the graph has none.
    public subscript(writer: EdgeGraph.Writer, reader: EdgeGraph.Reader) -> Double? {
        guard let row = graph.readers.firstIndex(of: reader), let column = graph.writers.firstIndex(of: writer),
            column < graph.sources[row]
        else { return nil }
        return scores[row][column]
    }

    /// The `count` edges of largest magnitude, the largest first.
    public func strongest(_ count: Int) -> [Edge] {
        let edges = zip(graph.readers, scores).flatMap { reader, row in
            zip(graph.writers, row).map { Edge(writer: $0, reader: reader, score: $1) }
        }
        let order = edges.indices.sorted { (-abs(edges[$0].score), $0) < (-abs(edges[$1].score), $1) }
        return order.prefix(max(0, count)).map { edges[$0] }
    }
}
