internal import Foundation
internal import PlumbData
internal import PlumbNN
internal import PlumbTokenizers
public import PlumbTensor

/// What a generation made, and what it recorded on the way.
public struct Generation: Sendable {
    /// The new tokens, without the prompt; a stop token is not among them.
    public var tokens: [Int] = []
    /// The log-probability the model gave to each new token.
    public var logProbabilities: [Float] = []
    /// Whether a stop token ended it.
    public var stopped = false
    /// Activations of the prompt and of every new token that was fed back, recorded in the same passes that generated:
    /// positions as in a run over the whole text.
    public var cache = ActivationCache()
}

extension HookedTransformer {
    /// Continues `prompt` token by token with a key-value cache. Hooks stay active all the while.
    ///
    /// - Parameters:
    ///   - prompt: the tokens to continue.
    ///   - maxTokens: the most new tokens; a full context ends the text too.
    ///   - temperature: 0 takes the most probable token; above it, tokens are sampled from `softmax(logits / T)`.
    ///   - key: of the sampling; nothing is drawn at temperature 0.
    ///   - stopTokens: tokens that end the text; by default the tokenizer's.
    ///   - interventions: changes to activations, in every pass.
    ///   - recording: which activations to keep.
    ///   - onToken: called with each new token; returning false ends the generation.
    /// - Throws: ``ModelError`` for a prompt that the model cannot read, or logits that are not numbers.
    public func generate(
        _ prompt: [Int], maxTokens: Int, temperature: Double = 0, key: RandomKey = RandomKey(0),
        stopTokens: Set<Int>? = nil, with interventions: [Intervention] = [], recording: Recording = .none,
        onToken: (Int) throws -> Bool = { _ in true }
    ) throws -> Generation {
        try generate(
            prompt, maxTokens: maxTokens, sampling: Sampling(temperature: temperature), key: key,
            stopTokens: stopTokens,
            with: interventions, recording: recording, onToken: onToken)
    }

    /// Continues `prompt` as ``generate(_:maxTokens:temperature:key:stopTokens:with:recording:onToken:)`` does, choosing
    /// tokens as `sampling` says.
    ///
    /// - Throws: ``ModelError`` for a prompt that the model cannot read, settings out of range, or logits that are not
    ///   numbers.
    public func generate(
        _ prompt: [Int], maxTokens: Int, sampling: Sampling, key: RandomKey = RandomKey(0),
        stopTokens: Set<Int>? = nil, with interventions: [Intervention] = [], recording: Recording = .none,
        onToken: (Int) throws -> Bool = { _ in true }
    ) throws -> Generation {
        try check(prompt)
        try checkPoints(of: interventions, positions: configuration.context)
        try sampling.check()
        let stops = stopTokens ?? tokenizer?.stopTokens ?? []
        let keyValues = configuration.keyValueCache(
            capacity: prompt.count + min(configuration.context - prompt.count, max(0, maxTokens)))
        var random = key["sample"].generator()
        var generation = Generation()
        var steps: [ActivationCache] = []
        var fresh = prompt
        while generation.tokens.count < maxTokens {
            let (logits, cache) = step(fresh, keyValues, interventions, recording)
            steps.append(cache)
            let logProbabilities = logits.logSoftmax()
            try requireNumbers(logProbabilities)
            let token = sampling.choose(logits, after: prompt + generation.tokens, &random)
            if stops.contains(token) {
                generation.stopped = true
                break
            }
            generation.tokens.append(token)
            generation.logProbabilities.append(logProbabilities[token].item)
            guard try onToken(token), keyValues.length < configuration.context else { break }
            fresh = [token]
        }
        generation.cache = ActivationCache(joining: steps)
        return generation
    }

    /// Feeds new tokens past the cache; the logits of the last, `[V]`.
    private func step(
        _ tokens: [Int], _ keyValues: KeyValueCache, _ interventions: [Intervention], _ recording: Recording
    ) -> (logits: Tensor, cache: ActivationCache) {
        var batch = RaggedBatch(arithmetic: arithmetic)
        batch.caches = [keyValues]
        batch.appends = true
        let first = keyValues.length
        keyValues.reserve(first + tokens.count)
        batch.append(startPosition: first, rows: tokens.count, cache: 0)
        var hooks = HookRunner(
            interventions: interventions, recording: recording, leading: [tokens.count], startPosition: first)
        let stream = transformer.stream(tokens, in: batch, &hooks)
        let last = tokens.count - 1
        let watchesEnd = [HookPoint.finalScale, .finalNormalized, .logits].contains { hooks.watches($0) }
        guard watchesEnd else {
            var idle = HookRunner.idle
            return (transformer.logits(stream[last..<last + 1], in: batch, &idle)[0], hooks.cache)
        }
        let logits = transformer.logits(stream, in: batch, &hooks)
        return (logits[last], hooks.cache)
    }

    static func choose(
        _ logits: Tensor, temperature: Double, _ random: inout RandomKey.Generator
    ) -> Int {
        guard temperature > 0 else { return logits.argmax() }
        let logits = logits.elements
        let highest = Double(logits.max() ?? 0)
        let weights = logits.map { exp((Double($0) - highest) / temperature) }
        var rest = random.uniform() * weights.reduce(0, +)
        for (token, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return token }
        }
        return logits.indices.last ?? 0
    }
}

extension ActivationCache {
    /// Passes over consecutive positions as one; attention maps are widened to the last pass's keys.
    init(joining steps: [ActivationCache]) {
        guard let first = steps.first else { return }
        let positions = steps.reduce(0) { $0 + ($1.layout.leading?.last ?? 0) }
        layout = HookLayout(leading: [positions])
        for point in first.rows.keys {
            let parts = steps.compactMap { $0.rows[point] }
            rows[point] = Tensor.concatenated(
                point.site.isAttentionMap
                    ? parts.map { $0.widened(to: positions, filling: point.site == .pattern ? 0 : -.infinity) } : parts)
        }
    }
}

extension Tensor {
    /// `[R, H, C] -> [R, H, width]`, new columns holding `filling`.
    fileprivate func widened(to width: Int, filling: Float) -> Tensor {
        let old = shape[2]
        guard old != width else { return self }
        return Tensor.concatenated(
            [self, Tensor(repeating: filling, shape: [shape[0], shape[1], width - old])], axis: 2)
    }
}
