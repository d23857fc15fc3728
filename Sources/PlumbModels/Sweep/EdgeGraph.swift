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

    /// From what writes to what reads.
    public struct Edge: Hashable, Sendable, CustomStringConvertible {
        /// Where the edge begins.
        public let writer: Writer
        /// Where the edge ends.
        public let reader: Reader

        /// The edge between the two; ``EdgeGraph/contains(_:)`` says whether a model has it.
        public init(from writer: Writer, to reader: Reader) { (self.writer, self.reader) = (writer, reader) }

        public var description: String { "\(writer) to \(reader)" }
    }

    /// What writes, in the order in which a forward pass meets it.
    public let writers: [Writer]
    /// What reads, in the order in which a forward pass meets it; within a block queries, keys, values, then the MLP.
    public let readers: [Reader]
    /// For each reader, how many of the writers come before it.
    public let sources: [Int]

    /// The number of edges.
    public var edgeCount: Int { sources.reduce(0, +) }

    /// All edges, reader by reader.
    public var edges: [Edge] {
        zip(readers, sources).flatMap { reader, count in writers[..<count].map { Edge(from: $0, to: reader) } }
    }

    /// Whether the writer comes before the reader, and the model has both.
    public func contains(_ edge: Edge) -> Bool {
        guard let row = readers.firstIndex(of: edge.reader), let column = writers.firstIndex(of: edge.writer) else {
            return false
        }
        return column < sources[row]
    }

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
