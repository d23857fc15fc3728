internal import PlumbBasics
internal import PlumbModels
internal import PlumbTensor

/// Reads what heads do to the logits of the tokens that they attend to.
struct OwnTokenReader {
    private let model: HookedTransformer
    /// Of each layer.
    private let weights: [HeadWeights]
    /// `[V, D]`, as it reads the stream over its scale, and the mean of its rows `[1, D]`.
    private let unembedding: Tensor, center: Tensor

    init(_ model: HookedTransformer) {
        self.model = model
        weights = (0..<model.configuration.layers).map { model.headWeights(block: $0, foldingNorm: true) }
        unembedding = model.unembeddingWeights(foldingNorm: true)
        center = unembedding.mean(axis: 0, keepingAxis: true)
    }

    /// What each head adds to the logits of the tokens that it attends to, each by its own place, less the mean logit: at a
    /// position the sum over earlier tokens but the first, where heads rest; the mean over positions from `first` on and
    /// over texts, `[layer][head]`.
    ///
    /// - Parameter read: the tokens whose logits are read in place of each text's own.
    /// - Throws: `ModelError` for activations that are not numbers.
    func directEffects(_ texts: [[Int]], from first: Int, on read: [[Int]]? = nil) throws -> [[Double]] {
        let (layers, heads) = (model.configuration.layers, model.configuration.heads)
        var sums = [[Double]](repeating: [Double](repeating: 0, count: heads), count: layers)
        var count = 0
        for (index, text) in texts.enumerated() {
            let cache = model.run(
                text, recording: Recording { $0 == .finalScale || [.pattern, .v].contains($0.site) }
            ).cache
            guard let scale = cache[.finalScale] else { unmet("\(model.name) shows its last normalization") }
            try model.requireNumbers(scale)
            let (scales, rows) = (scale.elements, unembedding.gathered(read?[index] ?? text) - center)
            for layer in 0..<layers {
                guard let patterns = cache[.block(layer, .pattern)], let values = cache[.block(layer, .v)] else {
                    unmet("\(model.name) shows its patterns and values")
                }
                let groups = values.swappingLeadingAxes()
                for head in 0..<heads {
                    // Each token's own logit by its value, `[T]`.
                    let own =
                        (groups[weights[layer].group(of: head)]
                        * rows.matmul(transposed: weights[layer].outputs[head])).summed(axis: 1).elements
                    let pattern = patterns[head].elements
                    for query in first..<text.count {
                        var sum: Float = 0
                        for key in 1..<query { sum += pattern[query * text.count + key] * own[key] }
                        sums[layer][head] += Double(sum / scales[query])
                    }
                }
            }
            count += text.count - first
        }
        return sums.map { $0.map { $0 / Double(max(1, count)) } }
    }

    /// The part of tokens whose own logit, by the whole output-value circuit of a head, is among the lowest of all: one number
    /// a head. A token is read as the first layer's MLP leaves it.
    ///
    /// - Throws: `ModelError` for activations that are not numbers.
    func suppressedShares(_ heads: [AttentionHead], tokens: [Int], lowest: Int) throws -> [Double] {
        let point = HookPoint.block(0, .residPost)
        let cache = model.run(
            batch: tokens.map { [$0] }, with: [.ablate(.block(0, .attnOut))], recording: .only(point)
        ).cache
        guard let stream = cache[point]?.reshaped([tokens.count, -1]) else { unmet("\(model.name) shows \(point)") }
        try model.requireNumbers(stream)
        return heads.map { head in
            let layer = weights[head.layer]
            let written = stream.matmul(transposed: layer.values[layer.group(of: head.head)])
                .matmul(layer.outputs[head.head])
            let logits = written.matmul(transposed: unembedding)
            let count = tokens.enumerated().count { row, token in
                let values = logits[row]
                let own = values[token].item
                return values.withUnsafeElements { $0.count { $0 < own } } < lowest
            }
            return Double(count) / Double(tokens.count)
        }
    }
}
