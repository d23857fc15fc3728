internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

/// The matrices of one block's heads, as directions of the residual stream: what each feature of a head reads or writes
/// (Elhage et al. 2021, *A Mathematical Framework for Transformer Circuits*).
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
    /// The matrices of the heads of block `index`, exactly dequantized; biases are not part of them.
    ///
    /// Queries, keys and values read the stream after ``normalization(at:)`` of the block, or, `foldingNorm`, the stream
    /// divided by its scale: the norm's gain is then part of them, and a layer norm's centering.
    public func headWeights(block index: Int, foldingNorm: Bool = false) -> HeadWeights {
        require(
            transformer.blocks.indices.contains(index), "\(name) has \(configuration.layers) blocks, no block \(index)")
        let attention = transformer.blocks[index].attention
        let (heads, groups, width) = (attention.core.heads, attention.core.keyValueHeads, attention.core.headWidth)
        let stored = attention.qkv.mergedWeight.tensor()
        let norm = foldingNorm ? transformer.blocks[index].ln1 : nil
        let reading = norm?.folded(into: stored) ?? stored
        func part(_ first: Int, _ count: Int) -> Tensor {
            reading[first * width..<(first + count) * width].reshaped([count, width, configuration.width])
        }
        return HeadWeights(
            queries: part(0, heads), keys: part(heads, groups), values: part(heads + groups, groups),
            outputs: attention.output.mergedWeight.transposedTensor().reshaped([heads, width, configuration.width]))
    }

    /// What each token's logit reads, `[V, D]`, exactly dequantized and without a bias: the stream after
    /// ``normalization(at:)`` of ``HookPoint/finalNormalized``, or, `foldingNorm`, the stream divided by its scale.
    public func unembeddingWeights(foldingNorm: Bool = false) -> Tensor {
        let stored = transformer.unembedding.mergedWeight.tensor()
        return foldingNorm ? transformer.finalNorm.folded(into: stored) : stored
    }

    /// Whether attention and MLP of a block read the same stream, `x + attn(ln1(x)) + mlp(ln2(x))`: there is then no
    /// residual stream between them.
    public var hasParallelBlocks: Bool { transformer.design.isParallel }

    /// How block `index` attends: its heads, mask, scale and soft cap.
    ///
    /// - Precondition: the model has the block.
    public func attention(block index: Int) -> ScaledDotProductAttention {
        require(
            transformer.blocks.indices.contains(index), "\(name) has \(configuration.layers) blocks, no block \(index)")
        return transformer.blocks[index].attention.core
    }

    /// The normalization whose result `point` shows.
    ///
    /// - Precondition: `point` is a block's `ln1Normalized`, `ln2Normalized` or one of what is written, or ``HookPoint/finalNormalized``, and the
    ///   model has it.
    public func normalization(at point: HookPoint) -> Normalization {
        let blocks = transformer.blocks
        let found: Normalization? =
            switch (point.site, point.block) {
            case (.ln1Normalized, .some(let block)): blocks.indices.contains(block) ? blocks[block].ln1 : nil
            case (.ln2Normalized, .some(let block)):
                blocks.indices.contains(block)
                    ? blocks[block].ln2 ?? (hasParallelBlocks ? blocks[block].ln1 : nil) : nil
            case (.ln1PostNormalized, .some(let block)): blocks.indices.contains(block) ? blocks[block].ln1Post : nil
            case (.ln2PostNormalized, .some(let block)): blocks.indices.contains(block) ? blocks[block].ln2Post : nil
            case (.finalNormalized, .none): transformer.finalNorm
            default: nil
            }
        guard let found else { unmet("\(point) does not show what a normalization of \(name) gives") }
        return found
    }
}

extension Normalization {
    /// A matrix that reads the normalized stream, as one that reads the stream divided by its scale.
    ///
    /// - Shapes: `matrix` and result `[O, D]`.
    fileprivate func folded(into matrix: Tensor) -> Tensor {
        let scaled = matrix * weight
        return kind == .rms ? scaled : scaled - scaled.mean(axis: -1, keepingAxis: true)
    }
}

extension HeadWeights {
    /// The query-key circuit of a head, `[D, D]`: the score of a query's stream with a key's, before scaling and rotation,
    /// is one times this times the other.
    ///
    /// - Precondition: the block has the head.
    public func queryKeyCircuit(head: Int) -> Tensor {
        queries[checked(head)].transposedMatmul(keys[group(of: head)])
    }

    /// The output-value circuit of a head, `[D, D]`: what a position's stream, in its rows, adds to where the head reads it.
    ///
    /// - Precondition: the block has the head.
    public func outputValueCircuit(head: Int) -> Tensor {
        values[group(of: checked(head))].transposedMatmul(outputs[head])
    }

    private func group(of head: Int) -> Int { head / (queries.shape[0] / keys.shape[0]) }

    private func checked(_ head: Int) -> Int {
        require((0..<queries.shape[0]).contains(head), "the block has \(queries.shape[0]) heads, no head \(head)")
        return head
    }
}

extension HookedTransformer {
    /// The largest of logits or log-probabilities `[V]` with their tokens, largest first; ties go to the lower id.
    ///
    /// - Complexity: O(V) for a small `count`.
    public static func topTokens(_ logits: Tensor, count: Int = 10) -> [(token: Int, value: Float)] {
        let values = logits.elements
        guard count > 0 else { return [] }
        var best: [Int] = []
        for token in values.indices {
            guard best.count < count || values[token] > values[best[best.count - 1]] else { continue }
            best.insert(token, at: best.firstIndex { values[$0] < values[token] } ?? best.count)
            if best.count > count { best.removeLast() }
        }
        return best.map { ($0, values[$0]) }
    }
}
