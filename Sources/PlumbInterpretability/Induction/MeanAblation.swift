public import PlumbData
public import PlumbModels
internal import PlumbTensor

/// What each head reads on average over a batch, to replace what it reads elsewhere: the head then says the same at every
/// place, so that what it says there in particular is taken away and its mean contribution is not.
public struct MeanAblation: Sendable {
    /// Of each layer that was asked for, `[1, H · K]`.
    private let means: [Int: Tensor]
    private let heads: Int

    /// Means over all rows and places of a batch, in one pass.
    ///
    /// - Parameter layers: whose heads can be ablated; all by default.
    public init(_ model: HookedTransformer, on batch: RepeatedTokens.Batch, layers: Set<Int>? = nil) {
        let (inputs, layers) = (batch.tokens.inputs, layers ?? Set(0..<model.configuration.layers))
        let points = Set(layers.map { HookPoint.block($0, .z) })
        let cache = model.run(batch: (0..<inputs.rows).map { Array(inputs[$0]) }, recording: .points(points)).cache
        var means: [Int: Tensor] = [:]
        for layer in layers {
            guard let z = cache[.block(layer, .z)] else { continue }
            means[layer] = z.reshaped([inputs.rows * inputs.columns, -1]).mean(axis: 0, keepingAxis: true)
        }
        (self.means, heads) = (means, model.configuration.heads)
    }

    /// Interventions that ablate `ablated`, for runs on batches of any size.
    public func interventions(_ ablated: [AttentionHead]) -> [Intervention] {
        let chosen = Dictionary(grouping: ablated, by: \.layer)
        return chosen.keys.sorted().compactMap { layer in
            guard let mean = means[layer], let chosen = chosen[layer] else { return nil }
            let (count, width) = (heads, mean.count / heads)
            let ablated = Set(chosen.map(\.head))
            let isKept = (0..<mean.count).map { !ablated.contains($0 / width) }
            let kept = Tensor(isKept.map { $0 ? 1 : 0 })
            let fixed = Tensor(zip(mean.elements, isKept).map { $1 ? 0 : $0 })
            return Intervention("mean ablation", at: .block(layer, .z)) { value in
                let rows = value.reshaped([-1, count * width])
                return (rows * kept + fixed).reshaped(value.shape)
            }
        }
    }
}
