internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// One forward pass over all patched runs.
///
/// Rows of a run exist from its patched position on, from its patched block on. Everything before is the base run's:
/// its residual stream starts the rows, and its keys and values are the prefix they attend to. Exact because attention
/// is causal and because a row's bits do not depend on the rows beside it.
struct BatchedPatchRunner {
    private let model: HookedTransformer
    private let pairs: [PatchPair]
    private let cells: [PatchCell]
    private let direction: PatchDirection
    /// For each cell, what its rows become instead of the source run's values; of the only pair.
    private let given: [[RowPatch]]?
    private var layers: Int { model.configuration.layers }

    init(
        _ model: HookedTransformer, pairs: [PatchPair], direction: PatchDirection, cells: [PatchCell],
        given: [[RowPatch]]? = nil
    ) {
        require(
            given.map { pairs.count == 1 && $0.count == cells.count } ?? true,
            "given rows belong to the cells of one pair: \(given?.count ?? 0) for \(cells.count) cells")
        (self.model, self.pairs, self.direction, self.cells) = (model, pairs, direction, cells)
        self.given = given
    }

    /// A patched run that must be computed.
    private struct Run {
        var cell: Int
        var pair: Int
        /// The block it starts in; `layers` for places after the last block.
        var start: Int
        /// The first position that changes.
        var first: Int
        /// Changes by position, rows counted as positions.
        var patches: [RowPatch]
    }

    /// The base and source runs of every pair, recorded in one pass.
    private struct Recorded {
        var cache: ActivationCache
        var batch: RaggedBatch
        /// Logits that the metrics read, for the base and the source of each pair.
        var base: [Tensor]
        var source: [Tensor]

        /// Base rows come first, pair by pair, then the source rows.
        func row(_ position: Int, pair: Int, isSource: Bool, pairs: Int) -> Int {
            batch.sequences[isSource ? pairs + pair : pair].offset + position
        }
    }

    func run(memoryLimit: Int, progress: (Double) throws -> Void) throws -> [PatchSweepResult] {
        let recorded = record()
        for logits in recorded.base + recorded.source { try model.requireNumbers(logits) }
        let judges = pairs.indices.map { pairs[$0].metric.judge(recorded.source[$0]) }
        let baseValues = pairs.indices.map { judges[$0](recorded.base[$0]) }
        let sourceValues = pairs.indices.map { judges[$0](recorded.source[$0]) }
        var values = baseValues.map { [Double](repeating: $0, count: cells.count) }
        let runs = changedRuns(recorded)
        var rowBlocks = recorded.batch.rows * layers
        let total = runs.reduce(0) { $0 + work($1) }
        var done = 0
        for chunk in chunks(runs, memoryLimit: memoryLimit) {
            let before = done
            let logits = try forward(chunk, recorded) { rows in
                done += rows
                try progress(Double(done) / Double(max(1, total)))
            }
            done = before + chunk.reduce(0) { $0 + work($1) }
            for (run, logits) in zip(chunk, logits) { values[run.pair][run.cell] = judges[run.pair](logits) }
        }
        rowBlocks += total
        return pairs.indices.map { pair in
            let (clean, corrupted) =
                direction == .denoising
                ? (sourceValues[pair], baseValues[pair]) : (baseValues[pair], sourceValues[pair])
            return PatchSweepResult(
                clean: clean, corrupted: corrupted, values: values[pair],
                computedCells: runs.count { $0.pair == pair }, rowBlocks: rowBlocks)
        }
    }

    private func base(_ pair: Int) -> [Int] { direction == .denoising ? pairs[pair].corrupted : pairs[pair].clean }
    private func source(_ pair: Int) -> [Int] { direction == .denoising ? pairs[pair].clean : pairs[pair].corrupted }

    private func work(_ run: Run) -> Int {
        (base(run.pair).count - run.first) * (layers - run.start)
    }

    // MARK: The unpatched runs

    private func record() -> Recorded {
        let bases = pairs.indices.map(base)
        let sources = pairs.indices.map(source)
        var batch = RaggedBatch(arithmetic: model.arithmetic)
        batch.appends = true
        for (pair, tokens) in bases.enumerated() {
            batch.caches.append(model.configuration.keyValueCache(capacity: tokens.count))
            batch.append(startPosition: 0, rows: tokens.count, cache: pair)
        }
        for tokens in sources { batch.append(startPosition: 0, rows: tokens.count) }
        let points = Set(cells.map(\.point)).union((0..<layers).map { .block($0, .residPre) })
        let recording = Recording { points.contains($0) || $0 == .block(layers - 1, .residPost) }
        var hooks = HookRunner(interventions: [], recording: recording, leading: [batch.rows], startPosition: 0)
        let stream = model.transformer.stream((bases + sources).flatMap { $0 }, in: batch, &hooks)
        if points.contains(.finalScale) || points.contains(.finalNormalized) {
            _ = model.transformer.normalized(stream, &hooks)
        }
        let ends = batch.sequences.enumerated().map { index, sequence in
            let metric = pairs[index % pairs.count].metric
            let first = metric.positions == .last ? sequence.rows - 1 : 0
            return (metric: metric, rows: stream[sequence.offset + first..<sequence.offset + sequence.rows])
        }
        let logits = ends.map { self.logits($0.rows, $0.metric) }
        return Recorded(
            cache: hooks.cache, batch: batch, base: Array(logits.prefix(pairs.count)),
            source: Array(logits.dropFirst(pairs.count)))
    }

    /// The logits that a metric reads of rows of the residual stream, `[R, columns]`.
    private func logits(_ rows: Tensor, _ metric: PatchMetric, _ patches: [HookPoint: [RowPatch]] = [:]) -> Tensor {
        var hooks = HookRunner(rowPatches: patches)
        let normalized = model.transformer.normalized(rows, &hooks)
        let unembedding = model.transformer.unembedding
        let head = metric.columns.map { unembedding.selecting($0) } ?? unembedding
        return model.transformer.capped(head(normalized, arithmetic: model.arithmetic))
    }

    // MARK: Which cells need a run

    /// The runs whose patch changes something, bit for bit, ordered by the block they start in.
    private func changedRuns(_ recorded: Recorded) -> [Run] {
        var runs: [Run] = []
        for pair in pairs.indices {
            for (index, cell) in cells.enumerated() {
                guard let value = recorded.cache.rows[cell.point] else {
                    unmet("\(cell.point) was not recorded")
                }
                let patches = given.map { $0[index] } ?? changes(cell, value, pair: pair, recorded)
                guard let first = patches.first?.row else { continue }
                runs.append(
                    Run(
                        cell: index, pair: pair, start: start(of: cell.point), first: first, patches: patches))
            }
        }
        return runs.sorted { ($0.start, $0.pair, $0.first, $0.cell) < ($1.start, $1.pair, $1.first, $1.cell) }
    }

    private func start(of point: HookPoint) -> Int {
        point.block ?? (point == .embed || point == .positionEmbed ? 0 : layers)
    }

    /// The rows of a cell in which source and base differ, by position.
    private func changes(_ cell: PatchCell, _ value: Tensor, pair: Int, _ recorded: Recorded) -> [RowPatch] {
        let width = value.shape.dropFirst().reduce(1, *)
        let part = cell.head.map { _ in width / model.heads(at: cell.point.site) } ?? width
        let column = (cell.head ?? 0) * part
        let length = base(pair).count
        // The positions of both prompts are counted from their ends, which are the same place where lengths agree.
        let start = length - pairs[pair].alignedCount
        let shift = source(pair).count - length
        let positions = cell.position.map { start + $0..<start + $0 + 1 } ?? start..<length
        return positions.compactMap { position in
            let base = recorded.row(position, pair: pair, isSource: false, pairs: pairs.count)
            let source = recorded.row(position + shift, pair: pair, isSource: true, pairs: pairs.count)
            return value.row(base, equals: source, in: column..<column + part)
                ? nil : RowPatch(row: position, column: column, source: value, sourceRow: source, count: part)
        }
    }

    // MARK: The patched runs

    /// Runs that share a forward pass: as many as the memory limit allows.
    private func chunks(_ runs: [Run], memoryLimit: Int) -> [[Run]] {
        let sizes = model.configuration
        let perRow = 4 * (6 * sizes.width + 4 * sizes.heads * sizes.headWidth + 3 * sizes.mlpWidth)
        var chunks: [[Run]] = []
        var bytes = 0
        for run in runs {
            let length = base(run.pair).count
            let logitRows = pairs[run.pair].metric.positions == .last ? 1 : length
            let logits = 4 * logitRows * (pairs[run.pair].metric.columns?.count ?? sizes.vocabulary)
            bytes += (length - run.first) * perRow + logits
            if chunks.isEmpty || bytes > memoryLimit / 2 {
                chunks.append([])
                bytes = (length - run.first) * perRow + logits
            }
            chunks[chunks.count - 1].append(run)
        }
        return chunks
    }

    /// The logits that the metrics read, run by run.
    private func forward(_ runs: [Run], _ recorded: Recorded, progress: (Int) throws -> Void) throws -> [Tensor] {
        var batch = RaggedBatch(arithmetic: model.arithmetic)
        batch.caches = recorded.batch.caches
        batch.leastKeys = recorded.batch.keys
        var residual: Tensor?
        var joined = 0
        for layer in 0..<layers {
            let joining = runs[joined...].prefix { $0.start == layer }
            let start = batch.sequences.count
            if !joining.isEmpty {
                let rows = entering(Array(joining), layer: layer, recorded, &batch)
                residual = residual.map { Tensor.concatenated([$0, rows]) } ?? rows
                joined += joining.count
            }
            guard let rows = residual else { continue }
            var hooks = HookRunner(rowPatches: patches(Array(joining), sequences: Array(batch.sequences[start...])))
            let block = model.transformer.blocks[layer]
            if layer == layers - 1, let ends = ends(runs, batch), !joining.contains(where: patchesAfterAttention) {
                // Nothing reads the other rows after the last attention.
                let pre = hooks(rows, at: .block(layer, .residPre))
                let mid = block.afterAttention(pre, block: layer, in: batch, &hooks)
                var idle = HookRunner.idle
                residual = block.afterMLP(
                    mid.gathered(ends), pre: pre.gathered(ends), block: layer, in: batch, &idle)
                try progress(batch.rows)
                return finished(runs, residual, isTrimmed: true, batch, recorded)
            }
            residual = block(rows, block: layer, in: batch, &hooks)
            try progress(batch.rows)
        }
        return finished(runs, residual, isTrimmed: false, batch, recorded)
    }

    /// The rows of the last positions, if every metric reads only those and every run is in the batch.
    private func ends(_ runs: [Run], _ batch: RaggedBatch) -> [Int]? {
        guard batch.sequences.count == runs.count, runs.allSatisfy({ pairs[$0.pair].metric.positions == .last }) else {
            return nil
        }
        return batch.sequences.map { $0.offset + $0.rows - 1 }
    }

    private func patchesAfterAttention(_ run: Run) -> Bool {
        let site = cells[run.cell].point.site
        return [
            .residMid, .ln2Scale, .ln2Normalized, .mlpPre, .mlpPreLinear, .mlpMid, .mlpNormScale, .mlpNormNormalized,
            .mlpPost, .ln2PostScale, .ln2PostNormalized, .mlpOut, .residPost,
        ].contains(site)
    }

    /// The residual stream with which runs enter block `layer`: the base run's from their first position on.
    private func entering(_ runs: [Run], layer: Int, _ recorded: Recorded, _ batch: inout RaggedBatch) -> Tensor {
        guard let stream = recorded.cache.rows[.block(layer, .residPre)] else {
            unmet("the residual stream entering block \(layer) was not recorded")
        }
        var rows: [Tensor] = []
        for run in runs {
            let count = base(run.pair).count - run.first
            batch.append(startPosition: run.first, rows: count, cache: run.pair)
            let isEmbedding = cells[run.cell].point.block == nil
            rows.append(
                isEmbedding
                    ? embedded(run) : stream.positions(run.first, count, pair: run.pair, in: recorded.batch))
        }
        return Tensor.concatenated(rows)
    }

    /// The residual stream of a run whose embedding is patched.
    private func embedded(_ run: Run) -> Tensor {
        let base = base(run.pair)
        var batch = RaggedBatch()
        batch.append(startPosition: run.first, rows: base.count - run.first)
        var hooks = HookRunner(rowPatches: [cells[run.cell].point: run.patches.map { $0.moved(by: -run.first) }])
        return model.transformer.embedded(Array(base[run.first...]), in: batch, &hooks)
    }

    /// The patches of runs that just joined, by hook point, rows counted as rows of the batch.
    private func patches(_ runs: [Run], sequences: [RaggedBatch.Sequence]) -> [HookPoint: [RowPatch]] {
        var patches: [HookPoint: [RowPatch]] = [:]
        for (run, sequence) in zip(runs, sequences) where cells[run.cell].point.block != nil {
            patches[cells[run.cell].point, default: []] += run.patches.map { $0.moved(by: sequence.offset - run.first) }
        }
        return patches
    }

    /// From the residual stream after the last block to each run's logits.
    private func finished(
        _ runs: [Run], _ residual: Tensor?, isTrimmed: Bool, _ batch: RaggedBatch, _ recorded: Recorded
    ) -> [Tensor] {
        var results: [Tensor] = []
        if isTrimmed, let residual, let metric = runs.first.map({ pairs[$0.pair].metric }),
            runs.allSatisfy({ pairs[$0.pair].metric.columns == metric.columns })
        {
            let all = logits(residual, metric)
            return runs.indices.map { all[$0..<$0 + 1] }
        }
        for (index, run) in runs.enumerated() {
            let metric = pairs[run.pair].metric
            if isTrimmed, let residual {
                results.append(logits(residual[index..<index + 1], metric))
            } else {
                results.append(
                    lastLogits(run, index < batch.sequences.count ? batch.sequences[index] : nil, residual, recorded))
            }
        }
        return results
    }

    /// The logits of one run at the positions its metric reads.
    private func lastLogits(_ run: Run, _ sequence: RaggedBatch.Sequence?, _ residual: Tensor?, _ recorded: Recorded)
        -> Tensor
    {
        let metric = pairs[run.pair].metric
        let length = base(run.pair).count
        guard let end = recorded.cache.rows[.block(layers - 1, .residPost)] else {
            unmet("the residual stream after the last block was not recorded")
        }
        let first = metric.positions == .last ? length - 1 : 0
        if let sequence, let residual {
            let own = max(first, run.first)
            var rows = residual[sequence.offset + own - run.first..<sequence.offset + sequence.rows]
            if first < run.first {
                let before = end.positions(first, run.first - first, pair: run.pair, in: recorded.batch)
                rows = Tensor.concatenated([before, rows])
            }
            return logits(rows, metric)
        }
        let rows = end.positions(first, length - first, pair: run.pair, in: recorded.batch)
        let patches = run.patches.filter { $0.row >= first }.map { $0.moved(by: -first) }
        return logits(rows, metric, [cells[run.cell].point: patches])
    }
}

extension Tensor {
    /// Rows of consecutive positions of one prompt of a recorded batch.
    fileprivate func positions(_ first: Int, _ count: Int, pair: Int, in batch: RaggedBatch) -> Tensor {
        let offset = batch.sequences[pair].offset + first
        return self[offset..<offset + count]
    }
}
