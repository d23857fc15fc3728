public import PlumbModels
internal import PlumbTensor

/// What each head reads in another row of the same batch, to replace what it reads in its own: what it says is then as
/// usual in kind and says nothing of the row (Chan et al. 2022, *Causal Scrubbing*: resampling ablation).
public struct ResampleAblation: Sendable {
    /// Of each layer, the rows' readings moved on by one row, `[B · T, H · K]`.
    private let moved: [Int: Tensor]
    private let heads: Int

    /// Readings of all rows in one pass.
    ///
    /// - Parameters:
    ///   - rows: rows of tokens of one length, at least two; ablated runs are of the same rows.
    ///   - layers: whose heads can be ablated.
    public init(_ model: HookedTransformer, on rows: [[Int]], layers: Set<Int>) {
        let points = Set(layers.map { HookPoint.block($0, .z) })
        let cache = model.run(batch: rows, recording: .points(points)).cache
        var moved: [Int: Tensor] = [:]
        for layer in layers {
            guard let z = cache[.block(layer, .z)] else { continue }
            let (values, size) = (z.elements, z.count / max(1, rows.count))
            let turned = Array(values[(values.count - size)...] + values[..<(values.count - size)])
            moved[layer] = Tensor(turned).reshaped([rows.count * (rows.first?.count ?? 0), -1])
        }
        (self.moved, heads) = (moved, model.configuration.heads)
    }

    /// Interventions that ablate `ablated`, for runs on the same rows.
    public func interventions(_ ablated: [AttentionHead]) -> [Intervention] {
        let chosen = Dictionary(grouping: ablated, by: \.layer)
        return chosen.keys.sorted().compactMap { layer in
            guard let other = moved[layer], let chosen = chosen[layer], let columns = other.shape.last else {
                return nil
            }
            let (width, replaced) = (columns / heads, Set(chosen.map(\.head)))
            let kept = Tensor((0..<columns).map { replaced.contains($0 / width) ? 0 : 1 })
            let fixed = other * Tensor((0..<columns).map { replaced.contains($0 / width) ? 1 : 0 })
            return Intervention("resample ablation", at: .block(layer, .z)) { value in
                (value.reshaped([-1, columns]) * kept + fixed).reshaped(value.shape)
            }
        }
    }
}
