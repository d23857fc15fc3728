internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

extension HookedTransformer {
    /// Activations of texts at some hook points, computed only as far as they need: blocks after the last of the points,
    /// and the unembedding, are left out.
    ///
    /// - Parameters:
    ///   - texts: of any lengths.
    ///   - points: inside the blocks, none of them attention maps, or ``HookPoint/embed``.
    /// - Shapes: results `[R, …]`, the positions of the first text, then of the second and so on.
    /// - Precondition: the model has the points.
    /// - Throws: ``ModelError`` for a text that the model cannot read.
    public func activations(of texts: [[Int]], at points: [HookPoint]) throws -> [HookPoint: Tensor] {
        for text in texts { try check(text) }
        let known = Set(hookPoints)
        for point in points {
            require(
                known.contains(point) && !point.site.isAttentionMap && (point.block != nil || point == .embed),
                "\(name) cannot give \(point) of several texts before its last block")
        }
        let requested = Set(points)
        var hooks = HookRunner(recording: .points(requested))
        let batch = RaggedBatch(lengths: texts.map(\.count), arithmetic: arithmetic)
        var residual = transformer.embedded(texts.flatMap { $0 }, in: batch, &hooks)
        let last = points.compactMap(\.block).max() ?? -1
        for index in 0..<last { residual = transformer.blocks[index](residual, block: index, in: batch, &hooks) }
        if last >= 0 {
            // What enters a block costs nothing of it.
            if requested.allSatisfy({ $0.block != last || $0.site == .residPre }) {
                _ = hooks(residual, at: .block(last, .residPre))
            } else {
                _ = transformer.blocks[last](residual, block: last, in: batch, &hooks)
            }
        }
        return hooks.cache.rows
    }
}
