internal import PlumbNN
internal import PlumbTokenizers
public import PlumbTensor

extension HookedTransformer {
    /// Continues many prompts side by side, each with a key-value cache of its own: one product serves all of them.
    ///
    /// Each text is the one that ``generate(_:maxTokens:temperature:key:stopTokens:with:recording:onToken:)`` gives for
    /// its prompt and `key[row]`, whatever else is written beside it.
    ///
    /// - Parameters:
    ///   - prompts: the tokens to continue, of any lengths.
    ///   - maxTokens: the most new tokens of each; a full context ends a text too.
    ///   - temperature: 0 takes the most probable token; above it, tokens are sampled from `softmax(logits / T)`.
    ///   - stopTokens: tokens that end a text; by default the tokenizer's.
    ///   - key: of the sampling; text number `row` draws from `key[row]`.
    ///   - interventions: the changes to activations of each text, in every pass: as many as there are prompts, or none at
    ///     all. Those of attention maps belong to ``generate(_:maxTokens:temperature:key:stopTokens:with:recording:onToken:)``.
    ///   - goesOn: asked before each pass; false ends every text where it is.
    /// - Throws: ``ModelError`` for a prompt that the model cannot read, a hook point that it lacks, or logits that are not
    ///   numbers; what `goesOn` throws.
    public func continuations(
        of prompts: [[Int]], maxTokens: Int, temperature: Double = 1, stopTokens: Set<Int>? = nil, key: RandomKey,
        with interventions: [[Intervention]] = [], while goesOn: () throws -> Bool = { true }
    ) throws -> [Generation] {
        let changes = try changes(interventions, texts: prompts.count)
        guard temperature >= 0, temperature.isFinite else {
            throw ModelError("temperature must be 0 or a positive number, got \(temperature)")
        }
        let stops = stopTokens ?? tokenizer?.stopTokens ?? []
        var texts = try prompts.enumerated().map { row, prompt in
            try check(prompt)
            return Continued(
                fresh: prompt, random: key[row]["sample"].generator(),
                cache: configuration.keyValueCache(
                    capacity: prompt.count + min(configuration.context - prompt.count, max(0, maxTokens))))
        }
        var open = maxTokens > 0 ? Array(texts.indices) : []
        while !open.isEmpty, try goesOn() {
            for text in open {
                let (read, fresh) = (texts[text].cache.length, texts[text].fresh)
                guard transformer.forgetsKeys(from: read, to: read + fresh.count) else { continue }
                texts[text].cache.clear()
                texts[text].fresh = prompts[text] + texts[text].generation.tokens
            }
            let logits = nextLogits(open.map { texts[$0] }, open.map { changes[$0] })
            let logProbabilities = logits.logSoftmax()
            try requireNumbers(logProbabilities)
            let values = logProbabilities.elements
            var left: [Int] = []
            for (row, text) in open.enumerated() {
                let token = Self.choose(logits[row], temperature: temperature, &texts[text].random)
                guard !stops.contains(token) else {
                    texts[text].generation.stopped = true
                    continue
                }
                texts[text].generation.tokens.append(token)
                texts[text].generation.logProbabilities.append(values[row * configuration.vocabulary + token])
                texts[text].fresh = [token]
                let isFull = texts[text].cache.length >= configuration.context
                if texts[text].generation.tokens.count < maxTokens, !isFull { left.append(text) }
            }
            open = left
        }
        return texts.map(\.generation)
    }

    /// A text that is being written.
    private struct Continued {
        /// Tokens that the model has not read yet.
        var fresh: [Int]
        var random: RandomKey.Generator
        let cache: KeyValueCache
        var generation = Generation()
    }

    /// The logits after the last token of each text, `[B, V]`; the fresh tokens are read.
    private func nextLogits(_ texts: [Continued], _ changes: [[HookPoint: [Intervention]]]) -> Tensor {
        var batch = RaggedBatch(arithmetic: arithmetic)
        batch.caches = texts.map(\.cache)
        batch.appends = true
        var last: [Int] = []
        for (index, text) in texts.enumerated() {
            batch.append(startPosition: text.cache.length, rows: text.fresh.count, cache: index)
            last.append(batch.rows - 1)
        }
        for text in texts { text.cache.reserve(text.cache.length + text.fresh.count) }
        var hooks = HookRunner(sequences: batch.sequences(changedBy: changes))
        let stream = transformer.stream(texts.flatMap(\.fresh), in: batch, &hooks)
        hooks = HookRunner(
            sequences: changes.indices.map {
                SequenceInterventions(
                    rows: $0..<$0 + 1, startPosition: batch.sequences[$0].startPosition + batch.sequences[$0].rows - 1,
                    interventions: changes[$0])
            })
        return transformer.logits(stream.gathered(last), in: batch, &hooks)
    }
}

extension HookedTransformer {
    /// The changes of each text by the place that they change.
    ///
    /// - Throws: ``ModelError`` for a place that the model lacks, or an attention map.
    func changes(_ interventions: [[Intervention]], texts: Int) throws -> [[HookPoint: [Intervention]]] {
        guard !interventions.isEmpty else { return Array(repeating: [:], count: texts) }
        guard interventions.count == texts else {
            throw ModelError("\(interventions.count) lists of interventions do not belong to \(texts) texts")
        }
        return try interventions.map { changes in
            try checkPoints(of: changes, positions: configuration.context)
            if let map = changes.first(where: { $0.point.site.isAttentionMap }) {
                throw ModelError(
                    "\(map.name) changes \(map.point), an attention map: texts side by side have none of their own")
            }
            return Dictionary(grouping: changes, by: \.point)
        }
    }
}

extension RaggedBatch {
    /// The rows of each sequence with the changes of its text.
    func sequences(changedBy changes: [[HookPoint: [Intervention]]]) -> [SequenceInterventions] {
        zip(sequences, changes).map { sequence, changes in
            SequenceInterventions(
                rows: sequence.offset..<sequence.offset + sequence.rows, startPosition: sequence.startPosition,
                interventions: changes)
        }
    }
}
