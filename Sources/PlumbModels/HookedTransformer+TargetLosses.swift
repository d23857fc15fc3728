internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// How a model continues a prompt with given tokens, its target.
public struct TargetLoss: Sendable, Equatable {
    /// The mean cross-entropy of the target's tokens, in nats.
    public let loss: Double
    /// How many tokens of the target are the most probable ones, counted from its first until one is not.
    public let matched: Int
    /// Whether the most probable continuation begins with the whole target.
    public let isGreedy: Bool
}

extension HookedTransformer {
    /// How the model continues each of many prompts with one target: all prompts share forward passes, and what they have
    /// in common with a base prompt is computed once.
    ///
    /// The positions that a prompt shares with the base, from the first on, are attended to in the base's key-value cache.
    /// The numbers are those of a forward pass over each prompt by itself, bit for bit.
    ///
    /// - Parameters:
    ///   - prompts: of any lengths.
    ///   - target: the tokens after each prompt.
    ///   - base: the prompt whose variants they are; nil to share nothing.
    ///   - rowLimit: the most rows of a pass, which bounds its memory.
    ///   - checkpoint: called before each pass.
    /// - Throws: ``ModelError`` for a prompt that the model cannot read with its target, for no target, or for logits that
    ///   are not numbers; what `checkpoint` throws.
    public func targetLosses(
        of prompts: [[Int]], target: [Int], sharing base: [Int]? = nil, rowLimit: Int = 4096,
        checkpoint: () throws -> Void = {}
    ) throws -> [TargetLoss] {
        guard !target.isEmpty else { throw ModelError("a target needs at least one token") }
        for prompt in prompts {
            guard !prompt.isEmpty else { throw ModelError("the prompt has no tokens") }
            try check(prompt + target)
        }
        let cache = try base.flatMap { try sharedCache($0, with: prompts, target) }
        let starts = prompts.map { prompt in
            cache == nil ? 0 : min(zip(prompt, base ?? []).prefix { $0 == $1 }.count, prompt.count - 1)
        }
        var losses: [TargetLoss] = []
        while losses.count < prompts.count {
            let first = losses.count
            var (last, rows) = (first, 0)
            while last < prompts.count, last == first || rows + prompts[last].count - starts[last] < rowLimit {
                rows += prompts[last].count - starts[last] + target.count - 1
                last += 1
            }
            try checkpoint()
            losses += try targetLosses(
                Array(prompts[first..<last]), from: Array(starts[first..<last]), target, cache)
        }
        return losses
    }

    /// The keys and values of a base prompt; nil where prompts are too long for its rotary positions.
    private func sharedCache(_ base: [Int], with prompts: [[Int]], _ target: [Int]) throws -> KeyValueCache? {
        try check(base)
        let lengths = prompts.map { $0.count + target.count - 1 } + [base.count]
        guard let least = lengths.min(), let most = lengths.max(), !transformer.forgetsKeys(from: least, to: most)
        else { return nil }
        let cache = configuration.keyValueCache(capacity: base.count)
        var batch = RaggedBatch(arithmetic: arithmetic)
        (batch.caches, batch.appends) = ([cache], true)
        batch.append(startPosition: 0, rows: base.count, cache: 0)
        var hooks = HookRunner.idle
        _ = transformer.stream(base, in: batch, &hooks)
        return cache
    }

    private func targetLosses(
        _ prompts: [[Int]], from starts: [Int], _ target: [Int], _ cache: KeyValueCache?
    ) throws -> [TargetLoss] {
        var batch = RaggedBatch(arithmetic: arithmetic)
        batch.caches = cache.map { [$0] } ?? []
        var (tokens, ends): ([Int], [Int]) = ([], [])
        for (prompt, start) in zip(prompts, starts) {
            let rows = prompt[start...] + target.dropLast()
            batch.append(startPosition: start, rows: rows.count, cache: cache == nil ? nil : 0)
            tokens += rows
            ends += tokens.count - target.count..<tokens.count
        }
        var hooks = HookRunner.idle
        let stream = transformer.stream(tokens, in: batch, &hooks)
        let logits = transformer.logits(stream.gathered(ends), in: batch, &hooks)
        let losses = logits.crossEntropies(prompts.flatMap { _ in target })
        guard losses.isFinite else {
            try requireNumbers(logits)
            throw ModelError("the loss of a target is not a number")
        }
        let (values, best) = (losses.elements, logits.argmaxOfRows())
        return prompts.indices.map { index in
            let rows = index * target.count..<(index + 1) * target.count
            let matched = zip(best[rows], target).prefix { $0 == $1 }.count
            return TargetLoss(
                loss: values[rows].reduce(0) { $0 + Double($1) } / Double(target.count), matched: matched,
                isGreedy: matched == target.count)
        }
    }

    /// The cross-entropy of each next token of texts, each read with interventions of its own.
    ///
    /// - Parameters:
    ///   - texts: of two tokens or more.
    ///   - interventions: the changes to activations of each text; none at attention maps.
    ///   - rowLimit: the most rows of a pass, which bounds its memory.
    /// - Returns: for each text one number for each token but the first, in nats.
    /// - Throws: ``ModelError`` for a text that the model cannot read, a hook point that it lacks, or logits that are not
    ///   numbers.
    public func crossEntropies(
        of texts: [[Int]], with interventions: [[Intervention]] = [], rowLimit: Int = 512
    ) throws -> [[Float]] {
        let changes = try changes(interventions, texts: texts.count)
        for text in texts {
            try check(text)
            guard text.count > 1 else { throw ModelError("a text of one token has no next token") }
        }
        var results: [[Float]] = []
        while results.count < texts.count {
            var batch = RaggedBatch(arithmetic: arithmetic)
            let first = results.count
            var last = first
            while last < texts.count, last == first || batch.rows + texts[last].count <= rowLimit {
                batch.append(startPosition: 0, rows: texts[last].count - 1)
                last += 1
            }
            var hooks = HookRunner(sequences: batch.sequences(changedBy: Array(changes[first..<last])))
            let stream = transformer.stream(texts[first..<last].flatMap { $0.dropLast() }, in: batch, &hooks)
            let losses = transformer.logits(stream, in: batch, &hooks)
                .crossEntropies(texts[first..<last].flatMap { $0.dropFirst() })
            try requireNumbers(losses)
            let values = losses.elements
            for sequence in batch.sequences {
                results.append(Array(values[sequence.offset..<sequence.offset + sequence.rows]))
            }
        }
        return results
    }
}
