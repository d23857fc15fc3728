internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// One forward pass over many circuits, each on one pair.
struct CircuitPass {
    private let sweep: CircuitSweep
    private let recorded: CircuitRecording
    private let jobs: [CircuitJob]
    private let layout: EdgeLayout
    /// For each job, the first of its rows among the changes; each live writer has as many rows as the job.
    private let starts: [Int]
    /// For each job, the first of its rows among the sums of changes.
    private let sumStarts: [Int]
    private var model: HookedTransformer { sweep.model }
    private var layers: Int { model.configuration.layers }
    private var width: Int { model.configuration.width }

    init(_ sweep: CircuitSweep, _ recorded: CircuitRecording, jobs: [CircuitJob]) {
        (self.sweep, self.recorded, self.jobs) = (sweep, recorded, jobs)
        layout = EdgeLayout(sweep.graph)
        var (next, nextSum) = (0, 0)
        var (starts, sums): ([Int], [Int]) = ([], [])
        for job in jobs {
            starts.append(next)
            sums.append(nextSum)
            next += job.rows * job.plan.liveWriters.count
            nextSum += job.plan.needsSum ? job.rows : 0
        }
        (self.starts, sumStarts) = (starts, sums)
    }

    /// What writers wrote more than in the corrupted run.
    private struct Changes {
        /// `[rows of all jobs and their live writers, or more, D]`
        var values: Tensor
        /// The sum over writers so far, for jobs that need it, `[rows, D]`.
        var sums: Tensor
    }

    /// Some rows of one job, those of one reader or writer.
    private struct Part {
        let job: Int
        /// Of the job's rows.
        let rows: Range<Int>
    }

    /// The logits of every job at the positions that its metric reads.
    ///
    /// - Parameter memory: takes what writers wrote more; kept from pass to pass, so that its pages are cleared once.
    func run(in memory: inout Tensor, progress: (Double) throws -> Void) throws -> [Tensor] {
        var changes = begun(in: &memory)
        for block in 0..<layers {
            attend(block, &changes)
            if layout.hasMLP { think(block, &changes) }
            try progress(Double(block + 1) / Double(layers))
        }
        memory = changes.values
        return finished(changes)
    }

    /// The changes of the embeddings. Every other row is written before it is read, whatever it held.
    private func begun(in memory: inout Tensor) -> Changes {
        let rows = jobs.reduce(0) { $0 + $1.rows * $1.plan.liveWriters.count }
        let sums = jobs.reduce(0) { $0 + ($1.plan.needsSum ? $1.rows : 0) }
        var changes = Changes(
            values: memory.shape[0] < rows ? .zeros([rows, width]) : memory, sums: .zeros([sums, width]))
        memory = .zeros([0, width])  // so that the changes are not copied
        let parts = jobs.indices.map { Part(job: $0, rows: 0..<jobs[$0].rows) }
        let embedded = recorded.embedding.gathered(parts.flatMap(base))
        write(embedded, of: 0, parts, to: &changes)
        return changes
    }

    /// The rows of the corrupted runs that a part stands beside.
    private func base(_ part: Part) -> Range<Int> {
        let first = recorded.row(jobs[part.job].pair)
        return first + part.rows.lowerBound..<first + part.rows.upperBound
    }

    /// All rows of the jobs for which a reader is live, or their last ones alone.
    private func parts(_ reader: Int, lastOnly: Bool) -> [Part] {
        jobs.indices.compactMap { job in
            guard jobs[job].plan.isLive(reader) else { return nil }
            let rows = jobs[job].rows
            let isLast = lastOnly && recorded.pairs[jobs[job].pair].metric.positions == .last
            return Part(job: job, rows: isLast ? rows - 1..<rows : 0..<rows)
        }
    }

    /// Adds what a writer wrote more to the changes.
    private func write(_ rows: Tensor, of writer: Int, _ parts: [Part], to changes: inout Changes) {
        var start = 0
        for part in parts {
            let (job, count) = (jobs[part.job], part.rows.count)
            defer { start += count }
            guard let place = job.plan.order[writer] else { continue }
            let row = starts[part.job] + place * job.rows + part.rows.lowerBound
            changes.values.replaceRows(row..<row + count, with: rows, from: start)
            guard job.plan.needsSum else { continue }
            let sum = sumStarts[part.job] + part.rows.lowerBound
            changes.sums.addRows(sum..<sum + count, of: rows, from: start)
        }
    }

    /// The residual streams that readers see: the corrupted run's with the changes of the writers they read.
    private func inputs(_ readers: [(reader: Int, parts: [Part])], at point: HookPoint, _ changes: Changes) -> Tensor {
        var seen = recorded.value(point).gathered(readers.flatMap { $0.parts.flatMap(base) })
        var next = 0
        for (reader, parts) in readers {
            for part in parts {
                let (job, own) = (jobs[part.job], next..<next + part.rows.count)
                next = own.upperBound
                func add(_ writer: Int, _ scale: Float) {
                    guard let place = job.plan.order[writer] else { return }
                    let row = starts[part.job] + place * job.rows + part.rows.lowerBound
                    seen.addRows(own, of: changes.values, from: row, scale: scale)
                }
                if let removed = job.plan.removed[reader] {
                    seen.addRows(own, of: changes.sums, from: sumStarts[part.job] + part.rows.lowerBound)
                    for writer in removed { add(writer, -1) }
                }
                for writer in job.plan.added[reader] ?? [] { add(writer, 1) }
            }
        }
        return seen
    }

    // MARK: One block

    /// What the heads of a block write more.
    private func attend(_ block: Int, _ changes: inout Changes) {
        let (heads, groups) = (layout.heads, layout.groups)
        let queries = (0..<heads).map { layout.reader(query: $0, block: block) }
        let keys = (0..<groups).map { layout.reader(key: $0, block: block) }
        let values = (0..<groups).map { layout.reader(value: $0, block: block) }
        let readers = (queries + keys + values).map { (reader: $0, parts: parts($0, lastOnly: false)) }
        let active = Set(readers.flatMap { $0.parts.map(\.job) }).sorted()
        guard !active.isEmpty else { return }
        let transformer = model.transformer.blocks[block]
        let seen = inputs(readers, at: .block(block, .residPre), changes)
        let normalized = transformer.ln1?(seen) ?? seen
        var batch = RaggedBatch(arithmetic: model.arithmetic)
        batch.caches = recorded.batch.caches
        var offsets: [Int: Int] = [:]
        var baseRows: [Int] = []
        for job in active {
            offsets[job] = batch.rows
            let part = Part(job: job, rows: 0..<jobs[job].rows)
            baseRows += base(part)
            batch.append(
                startPosition: recorded.first(jobs[job].pair), rows: jobs[job].rows, cache: jobs[job].pair)
        }
        let slices = sweep.slices[block]
        var first = 0
        func projected(_ site: Site, _ readers: ArraySlice<(reader: Int, parts: [Part])>, _ linears: [Linear]) -> Tensor
        {
            var result = recorded.value(.block(block, site)).gathered(baseRows)
            for (head, (_, parts)) in readers.enumerated() {
                let count = parts.reduce(0) { $0 + $1.rows.count }
                defer { first += count }
                guard count > 0 else { continue }
                let product = linears[head](normalized[first..<first + count], arithmetic: model.arithmetic)
                place(product, head: head, parts.map { (offsets[$0.job] ?? 0, $0.rows.count) }, in: &result)
            }
            return result
        }
        let q = projected(.q, readers[..<heads], slices.queries)
        let k = projected(.k, readers[heads..<heads + groups], slices.keys)
        let v = projected(.v, readers[(heads + groups)...], slices.values)
        let z = transformer.attention.attended(q: q, k: k, v: v, in: batch, block: block)
        let change = z - recorded.value(.block(block, .z)).gathered(baseRows)
        for head in 0..<heads {
            write(head: head, block, change, offsets, &changes)
        }
    }

    /// What one head writes more, from the change of what it reads.
    private func write(
        head: Int, _ block: Int, _ change: Tensor, _ offsets: [Int: Int], _ changes: inout Changes
    ) {
        let writer = layout.writer(head: head, block: block)
        let width = model.configuration.headWidth
        let parts = jobs.indices.compactMap { job -> Part? in
            guard offsets[job] != nil, jobs[job].plan.order[writer] != nil else { return nil }
            let rows = jobs[job].rows
            let isLast = isFinal(block) && recorded.pairs[jobs[job].pair].metric.positions == .last
            return Part(job: job, rows: isLast ? rows - 1..<rows : 0..<rows)
        }
        guard !parts.isEmpty else { return }
        let rows = parts.flatMap { part in part.rows.map { (offsets[part.job] ?? 0) + $0 } }
        let own = change.columns(head * width..<(head + 1) * width).gathered(rows)
        write(
            sweep.slices[block].outputs[head].applied(to: own, arithmetic: model.arithmetic), of: writer, parts,
            to: &changes)
    }

    /// Whether nothing reads any but the last position of what a block's heads and MLP write.
    private func isFinal(_ block: Int) -> Bool { block == layers - 1 }

    /// What the MLP of a block writes more.
    private func think(_ block: Int, _ changes: inout Changes) {
        let reader = layout.reader(mlp: block)
        let parts = parts(reader, lastOnly: isFinal(block))
        let transformer = model.transformer.blocks[block]
        guard !parts.isEmpty, let mlp = transformer.mlp else { return }
        let seen = inputs([(reader, parts)], at: .block(block, .residMid), changes)
        var idle = HookRunner.idle
        let out = mlp(transformer.ln2?(seen) ?? seen, adding: nil, block: block, model.arithmetic, &idle)
        let base = recorded.value(.block(block, .mlpOut)).gathered(parts.flatMap(base))
        write(out - base, of: layout.writer(mlp: block), parts, to: &changes)
    }

    /// Writes one head's rows into those of all heads.
    private func place(_ product: Tensor, head: Int, _ parts: [(start: Int, count: Int)], in target: inout Tensor) {
        var next = 0
        for (start, count) in parts {
            target.replaceRows(start..<start + count, fromColumn: head * product.shape[1], with: product, from: next)
            next += count
        }
    }

    // MARK: The end

    private func finished(_ changes: Changes) -> [Tensor] {
        let reader = layout.logits
        let parts = parts(reader, lastOnly: true)
        let point = HookPoint.block(layers - 1, .residPost)
        let streams = inputs([(reader, parts)], at: point, changes)
        var rows = [Range<Int>](repeating: 0..<0, count: jobs.count)
        var next = 0
        for part in parts {
            rows[part.job] = next..<next + part.rows.count
            next += part.rows.count
        }
        var results = [Tensor](repeating: .zeros([0]), count: jobs.count)
        for (pair, members) in Dictionary(grouping: jobs.indices, by: { jobs[$0].pair }) {
            let metric = recorded.pairs[pair].metric
            guard metric.positions != .last else {
                let all = model.circuitLogits(streams.gathered(members.flatMap { rows[$0] }), metric)
                for (place, job) in members.enumerated() { results[job] = all[place..<place + 1] }
                continue
            }
            let start = recorded.batch.sequences[pair].offset
            let before = recorded.value(point)[start..<start + recorded.first(pair)]
            for job in members {
                results[job] = model.circuitLogits(Tensor.concatenated([before, streams[rows[job]]]), metric)
            }
        }
        return results
    }
}

extension Attention {
    /// What each head reads, `[R, H · K]`, from queries, keys and values that are neither normalized nor turned yet.
    ///
    /// - Shapes: `q` `[R, H · K]`, `k` and `v` `[R, G · K]`.
    func attended(q: Tensor, k: Tensor, v: Tensor, in batch: RaggedBatch, block: Int) -> Tensor {
        func normalized(_ x: Tensor, _ norm: Normalization?) -> Tensor {
            norm.map { $0(x.reshaped([-1, $0.weight.count])).reshaped(x.shape) } ?? x
        }
        var (q, k) = (normalized(q, queryNorm), normalized(k, keyNorm))
        rotary?.rotate(&q, heads: core.heads, headWidth: core.headWidth, in: batch)
        rotary?.rotate(&k, heads: core.keyValueHeads, headWidth: core.headWidth, in: batch)
        return core(.separate(q: q, k: k, v: v), in: batch, block: block)
    }
}
