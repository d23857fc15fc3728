internal import PlumbBasics
public import PlumbModels

/// Automatic circuit discovery: from the logits backwards, every edge whose removal changes the metric by less than a
/// threshold is removed for good (Conmy, Mavor-Parker, Lynch, Heimersheim, Garriga-Alonso 2023, arXiv:2304.14997).
///
/// Removals are tried one after another, as published. Runs of them are evaluated in one batch as if each succeeded; after
/// the first that fails, the rest of the batch is tried again without it, so that the result is that of single trials. A
/// batch is twice the one before where all of its removals succeeded, and as long as those that did where one failed.
public struct ACDC: Sendable {
    /// The change of the metric that a removed edge stays below, as a part of the difference between the prompts.
    public var threshold: Double
    /// How many removals are evaluated at once, at most.
    public var batch: Int

    /// - Precondition: the threshold is above 0 and a batch has a removal or more.
    public init(threshold: Double, batch: Int = 64) {
        require(threshold > 0 && batch > 0, "a threshold of \(threshold) and batches of \(batch) find no circuit")
        (self.threshold, self.batch) = (threshold, batch)
    }

    /// What the search found.
    public struct Outcome: Sendable {
        /// The edges that stay, but for those that nothing connects to the embeddings and the logits.
        public let edges: EdgeSubset
        /// How many circuits were evaluated.
        public let evaluations: Int
        /// The change of the metric when each edge was tried, by its place among the graph's edges, as a part of the
        /// difference between the prompts.
        public let changes: [Int: Double]

        /// The changes as scores; 0 for edges that were not tried, as nothing reads what follows from
        /// them or the search did not begin with them.
        public var ranking: EdgeRanking {
            EdgeRanking(edges.graph, scores: (0..<edges.graph.edgeCount).map { changes[$0] ?? 0 })
        }
    }

    /// Removes edges until none is left to try.
    ///
    /// - Parameters:
    ///   - sweep: evaluates circuits of the model.
    ///   - pairs: the changes are means over them.
    ///   - start: where the search begins; the whole graph unless given.
    ///   - progress: told the part of the edges that was tried; may throw to end it.
    /// - Throws: `ModelError` for pairs that cannot be patched, or that the model does not tell apart; whatever `progress`
    ///   throws.
    public func run(
        _ sweep: CircuitSweep, pairs: [PatchPair], from start: EdgeSubset? = nil,
        progress: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        var current = start ?? EdgeSubset(sweep.graph, isFull: true)
        let layout = EdgeLayout(sweep.graph)
        let starts = sweep.graph.starts
        let prepared = try sweep.prepared(pairs)
        let first = try CircuitScore(prepared.run([current]))
        var value = first.restored[0]
        var (evaluations, tried) = (1, 0)
        var changes: [Int: Double] = [:]
        let total = max(1, current.count)
        var size = min(batch, 8)
        for reader in sweep.graph.readers.indices.reversed() {
            // Nothing reads what follows from this reader.
            guard isNeeded(reader, in: current, layout) else {
                tried += current.writers[reader].count
                for writer in current.writers[reader] { current = current.removing(writer: writer, reader: reader) }
                continue
            }
            var waiting = Array(current.writers[reader].reversed())
            while !waiting.isEmpty {
                try progress(Double(tried) / Double(total))
                var chain: [EdgeSubset] = []
                for writer in waiting.prefix(size) {
                    chain.append((chain.last ?? current).removing(writer: writer, reader: reader))
                }
                let values = try CircuitScore(prepared.run(chain)).restored
                evaluations += chain.count
                var passed = 0
                var isStopped = false
                while passed < chain.count, !isStopped {
                    let change = abs(values[passed] - value)
                    changes[starts[reader] + waiting[passed]] = change
                    isStopped = !(change < threshold)
                    guard !isStopped else { break }
                    (value, current) = (values[passed], chain[passed])
                    passed += 1
                }
                tried += passed + (isStopped ? 1 : 0)
                waiting.removeFirst(passed + (isStopped ? 1 : 0))
                size = isStopped ? max(1, passed) : min(batch, max(size, 2 * chain.count))
            }
        }
        return Outcome(edges: current.pruned, evaluations: evaluations, changes: changes)
    }

    /// Whether a reader belongs to a node that some edge of the circuit leaves; the logits always do.
    private func isNeeded(_ reader: Int, in circuit: EdgeSubset, _ layout: EdgeLayout) -> Bool {
        guard reader < circuit.graph.readers.count - 1 else { return true }
        return layout.writers(of: reader).contains { writer in circuit.writers.contains { $0.contains(writer) } }
    }
}
