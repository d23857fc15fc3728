public import PlumbModels

/// The edges of a transformer's computation as attribution sees it: whatever writes to the residual stream, to whatever
/// reads from it further on.
public struct EdgeGraph: Sendable, Equatable {
    /// What writes to the residual stream.
    public enum Writer: Hashable, Sendable, CustomStringConvertible {
        /// The embeddings, of tokens and of positions.
        case embed
        /// One head's part of what attention adds.
        case head(block: Int, head: Int)
        /// What an MLP adds.
        case mlp(block: Int)

        public var description: String {
            switch self {
            case .embed: "embed"
            case .head(let block, let head): "a\(block).\(head)"
            case .mlp(let block): "m\(block)"
            }
        }
    }

    /// What reads the residual stream, through a normalization.
    public enum Reader: Hashable, Sendable, CustomStringConvertible {
        /// A query head's input.
        case query(block: Int, head: Int)
        /// A key head's input; where key-value heads are shared, one for each of them.
        case key(block: Int, head: Int)
        /// A value head's input, likewise.
        case value(block: Int, head: Int)
        /// An MLP's input.
        case mlp(block: Int)
        /// The unembedding's input.
        case logits

        public var description: String {
            switch self {
            case .query(let block, let head): "a\(block).\(head).q"
            case .key(let block, let head): "a\(block).\(head).k"
            case .value(let block, let head): "a\(block).\(head).v"
            case .mlp(let block): "m\(block)"
            case .logits: "logits"
            }
        }
    }

    /// What writes, in the order in which a forward pass meets it.
    public let writers: [Writer]
    /// What reads, in the order in which a forward pass meets it; within a block queries, keys, values, then the MLP.
    public let readers: [Reader]
    /// For each reader, how many of the writers come before it.
    public let sources: [Int]

    /// The number of edges.
    public var edgeCount: Int { sources.reduce(0, +) }

    /// Every edge of a model of this shape.
    public init(_ configuration: TransformerConfiguration) {
        let hasMLP = configuration.mlpWidth > 0
        var writers: [Writer] = [.embed]
        var readers: [Reader] = []
        var sources: [Int] = []
        for block in 0..<configuration.layers {
            let groups = 0..<configuration.keyValueHeads
            let attention =
                (0..<configuration.heads).map { Reader.query(block: block, head: $0) }
                + groups.map { .key(block: block, head: $0) } + groups.map { .value(block: block, head: $0) }
            readers += attention
            sources += attention.map { _ in writers.count }
            writers += (0..<configuration.heads).map { .head(block: block, head: $0) }
            guard hasMLP else { continue }
            readers.append(.mlp(block: block))
            sources.append(writers.count)
            writers.append(.mlp(block: block))
        }
        readers.append(.logits)
        sources.append(writers.count)
        (self.writers, self.readers, self.sources) = (writers, readers, sources)
    }
}

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
