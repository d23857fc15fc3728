internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

extension HookedTransformer {
    /// Parts of one head's query or key as attention's scores meet them: divided by the scale of the whole where the model
    /// normalizes queries and keys, and turned to their position. The result is linear in the parts; what the bias of such
    /// a norm adds is left out.
    ///
    /// - Parameters:
    ///   - rows: parts before norm and rotation.
    ///   - whole: the queries, or the keys, of all heads at the position.
    ///   - site: ``Site/q`` or ``Site/k``.
    ///   - head: the query's head, or the key's, which several query heads may share.
    /// - Shapes: `rows` and result `[N, K]`, `whole` `[H, K]`.
    /// - Precondition: the model has block and head.
    public func scoreRows(_ rows: Tensor, of whole: Tensor, site: Site, head: Int, block: Int, position: Int) -> Tensor
    {
        require(
            transformer.blocks.indices.contains(block) && [.q, .k].contains(site),
            "\(name) has no queries or keys in block \(block) by the name of \(site.rawValue)")
        let attention = transformer.blocks[block].attention
        let width = attention.core.headWidth
        var parts = rows
        if let norm = site == .q ? attention.queryNorm : attention.keyNorm {
            // The norm is of each head's features, or of all heads' together.
            let isWhole = norm.weight.count != width
            let row = whole.reshaped([-1, norm.weight.count])
            let scale = norm.unweighted(isWhole ? row : row[head..<head + 1]).scale
            let weight = isWhole ? norm.weight[head * width..<(head + 1) * width] : norm.weight
            parts =
                norm.unweighted(parts, dividedBy: Tensor(repeating: scale.item, shape: [rows.shape[0], 1])) * weight
        }
        guard let rotary = attention.rotary else { return parts }
        var batch = RaggedBatch()
        for _ in 0..<rows.shape[0] { batch.append(startPosition: position, rows: 1) }
        rotary.rotate(&parts, heads: 1, headWidth: width, in: batch)
        return parts
    }
}
