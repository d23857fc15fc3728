internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// Exact edge patching over many edges at once: one reader alone sees one writer as it wrote in the source run, and all
/// that follows is computed anew (direct path patching: Wang et al. 2022, arXiv:2211.00593; Goldowsky-Dill et al. 2023,
/// arXiv:2304.05969).
///
/// The reader's input is the base run's residual stream plus the change of what the writer wrote, at every position.
/// All patched runs share forward passes as those of ``PatchSweep`` do, and every value is bit for bit that of a forward
/// pass with this reader alone patched.
public struct EdgeSweep: Sendable {
    /// Clean into corrupted, or the other way.
    public var direction: PatchDirection
    /// Bytes that the runs of a pass may take, beside the weights. A smaller limit means more passes and the same bits.
    public var memoryLimit: Int
    /// The part of the writer's change that the reader sees: 1 is the patch itself, a small part shows the slope there.
    public var part: Float

    /// Denoising within 2 GiB, by the whole change, unless said otherwise.
    public init(direction: PatchDirection = .denoising, memoryLimit: Int = 2 << 30, part: Float = 1) {
        (self.direction, self.memoryLimit, self.part) = (direction, memoryLimit, part)
    }

    /// The metric of every edge's patched run, in the order the edges are given.
    ///
    /// - Parameters:
    ///   - model: the model that is patched.
    ///   - pair: the prompts, and the metric of their runs.
    ///   - edges: what to patch.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end the sweep.
    /// - Throws: ``ModelError`` for prompts that ``PatchSweep`` refuses, for edges that the model does not have, and for
    ///   models of parallel blocks; whatever `progress` throws.
    public func run(
        _ model: HookedTransformer, pair: PatchPair, edges: [EdgeGraph.Edge],
        progress: (Double) throws -> Void = { _ in }
    ) throws -> PatchSweepResult {
        try check(model, pair, edges)
        let readings = EdgeReadings(model, pair: pair, direction: direction, edges: edges, part: part)
        var results: [PatchSweepResult] = []
        var done = 0
        let chunks = chunks(edges, bytesPerEdge: readings.bytesPerEdge)
        for chunk in chunks {
            let (cells, given) = readings.patches(chunk)
            let runner = BatchedPatchRunner(
                model, pairs: [pair], direction: direction, cells: cells, given: given)
            results += try runner.run(memoryLimit: memoryLimit) { share in
                try progress((Double(done) + share * Double(chunk.count)) / Double(edges.count))
            }
            done += chunk.count
        }
        guard let first = results.first else { unmet("a sweep over edges ran no pass") }
        return PatchSweepResult(
            clean: first.clean, corrupted: first.corrupted, values: results.flatMap(\.values),
            computedCells: results.reduce(0) { $0 + $1.computedCells },
            rowBlocks: results.reduce(0) { $0 + $1.rowBlocks })
    }

    private func check(_ model: HookedTransformer, _ pair: PatchPair, _ edges: [EdgeGraph.Edge]) throws {
        try PatchSweep(direction: direction).check(model, pairs: [pair], cells: [])
        guard pair.clean.count == pair.corrupted.count else {
            throw ModelError(
                "edges are patched between prompts of one length: the clean prompt has \(pair.clean.count) tokens, the "
                    + "corrupted one \(pair.corrupted.count)")
        }
        guard !model.hasParallelBlocks else {
            throw ModelError(
                "edges follow a stream from attention to MLP, which the parallel blocks of \(model.name) do not have")
        }
        guard model.addsHeadsToStream else {
            throw ModelError(
                "edges carry what heads add to the stream, and \(model.name) normalizes their sum before it is added")
        }
        let known = Set(EdgeGraph(model.configuration).edges)
        if let odd = edges.first(where: { !known.contains($0) }) {
            throw ModelError("\(model.name) has no edge \(odd): a writer must come before its reader, and both exist")
        }
    }

    /// Edges whose readers' new values fit a quarter of the memory limit; one empty chunk where there are no edges.
    private func chunks(_ edges: [EdgeGraph.Edge], bytesPerEdge: Int) -> [[EdgeGraph.Edge]] {
        let count = max(1, memoryLimit / 4 / max(1, bytesPerEdge))
        guard !edges.isEmpty else { return [[]] }
        return stride(from: 0, to: edges.count, by: count).map { Array(edges[$0..<min($0 + count, edges.count)]) }
    }
}

/// What readers make of a residual stream in which one writer has changed.
private struct EdgeReadings {
    private let model: HookedTransformer
    private let part: Float
    /// The base run's residual streams.
    private let base: ActivationCache
    /// What each writer wrote more in the source run, `[T, D]`.
    private let changes: [EdgeGraph.Writer: Tensor]
    /// The first position in which the prompts differ: nothing before it does.
    private let first: Int
    private let positions: Int

    init(
        _ model: HookedTransformer, pair: PatchPair, direction: PatchDirection, edges: [EdgeGraph.Edge], part: Float
    ) {
        let (from, to) = direction == .denoising ? (pair.corrupted, pair.clean) : (pair.clean, pair.corrupted)
        let writers = Set(edges.map(\.writer))
        let written = Set(writers.map(\.point))
        let streams = Set(edges.map { $0.reader.stream(layers: model.configuration.layers) })
        let base = model.run(from, recording: .points(written.union(streams))).cache
        let source = model.run(to, recording: .points(written)).cache
        var byPoint: [HookPoint: Tensor] = [:]
        for point in written {
            guard let old = base[point], let new = source[point] else { unmet("\(point) was not recorded") }
            let change = new - old
            byPoint[point] = point.site == .result ? change.swappingLeadingAxes() : change
        }
        var changes: [EdgeGraph.Writer: Tensor] = [:]
        for writer in writers {
            guard let change = byPoint[writer.point] else { unmet("\(writer) was not recorded") }
            if case .head(_, let head) = writer { changes[writer] = change[head] } else { changes[writer] = change }
        }
        (self.model, self.part, self.base, self.changes, positions) = (model, part, base, changes, from.count)
        first = zip(from, to).prefix { $0 == $1 }.count
    }

    /// The bytes of one edge's rows on their way through a reader.
    var bytesPerEdge: Int {
        let sizes = model.configuration
        let widest = max(3 * sizes.heads * sizes.headWidth, 2 * sizes.mlpWidth) + 3 * sizes.width
        return 4 * max(1, positions - first) * widest
    }

    /// The cells that edges patch, and what their rows become.
    func patches(_ edges: [EdgeGraph.Edge]) -> (cells: [PatchCell], given: [[RowPatch]]) {
        let layers = model.configuration.layers
        let cells = edges.map { $0.reader.cell(layers: layers) }
        var given = [[RowPatch]](repeating: [], count: edges.count)
        guard first < positions else { return (cells, given) }
        let rows = positions - first
        for (point, members) in Dictionary(grouping: edges.indices, by: { cells[$0].point }) {
            let values = read(at: point, members.map { moved(edges[$0]) })
            for (place, edge) in members.enumerated() {
                let heads = model.heads(at: point.site)
                let count = cells[edge].head.map { _ in values.shape[1] / heads } ?? values.shape[1]
                given[edge] = (0..<rows).map { row in
                    RowPatch(
                        row: first + row, column: (cells[edge].head ?? 0) * count, source: values,
                        sourceRow: place * rows + row, count: count)
                }
            }
        }
        return (cells, given)
    }

    /// The stream that the reader sees, from the first difference on.
    private func moved(_ edge: EdgeGraph.Edge) -> Tensor {
        guard let stream = base[edge.reader.stream(layers: model.configuration.layers)],
            let change = changes[edge.writer]
        else { unmet("\(edge) was not recorded") }
        let step = part == 1 ? change : change * part
        return stream[first..<positions] + step[first..<positions]
    }

    /// The activation at `point` that follows from streams at its reader, `[R, …]`.
    private func read(at point: HookPoint, _ streams: [Tensor]) -> Tensor {
        let rows = Tensor.concatenated(streams)
        guard let index = point.block else { unmet("\(point) is in no block") }
        let block = model.transformer.blocks[index]
        let core = block.attention.core
        let (heads, groups) = (core.heads * core.headWidth, core.keyValueHeads * core.headWidth)
        func projected(_ columns: Range<Int>) -> Tensor {
            block.attention.qkv(block.ln1?(rows) ?? rows, arithmetic: model.arithmetic).columns(columns)
        }
        switch point.site {
        case .q: return projected(0..<heads)
        case .k: return projected(heads..<heads + groups)
        case .v: return projected(heads + groups..<heads + 2 * groups)
        case .mlpOut:
            guard let norm = block.ln2, let mlp = block.mlp else { unmet("block \(index) has no MLP") }
            var idle = HookRunner.idle
            return mlp(norm(rows), adding: nil, block: index, model.arithmetic, &idle)
        default: return rows
        }
    }
}

extension EdgeGraph.Writer {
    /// Where what it writes is seen.
    fileprivate var point: HookPoint {
        switch self {
        case .embed: .block(0, .residPre)
        case .head(let block, _): .block(block, .result)
        case .mlp(let block): .block(block, .mlpOut)
        }
    }
}

extension EdgeGraph.Reader {
    /// The residual stream that it reads.
    fileprivate func stream(layers: Int) -> HookPoint {
        switch self {
        case .query(let block, _), .key(let block, _), .value(let block, _): .block(block, .residPre)
        case .mlp(let block): .block(block, .residMid)
        case .logits: .block(layers - 1, .residPost)
        }
    }

    /// What patching it changes.
    fileprivate func cell(layers: Int) -> PatchCell {
        switch self {
        case .query(let block, let head): PatchCell(.block(block, .q), head: head)
        case .key(let block, let head): PatchCell(.block(block, .k), head: head)
        case .value(let block, let head): PatchCell(.block(block, .v), head: head)
        case .mlp(let block): PatchCell(.block(block, .mlpOut))
        case .logits: PatchCell(.block(layers - 1, .residPost))
        }
    }
}
