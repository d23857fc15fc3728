internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// Which parts of a model make a logit large: the residual stream that leaves the last block is a sum of what the
/// embedding, each head and each MLP wrote, and a logit is linear in it once the scale of the last normalization is held
/// fixed, and those of the normalizations after attention and MLP where a model has them (Elhage et al. 2021, *A
/// Mathematical Framework for Transformer Circuits*; Wang et al. 2022, arXiv:2211.00593).
///
/// Contributions are to the logit of an answer, less that of a wrong answer where one is given, and add up to it: before
/// the model's soft cap on logits, where it has one.
public struct DirectLogitAttribution: Sendable, Equatable {
    /// A neuron with what it contributes.
    public struct Neuron: Sendable, Equatable {
        /// Its layer and its place in the layer, from 0.
        public let layer: Int, index: Int
        /// What it adds to the logit.
        public let contribution: Double
    }

    /// What the token embedding, and a table of positions, contribute.
    public let embedding: Double
    /// What each head contributes, `heads[layer][head]`.
    public let heads: [[Double]]
    /// What each layer's attention contributes beside its heads: the bias of its output.
    public let attentionBiases: [Double]
    /// What each layer's MLP contributes; 0 without one.
    public let mlps: [Double]
    /// What the biases of the last normalization and of the unembedding contribute.
    public let bias: Double
    /// The neurons that contribute most, by absolute value.
    public let neurons: [Neuron]
    /// The logit, or the difference of logits, that the model gives, before a soft cap.
    public let total: Double

    /// All contributions together: `total` up to rounding.
    public var sum: Double {
        embedding + bias + heads.joined().reduce(0, +) + attentionBiases.reduce(0, +) + mlps.reduce(0, +)
    }

    /// Attributes the logit of `answer` at one position.
    ///
    /// - Parameters:
    ///   - tokens: the prompt.
    ///   - answer: the token whose logit is attributed.
    ///   - wrong: a token whose logit is taken away; nil for none.
    ///   - position: where; the last by default.
    ///   - neurons: how many of the strongest neurons to keep.
    /// - Throws: `ModelError` for a prompt, a token or a position that the model does not have.
    public init(
        _ model: HookedTransformer, _ tokens: [Int], answer: Int, wrong: Int? = nil, position: Int? = nil,
        neurons: Int = 10
    ) throws {
        try model.check(tokens)
        try model.check([answer] + (wrong.map { [$0] } ?? []))
        let position = position ?? tokens.count - 1
        guard tokens.indices.contains(position) else {
            throw ModelError("position \(position) is outside the prompt, whose positions are 0 to \(tokens.count - 1)")
        }
        let layers = model.configuration.layers
        let cache = model.run(
            tokens,
            recording: Recording {
                [.embed, .positionEmbed, .finalScale, .finalNormalized, .logits].contains($0)
                    || [.z, .attnOut, .mlpOut, .mlpPost, .ln1PostScale, .ln2PostScale].contains($0.site)
            }
        ).cache
        guard let scale = cache[.finalScale]?[position].item, let last = cache[.finalNormalized]?[position],
            let logits = cache[.logits]?[position]
        else {
            unmet("\(model.name) shows its last normalization")
        }
        try model.requireNumbers(logits)
        let ids = [answer] + (wrong.map { [$0] } ?? [])
        let unembedding = Self.difference(model.unembeddingWeights(foldingNorm: true).gathered(ids))
        let direction = unembedding * (1 / scale)
        func contribution(_ point: HookPoint) -> Double {
            cache[point].map { $0[position].dot(direction) } ?? 0
        }
        embedding = contribution(.embed) + contribution(.positionEmbed)
        let count = model.configuration.heads
        heads = (0..<layers).map { layer in
            guard let z = cache[.block(layer, .z)]?[position] else { return [] }
            let read = Self.before(
                direction, model.outputGains(block: layer).attention, cache[.block(layer, .ln1PostScale)]?[position])
            // The direction goes through the output weights first: what heads write is never made.
            let outputs = model.headWeights(block: layer).outputs
            return (0..<count).map { z[$0].dot(outputs[$0].matmul(read.reshaped([-1, 1])).reshaped([-1])) }
        }
        let written = heads
        attentionBiases = (0..<layers).map { layer in
            model.hasAttentionBias(block: layer)
                ? contribution(.block(layer, .attnOut)) - written[layer].reduce(0, +) : 0
        }
        mlps = (0..<layers).map { contribution(.block($0, .mlpOut)) }
        self.neurons = Self.strongest(neurons, model, cache, position: position, along: direction)
        bias = model.unembeddingBias(of: answer) - (wrong.map(model.unembeddingBias) ?? 0)
        guard model.logitSoftCap == nil else {
            total = last.dot(unembedding) + bias
            return
        }
        total = Double(logits[answer].item) - (wrong.map { Double(logits[$0].item) } ?? 0)
    }

    /// The first row, less the second where there is one.
    private static func difference(_ rows: Tensor) -> Tensor { rows.shape[0] > 1 ? rows[0] - rows[1] : rows[0] }

    /// What a direction of the residual stream is before a normalization that multiplies by `gains` and divides by `scale`.
    private static func before(_ direction: Tensor, _ gains: Tensor?, _ scale: Tensor?) -> Tensor {
        guard let gains else { return direction }
        guard let scale else { unmet("a normalization that has gains shows its scale") }
        return direction * gains * (1 / scale.item)
    }

    private static func strongest(
        _ count: Int, _ model: HookedTransformer, _ cache: ActivationCache, position: Int, along direction: Tensor
    ) -> [Neuron] {
        guard count > 0, model.configuration.mlpWidth > 0 else { return [] }
        var found: [Neuron] = []
        for layer in 0..<model.configuration.layers {
            guard let active = cache[.block(layer, .mlpPost)]?[position] else { continue }
            let read = before(
                direction, model.outputGains(block: layer).mlp, cache[.block(layer, .ln2PostScale)]?[position])
            let written = model.neuronWeights(block: layer).matmul(read.reshaped([-1, 1])).reshaped([-1])
            let contributions = (active * written).elements
            found += contributions.indices.map {
                Neuron(layer: layer, index: $0, contribution: Double(contributions[$0]))
            }
            found.sort { abs($0.contribution) > abs($1.contribution) }
            found = Array(found.prefix(count))
        }
        return found
    }
}
