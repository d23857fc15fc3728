internal import PlumbNN
public import PlumbTensor

/// The four matrices of one attention head, as maps between the normalised residual stream, the head and the residual
/// stream (Elhage et al. 2021, *A Mathematical Framework for Transformer Circuits*).
///
/// Biases are left out. The norm before attention is folded in: its gain scales what the head reads, and a layer norm's
/// centring removes the mean direction.
public struct FoldedHeadWeights: Sendable {
    /// `W_Q`, `[K, D]`.
    public let query: Tensor
    /// `W_K`, `[K, D]`; shared by the heads of a group.
    public let key: Tensor
    /// `W_V`, `[K, D]`; shared by the heads of a group.
    public let value: Tensor
    /// `W_O`, `[D, K]`.
    public let output: Tensor
}

extension HookedTransformer {
    /// The matrices of head `head` of block `layer`.
    public func foldedHeadWeights(layer: Int, head: Int) -> FoldedHeadWeights {
        precondition(
            (0..<configuration.layers).contains(layer) && (0..<configuration.heads).contains(head),
            "\(name) has \(configuration.layers) layers of \(configuration.heads) heads, no head \(layer).\(head)")
        let block = transformer.blocks[layer]
        let k = configuration.headWidth
        let group = head / (configuration.heads / configuration.keyValueHeads)
        let qkv = block.attention.qkv.mergedWeight.tensor()
        let keys = configuration.heads * k
        let values = keys + configuration.keyValueHeads * k
        func read(_ first: Int) -> Tensor { block.ln1.folded(into: qkv[first..<first + k]) }
        return FoldedHeadWeights(
            query: read(head * k), key: read(keys + group * k), value: read(values + group * k),
            output: block.attention.output.mergedWeight.tensor().columns(head * k..<(head + 1) * k))
    }
}

extension Normalization {
    /// A matrix that reads the normalised stream, as one that reads the stream divided by its scale.
    ///
    /// - Shapes: `matrix` and result `[K, D]`.
    fileprivate func folded(into matrix: Tensor) -> Tensor {
        switch self {
        case .rms(let weight, _): return matrix * weight
        case .layer(let weight, _, _):
            let scaled = matrix * weight
            return scaled - scaled.mean(axis: -1, keepingAxis: true)
        }
    }
}
