internal import PlumbBasics

/// Some of a model's edges: a circuit is such a subset.
public struct EdgeSubset: Sendable, Equatable {
    /// All edges that there are.
    public let graph: EdgeGraph
    /// For each reader, which of ``EdgeGraph/writers`` it reads, by their places there and rising.
    public private(set) var writers: [[Int]]

    /// No edge, or all of them.
    public init(_ graph: EdgeGraph, isFull: Bool = false) {
        self.graph = graph
        writers = graph.sources.map { isFull ? Array(0..<$0) : [] }
    }

    /// The edges at these places of ``EdgeGraph/edges``; a place given twice counts once.
    ///
    /// - Precondition: every place is one of the graph's edges.
    public init(_ graph: EdgeGraph, places: some Sequence<Int>) {
        self.init(graph)
        let starts = graph.starts
        var reader = 0
        for place in Set(places).sorted() {
            require(place >= 0 && place < graph.edgeCount, "the graph has \(graph.edgeCount) edges, no edge \(place)")
            while place >= starts[reader] + graph.sources[reader] { reader += 1 }
            writers[reader].append(place - starts[reader])
        }
    }

    /// These edges; one given twice counts once.
    ///
    /// - Throws: ``ModelError`` naming an edge that the graph does not have.
    public init(_ graph: EdgeGraph, edges: some Sequence<EdgeGraph.Edge>) throws {
        let readers = Dictionary(uniqueKeysWithValues: graph.readers.enumerated().map { ($1, $0) })
        let known = Dictionary(uniqueKeysWithValues: graph.writers.enumerated().map { ($1, $0) })
        let starts = graph.starts
        let places = try edges.map { edge in
            guard let reader = readers[edge.reader], let writer = known[edge.writer], writer < graph.sources[reader]
            else {
                throw ModelError("there is no edge \(edge): a writer must come before its reader, and both exist")
            }
            return starts[reader] + writer
        }
        self.init(graph, places: places)
    }

    /// The number of edges.
    public var count: Int { writers.reduce(0) { $0 + $1.count } }

    /// The part of the graph's edges that the subset has.
    public var share: Double { Double(count) / Double(max(1, graph.edgeCount)) }

    /// The edges, reader by reader.
    public var edges: [EdgeGraph.Edge] {
        zip(graph.readers, writers).flatMap { reader, places in
            places.map { EdgeGraph.Edge(from: graph.writers[$0], to: reader) }
        }
    }

    /// The edges' places among ``EdgeGraph/edges``, rising.
    public var places: [Int] {
        zip(graph.starts, writers).flatMap { start, places in places.map { start + $0 } }
    }

    /// Every edge that the subset lacks, and no other.
    public var complement: EdgeSubset {
        var other = self
        for (reader, count) in graph.sources.enumerated() {
            let own = Set(writers[reader])
            other.writers[reader] = (0..<count).filter { !own.contains($0) }
        }
        return other
    }

    /// The subset without one edge; the subset itself where it lacks it.
    ///
    /// - Parameters:
    ///   - writer: by its place among the graph's writers.
    ///   - reader: by its place among the graph's readers.
    public func removing(writer: Int, reader: Int) -> EdgeSubset {
        var other = self
        other.writers[reader].removeAll { $0 == writer }
        return other
    }

    /// The subset without the edges that carry nothing: those that no path through the subset connects to both the
    /// embeddings and the logits. Patched runs give the same without them.
    public var pruned: EdgeSubset {
        let paths = EdgePaths(self)
        var other = self
        for reader in writers.indices {
            other.writers[reader] = paths.isNeeded[reader] ? writers[reader].filter { paths.isReached[$0] } : []
        }
        return other
    }

    /// The writers that some edge leaves or whose readers some edge enters, in the graph's order; of the pruned subset
    /// they are the circuit's nodes.
    public var nodes: [EdgeGraph.Writer] {
        let layout = EdgeLayout(graph)
        let left = Set(writers.flatMap { $0 })
        return graph.writers.enumerated().filter { place, _ in
            left.contains(place) || layout.readers(of: place).contains { !writers[$0].isEmpty }
        }.map(\.element)
    }
}

extension EdgeGraph {
    /// For each reader, the place of its first edge among ``edges``.
    public var starts: [Int] {
        var next = 0
        return sources.map { count in
            defer { next += count }
            return next
        }
    }
}

/// Where the readers and writers of a graph stand in its lists.
public struct EdgeLayout: Sendable {
    let layers: Int
    let heads: Int
    let groups: Int
    let hasMLP: Bool

    /// The places of a graph.
    public init(_ graph: EdgeGraph) {
        var (layers, heads, groups, hasMLP) = (0, 0, 0, false)
        for reader in graph.readers {
            switch reader {
            case .query(let block, let head): (layers, heads) = (max(layers, block + 1), max(heads, head + 1))
            case .key(_, let head): groups = max(groups, head + 1)
            case .mlp: hasMLP = true
            case .value, .logits: break
            }
        }
        (self.layers, self.heads, self.groups, self.hasMLP) = (layers, heads, groups, hasMLP)
    }

    private var writersPerBlock: Int { heads + (hasMLP ? 1 : 0) }
    private var readersPerBlock: Int { heads + 2 * groups + (hasMLP ? 1 : 0) }

    func writer(head: Int, block: Int) -> Int { 1 + block * writersPerBlock + head }
    func writer(mlp block: Int) -> Int { 1 + block * writersPerBlock + heads }
    func reader(query head: Int, block: Int) -> Int { block * readersPerBlock + head }
    func reader(key group: Int, block: Int) -> Int { block * readersPerBlock + heads + group }
    func reader(value group: Int, block: Int) -> Int { block * readersPerBlock + heads + groups + group }
    func reader(mlp block: Int) -> Int { block * readersPerBlock + heads + 2 * groups }
    var logits: Int { layers * readersPerBlock }

    /// The readers that make what a writer writes; none for the embeddings.
    ///
    /// - Precondition: the graph has the writer.
    public func readers(of writer: Int) -> [Int] {
        guard writer > 0 else { return [] }
        let (block, place) = ((writer - 1) / writersPerBlock, (writer - 1) % writersPerBlock)
        guard place < heads else { return [reader(mlp: block)] }
        let group = place / (heads / groups)
        return [
            reader(query: place, block: block), reader(key: group, block: block), reader(value: group, block: block),
        ]
    }

    /// The writers that a reader helps to make, several for a shared key or value; none for the logits.
    ///
    /// - Precondition: the graph has the reader.
    public func writers(of reader: Int) -> [Int] {
        guard reader < logits else { return [] }
        let (block, place) = (reader / readersPerBlock, reader % readersPerBlock)
        guard place >= heads else { return [writer(head: place, block: block)] }
        guard place < heads + 2 * groups else { return [writer(mlp: block)] }
        let (group, size) = ((place - heads) % groups, heads / groups)
        return (group * size..<(group + 1) * size).map { writer(head: $0, block: block) }
    }
}

/// What a subset of edges connects.
struct EdgePaths {
    /// For each writer, whether a path through the subset leads to it from the embeddings.
    private(set) var isReached: [Bool]
    /// For each reader, whether a path through the subset leads from it to the logits.
    private(set) var isNeeded: [Bool]

    init(_ subset: EdgeSubset) {
        let layout = EdgeLayout(subset.graph)
        var reached = [Bool](repeating: false, count: subset.graph.writers.count)
        reached[0] = true
        for writer in reached.indices.dropFirst() {
            reached[writer] = layout.readers(of: writer).contains { subset.writers[$0].contains { reached[$0] } }
        }
        var needed = [Bool](repeating: false, count: subset.graph.readers.count)
        needed[layout.logits] = true
        var isRead = [Bool](repeating: false, count: reached.count)
        for writer in subset.writers[layout.logits] { isRead[writer] = true }
        for writer in reached.indices.reversed() where isRead[writer] && reached[writer] {
            for reader in layout.readers(of: writer) where !needed[reader] {
                needed[reader] = true
                for source in subset.writers[reader] { isRead[source] = true }
            }
        }
        (isReached, isNeeded) = (reached, needed)
    }

    /// Whether a reader's input differs from the corrupted run's, and matters.
    func isLive(_ reader: Int, in subset: EdgeSubset) -> Bool {
        isNeeded[reader] && subset.writers[reader].contains { isReached[$0] }
    }
}
