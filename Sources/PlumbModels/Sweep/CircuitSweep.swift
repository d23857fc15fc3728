internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// Exact evaluation of many circuits at once: the model reads the clean prompt, every edge outside the circuit carries
/// what its writer wrote in the corrupted run, and every edge of the circuit what it writes in this run (Conmy et al.
/// 2023, arXiv:2304.14997; Hanna, Pezzelle, Belinkov 2024, arXiv:2403.17806).
///
/// A reader's input is the corrupted run's residual stream plus the changes of the writers it reads within the circuit.
/// All circuits and pairs share one product per weight; positions before the first difference of a pair, and readers that
/// no path of a circuit connects to the embeddings and the logits, are the corrupted run's and are not computed again.
/// Every value is bit for bit what the circuit gives when it is evaluated alone.
public struct CircuitSweep: Sendable {
    /// Bytes that the runs of a pass may take, beside the weights. A smaller limit means more passes and the same bits.
    public var memoryLimit: Int
    /// The edges of the model.
    public let graph: EdgeGraph
    let model: HookedTransformer
    let slices: [HeadSlices]

    /// Takes the weights of the model's heads apart, within 2 GiB unless said otherwise.
    ///
    /// - Throws: ``ModelError`` for models of parallel blocks, and those that normalize what heads write.
    public init(_ model: HookedTransformer, memoryLimit: Int = 2 << 30) throws {
        guard !model.hasParallelBlocks else {
            throw ModelError(
                "edges follow a stream from attention to MLP, which the parallel blocks of \(model.name) do not have")
        }
        guard model.addsHeadsToStream else {
            throw ModelError(
                "edges carry what heads add to the stream, and \(model.name) normalizes their sum before it is added")
        }
        (self.model, self.memoryLimit) = (model, memoryLimit)
        graph = EdgeGraph(model.configuration)
        slices = model.transformer.blocks.map(HeadSlices.init)
    }

    /// The metric of every circuit on every pair; the results are in the order of the pairs.
    ///
    /// - Parameters:
    ///   - circuits: what is evaluated; the values of a result are in their order.
    ///   - pairs: the prompts, and the metric of their runs.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end the sweep.
    /// - Throws: ``ModelError`` for pairs that ``PatchSweep`` refuses or that differ in length, and for circuits of another
    ///   graph; whatever `progress` throws.
    public func run(
        _ circuits: [EdgeSubset], on pairs: [PatchPair], progress: (Double) throws -> Void = { _ in }
    ) throws -> [CircuitSweepResult] {
        try prepared(pairs).run(circuits, progress: progress)
    }

    /// Pairs with what their clean and corrupted runs compute, on which circuits can be evaluated again and again.
    ///
    /// - Throws: ``ModelError`` for pairs that ``PatchSweep`` refuses or that differ in length.
    public func prepared(_ pairs: [PatchPair]) throws -> CircuitPairs {
        try check(pairs)
        return try CircuitPairs(self, pairs)
    }

    /// - Throws: ``ModelError`` for pairs that cannot be patched by position.
    func check(_ pairs: [PatchPair]) throws {
        try PatchSweep().check(model, pairs: pairs, cells: [])
    }

    /// A pass that takes more is not faster: its products are large enough, and fresh pages must be cleared.
    private static let passBytes = 256 << 20

    /// Jobs whose changes fit half the memory limit.
    fileprivate func chunks(_ jobs: [CircuitJob]) -> [[CircuitJob]] {
        let sizes = model.configuration
        let passing = 4 * (6 * sizes.width + 4 * sizes.heads * sizes.headWidth + 3 * sizes.mlpWidth)
        var chunks: [[CircuitJob]] = []
        var bytes = 0
        for job in jobs {
            let own = job.rows * (4 * sizes.width * (job.plan.liveWriters.count + 2 * sizes.heads) + passing)
            bytes += own
            if chunks.isEmpty || bytes > min(memoryLimit / 2, Self.passBytes) {
                chunks.append([])
                bytes = own
            }
            chunks[chunks.count - 1].append(job)
        }
        return chunks
    }
}

/// Pairs whose clean and corrupted runs are recorded, for circuits to be evaluated on.
public struct CircuitPairs: Sendable {
    private let sweep: CircuitSweep
    private let pairs: [PatchPair]
    /// Nil of no pairs.
    private let recorded: CircuitRecording?

    fileprivate init(_ sweep: CircuitSweep, _ pairs: [PatchPair]) throws {
        (self.sweep, self.pairs) = (sweep, pairs)
        recorded = pairs.isEmpty ? nil : CircuitRecording(sweep.model, pairs)
        for logits in (recorded?.cleanLogits ?? []) + (recorded?.corruptedLogits ?? []) {
            try sweep.model.requireNumbers(logits)
        }
    }

    /// The metric of every circuit on every pair, as of ``CircuitSweep/run(_:on:progress:)``.
    ///
    /// - Throws: ``ModelError`` for circuits of another graph; whatever `progress` throws.
    public func run(
        _ circuits: [EdgeSubset], progress: (Double) throws -> Void = { _ in }
    ) throws -> [CircuitSweepResult] {
        let graph = sweep.graph
        if let other = circuits.first(where: { $0.graph != graph }) {
            throw ModelError(
                "a circuit of a graph of \(other.graph.edgeCount) edges is not one of \(sweep.model.name), which has "
                    + "\(graph.edgeCount)")
        }
        guard let recorded else { return [] }
        let judges = pairs.indices.map { pairs[$0].metric.judge(recorded.cleanLogits[$0]) }
        let clean = pairs.indices.map { judges[$0](recorded.cleanLogits[$0]) }
        let corrupted = pairs.indices.map { judges[$0](recorded.corruptedLogits[$0]) }
        var values = corrupted.map { [Double](repeating: $0, count: circuits.count) }
        let paths = circuits.map(EdgePaths.init)
        let layout = EdgeLayout(graph)
        var jobs: [CircuitJob] = []
        for (index, circuit) in circuits.enumerated() where paths[index].isLive(layout.logits, in: circuit) {
            let plan = CircuitPlan(circuit, paths[index])
            for pair in pairs.indices where recorded.rows(pair) > 0 {
                jobs.append(CircuitJob(circuit: index, pair: pair, rows: recorded.rows(pair), plan: plan))
            }
        }
        var done = 0
        var memory = Tensor.zeros([0, sweep.model.configuration.width])
        for chunk in sweep.chunks(jobs) {
            let pass = CircuitPass(sweep, recorded, jobs: chunk)
            let logits = try pass.run(in: &memory) {
                try progress((Double(done) + $0 * Double(chunk.count)) / Double(jobs.count))
            }
            for (job, logits) in zip(chunk, logits) { values[job.pair][job.circuit] = judges[job.pair](logits) }
            done += chunk.count
        }
        return pairs.indices.map {
            CircuitSweepResult(clean: clean[$0], corrupted: corrupted[$0], values: values[$0])
        }
    }
}

/// What a sweep over circuits found for one pair.
public struct CircuitSweepResult: Sendable {
    /// The metric of the whole model on the clean prompt.
    public let clean: Double
    /// The metric of the whole model on the corrupted prompt.
    public let corrupted: Double
    /// The metric of each circuit, in the order the circuits were given.
    public let values: [Double]

    /// How much of the difference between the prompts each circuit restores, `(m(circuit) - m(corrupted)) / (m(clean) -
    /// m(corrupted))`: 1 for the whole graph, 0 for no edge.
    public var faithfulness: [Double] { values.map { ($0 - corrupted) / (clean - corrupted) } }
}

/// The weights of one block by head: what each reader alone multiplies, and what each head writes.
struct HeadSlices: Sendable {
    /// `[K, D]` each.
    let queries, keys, values: [Linear]
    /// `[D, K]` each, without the bias.
    let outputs: [Weight]

    init(_ block: TransformerBlock) {
        let attention = block.attention
        let (core, width) = (attention.core, attention.core.headWidth)
        let stored = attention.qkv.mergedWeight.tensor()
        let bias = attention.qkv.bias
        func part(_ first: Int, _ count: Int) -> [Linear] {
            (first..<first + count).map { head in
                let range = head * width..<(head + 1) * width
                return Linear(weight: Weight(stored[range]), bias: bias.map { $0[range] })
            }
        }
        queries = part(0, core.heads)
        keys = part(core.heads, core.keyValueHeads)
        values = part(core.heads + core.keyValueHeads, core.keyValueHeads)
        let output = attention.output.mergedWeight.tensor()
        outputs = (0..<core.heads).map { Weight(output.columns($0 * width..<($0 + 1) * width)) }
    }
}

/// Which readers of a circuit see something else than in the corrupted run, and which writers write it.
struct CircuitPlan {
    /// Writers whose output differs and is read, by their places, rising.
    let liveWriters: [Int]
    /// For each writer, its place in ``liveWriters``.
    let order: [Int?]
    /// For each reader, the live writers whose changes are added to the corrupted stream; nil where it is not live.
    let added: [[Int]?]
    /// For each reader, the live writers whose changes are taken away from the sum of all before it, where these are
    /// fewer than the others.
    let removed: [[Int]?]

    init(_ circuit: EdgeSubset, _ paths: EdgePaths) {
        let layout = EdgeLayout(circuit.graph)
        let isLive = circuit.writers.indices.map { paths.isLive($0, in: circuit) }
        var isRead = [Bool](repeating: false, count: circuit.graph.writers.count)
        for (reader, sources) in circuit.writers.enumerated() where isLive[reader] {
            for writer in sources { isRead[writer] = true }
        }
        let writers = isRead.indices.filter { writer in
            isRead[writer] && (writer == 0 || layout.readers(of: writer).contains { isLive[$0] })
        }
        var order = [Int?](repeating: nil, count: circuit.graph.writers.count)
        for (place, writer) in writers.enumerated() { order[writer] = place }
        var (added, removed): ([[Int]?], [[Int]?]) = ([], [])
        for (reader, sources) in circuit.writers.enumerated() {
            guard isLive[reader] else {
                added.append(nil)
                removed.append(nil)
                continue
            }
            let own = sources.filter { order[$0] != nil }
            let all = writers.prefix { $0 < circuit.graph.sources[reader] }
            let isDense = own.count > 8 && own.count > all.count / 2
            let others = isDense ? Set(own) : []
            added.append(isDense ? [] : own)
            removed.append(isDense ? all.filter { !others.contains($0) } : nil)
        }
        (liveWriters, self.order, self.added, self.removed) = (writers, order, added, removed)
    }

    /// Whether some reader begins with the sum of all changes.
    var needsSum: Bool { removed.contains { $0 != nil } }
    func isLive(_ reader: Int) -> Bool { added[reader] != nil }
}

/// One circuit on one pair.
struct CircuitJob {
    let circuit: Int
    let pair: Int
    /// The positions from the pair's first difference on.
    let rows: Int
    let plan: CircuitPlan
}
