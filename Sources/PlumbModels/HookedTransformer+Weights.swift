public import PlumbNN
public import PlumbTensor

/// The matrices of one block's heads, as directions of the residual stream: what each feature of a head reads or writes.
public struct HeadWeights: Sendable {
    /// What each feature of a query reads, `[H, K, D]`.
    public let queries: Tensor
    /// What each feature of a key reads, `[G, K, D]`.
    public let keys: Tensor
    /// What each feature of a value reads, `[G, K, D]`.
    public let values: Tensor
    /// What each feature of `z` writes, `[H, K, D]`.
    public let outputs: Tensor
}

extension HookedTransformer {
    /// The matrices of the heads of block `index`, exactly dequantised.
    ///
    /// Queries, keys and values read the stream after ``normalization(at:)`` of the block; a bias is not part of them.
    public func headWeights(block index: Int) -> HeadWeights {
        let attention = transformer.blocks[index].attention
        let (heads, groups, width) = (attention.heads, attention.keyValueHeads, attention.headWidth)
        let reading = attention.qkv.weight.tensor()
        func part(_ first: Int, _ count: Int) -> Tensor {
            reading[first * width..<(first + count) * width].reshaped([count, width, configuration.width])
        }
        return HeadWeights(
            queries: part(0, heads), keys: part(heads, groups), values: part(heads + groups, groups),
            outputs: attention.output.weight.tensor().transposed().reshaped([heads, width, configuration.width]))
    }

    /// The normalisation whose result `point` shows.
    ///
    /// - Precondition: `point` is a block's `ln1Normalized` or `ln2Normalized`, or ``HookPoint/finalNormalized``.
    public func normalization(at point: HookPoint) -> Normalization {
        switch (point.site, point.block) {
        case (.ln1Normalized, .some(let block)): transformer.blocks[block].ln1
        case (.ln2Normalized, .some(let block)): transformer.blocks[block].ln2
        case (.finalNormalized, .none): transformer.finalNorm
        default: preconditionFailure("\(point) does not show what a normalisation gives")
        }
    }
}
