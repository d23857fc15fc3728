internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// A score for every edge of a model, from which circuits of any size are taken.
public struct EdgeRanking: Sendable {
    /// All edges.
    public let graph: EdgeGraph
    /// The score of each edge, in the order of ``EdgeGraph/edges``; its magnitude counts.
    public let scores: [Double]

    /// - Precondition: there is one score for each edge.
    public init(_ graph: EdgeGraph, scores: [Double]) {
        require(scores.count == graph.edgeCount, "\(graph.edgeCount) edges need as many scores, got \(scores.count)")
        (self.graph, self.scores) = (graph, scores)
    }

    /// The mean scores of edge attribution over pairs: EAP with one step, EAP-IG with more.
    ///
    /// - Parameter progress: told the part of the pairs that is done; may throw to end it.
    /// - Throws: `ModelError` for a pair that cannot be patched; whatever `progress` throws.
    public init(
        _ attribution: EdgeAttribution, _ model: HookedTransformer, pairs: [PatchPair],
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        guard !pairs.isEmpty else { throw ModelError("edges are scored on one pair of prompts or more, got none") }
        let (graph, stream) = (EdgeGraph(model.configuration), try ResidualStream(model))
        var sums = [Double](repeating: 0, count: graph.edgeCount)
        for (index, pair) in pairs.enumerated() {
            try progress(Double(index) / Double(pairs.count))
            let found = try attribution.run(stream, pair: pair).scores.flatMap { $0 }
            for place in found.indices { sums[place] += found[place] / Double(pairs.count) }
        }
        self.init(graph, scores: sums)
    }

    /// The `count` edges of largest magnitude; ties go to the earlier edge.
    public func top(_ count: Int) -> EdgeSubset {
        let order = scores.indices.sorted { (-abs(scores[$0]), $0) < (-abs(scores[$1]), $1) }
        return EdgeSubset(graph, places: order.prefix(max(0, count)))
    }

    /// `count` edges that hang together: beginning at the logits, the edge of largest magnitude into a node that the
    /// circuit has is added again and again (Hanna, Pezzelle, Belinkov 2024, arXiv:2403.17806).
    public func greedy(_ count: Int) -> EdgeSubset {
        let layout = EdgeLayout(graph)
        let starts = graph.starts
        var queue = EdgeQueue()
        var isOpen = [Bool](repeating: false, count: graph.readers.count)
        func open(_ reader: Int) {
            guard !isOpen[reader] else { return }
            isOpen[reader] = true
            for writer in 0..<graph.sources[reader] {
                let place = starts[reader] + writer
                queue.insert(EdgeQueue.Entry(size: abs(scores[place]), place: place, writer: writer))
            }
        }
        open(graph.readers.count - 1)
        var chosen: [Int] = []
        while chosen.count < count, let next = queue.removeLargest() {
            chosen.append(next.place)
            layout.readers(of: next.writer).forEach(open)
        }
        return EdgeSubset(graph, places: chosen)
    }

    /// How likely an edge of `truth` has a larger magnitude than one that is not of it; 0.5 for scores that say nothing.
    public func auroc(of truth: EdgeSubset) -> Double {
        let right = Set(truth.places)
        let sizes = scores.map(abs)
        return Statistics.auroc(
            positives: sizes.indices.filter(right.contains).map { sizes[$0] },
            negatives: sizes.indices.filter { !right.contains($0) }.map { sizes[$0] })
    }

    /// The same scores dealt out to the edges at random: a control in which they mean nothing.
    public func dealt(key: RandomKey) -> EdgeRanking {
        var random = key.generator()
        return EdgeRanking(graph, scores: scores.shuffled(using: &random))
    }
}

extension EdgeSubset {
    /// `count` edges drawn at random.
    public static func random(_ graph: EdgeGraph, count: Int, key: RandomKey) -> EdgeSubset {
        var random = key.generator()
        return EdgeSubset(graph, places: Array(0..<graph.edgeCount).shuffled(using: &random).prefix(max(0, count)))
    }

    /// The edges that both have as a part of those that either has; 1 for two empty sets (Jaccard's index).
    public func overlap(with other: EdgeSubset) -> Double {
        let (own, others) = (Set(places), Set(other.places))
        let all = own.union(others).count
        return all == 0 ? 1 : Double(own.intersection(others).count) / Double(all)
    }
}

/// Edges by magnitude, as a binary heap.
private struct EdgeQueue {
    struct Entry {
        let size: Double
        let place: Int
        let writer: Int

        func comesBefore(_ other: Entry) -> Bool { (-size, place) < (-other.size, other.place) }
    }

    private var heap: [Entry] = []

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, heap[child].comesBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeLargest() -> Entry? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while let child = [2 * parent + 1, 2 * parent + 2].filter({ $0 < heap.count })
            .min(by: { heap[$0].comesBefore(heap[$1]) }), heap[child].comesBefore(heap[parent])
        {
            heap.swapAt(parent, child)
            parent = child
        }
        return first
    }
}
