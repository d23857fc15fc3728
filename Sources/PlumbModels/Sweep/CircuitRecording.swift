internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// The corrupted runs of some pairs with their activations, and what their clean runs begin and end with.
struct CircuitRecording {
    let pairs: [PatchPair]
    /// The corrupted runs' activations, keys and values.
    let cache: ActivationCache
    let batch: RaggedBatch
    /// What the clean embeddings have more, `[R, D]`, rows as those of the corrupted runs.
    let embedding: Tensor
    /// Logits that the metrics read.
    let cleanLogits, corruptedLogits: [Tensor]
    private let firsts: [Int]

    init(_ model: HookedTransformer, _ pairs: [PatchPair]) {
        let layers = model.configuration.layers
        var batch = RaggedBatch(arithmetic: model.arithmetic)
        batch.appends = true
        for (index, pair) in pairs.enumerated() {
            batch.caches.append(model.configuration.keyValueCache(capacity: pair.corrupted.count))
            batch.append(startPosition: 0, rows: pair.corrupted.count, cache: index)
        }
        let sites: Set<Site> = [.residPre, .q, .k, .v, .z, .residMid, .mlpOut]
        let last = HookPoint.block(layers - 1, .residPost)
        func run(_ batch: RaggedBatch, _ tokens: [Int], _ recording: Recording) -> (Tensor, ActivationCache) {
            var hooks = HookRunner(
                interventions: [], recording: recording, leading: [batch.rows], startPosition: 0)
            return (model.transformer.stream(tokens, in: batch, &hooks), hooks.cache)
        }
        let (stream, cache) = run(
            batch, pairs.flatMap(\.corrupted), Recording { sites.contains($0.site) || $0 == last })
        let start = HookPoint.block(0, .residPre)
        let whole = RaggedBatch(lengths: pairs.map(\.clean.count), arithmetic: model.arithmetic)
        let (cleanStream, clean) = run(whole, pairs.flatMap(\.clean), .only(start))
        guard let from = cache.rows[start], let to = clean.rows[start] else { unmet("\(start) was not recorded") }
        embedding = to - from
        func logits(_ stream: Tensor) -> [Tensor] {
            batch.sequences.enumerated().map { index, sequence in
                let metric = pairs[index].metric
                let first = metric.positions == .last ? sequence.rows - 1 : 0
                return model.circuitLogits(stream[sequence.offset + first..<sequence.offset + sequence.rows], metric)
            }
        }
        (cleanLogits, corruptedLogits) = (logits(cleanStream), logits(stream))
        (self.pairs, self.cache, self.batch) = (pairs, cache, batch)
        firsts = pairs.map { pair in zip(pair.clean, pair.corrupted).prefix { $0 == $1 }.count }
    }

    /// The first position in which a pair's prompts differ.
    func first(_ pair: Int) -> Int { firsts[pair] }

    /// How many positions follow from it on.
    func rows(_ pair: Int) -> Int { batch.sequences[pair].rows - firsts[pair] }

    /// The row of the corrupted runs at which a pair's prompts differ first.
    func row(_ pair: Int) -> Int { batch.sequences[pair].offset + firsts[pair] }

    /// An activation of the corrupted runs, one row of numbers for each of theirs.
    func value(_ point: HookPoint) -> Tensor {
        guard let value = cache.rows[point] else { unmet("\(point) was not recorded") }
        return value.reshaped([value.shape[0], -1])
    }
}

extension HookedTransformer {
    /// The logits that a metric reads of rows of the residual stream after the last block, `[R, columns]`.
    func circuitLogits(_ rows: Tensor, _ metric: PatchMetric) -> Tensor {
        var idle = HookRunner.idle
        let normalized = transformer.normalized(rows, &idle)
        let unembedding = transformer.unembedding
        let head = metric.columns.map { unembedding.selecting($0) } ?? unembedding
        return transformer.capped(head(normalized, arithmetic: arithmetic))
    }
}
