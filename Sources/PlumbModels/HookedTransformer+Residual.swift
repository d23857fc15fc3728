internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

extension HookedTransformer {
    /// The logits that a residual stream would give if it left the last block: normalized and unembedded
    /// (nostalgebraist 2020, *Interpreting GPT: the logit lens*).
    ///
    /// - Shapes: `residual` `[R, D]`, result `[R, V]`.
    public func logits(ofResidual residual: Tensor) -> Tensor {
        require(
            residual.shape.count == 2 && residual.shape[1] == configuration.width,
            "a residual stream of \(name) has shape [R, \(configuration.width)], got \(residual.shape)")
        var idle = HookRunner.idle
        let batch = RaggedBatch(lengths: [residual.shape[0]], arithmetic: arithmetic)
        return transformer.logits(residual, in: batch, &idle)
    }

    /// What each neuron of block `index` writes, `[F, D]`, exactly dequantized and without the bias: what the MLP adds to
    /// the residual stream is its neurons, as ``Site/mlpPost`` shows them, times this.
    ///
    /// - Precondition: the block has an MLP.
    public func neuronWeights(block index: Int) -> Tensor {
        require(
            transformer.blocks.indices.contains(index), "\(name) has \(configuration.layers) blocks, no block \(index)")
        guard let mlp = transformer.blocks[index].mlp else { unmet("block \(index) of \(name) has no MLP") }
        return mlp.output.mergedWeight.tensor().transposed()
    }

    /// Token embeddings, `[V, D]`, exactly dequantized.
    public func embeddingWeights() -> Tensor { transformer.tokenEmbedding.tensor() }
}

extension HookedTransformer {
    /// Whether what heads and MLPs write is added to the residual stream as it is, with no normalization between.
    public var addsHeadsToStream: Bool { !transformer.design.normalizesOutputs }

    /// What attention and MLP of block `index` write is normalized and multiplied by these, `[D]`, before it is added to the
    /// residual stream; nil where it is added as it is.
    ///
    /// - Precondition: the model has the block.
    public func outputGains(block index: Int) -> (attention: Tensor?, mlp: Tensor?) {
        require(
            transformer.blocks.indices.contains(index), "\(name) has \(configuration.layers) blocks, no block \(index)")
        return (transformer.blocks[index].ln1Post?.weight, transformer.blocks[index].ln2Post?.weight)
    }

    /// What logits are held below by `cap · tanh(logit / cap)`; nil for nothing.
    public var logitSoftCap: Float? { transformer.design.logitSoftCap }

    /// Whether what attention of block `index` writes has a bias, which belongs to no head.
    ///
    /// - Precondition: the model has the block.
    public func hasAttentionBias(block index: Int) -> Bool {
        require(
            transformer.blocks.indices.contains(index), "\(name) has \(configuration.layers) blocks, no block \(index)")
        return transformer.blocks[index].attention.output.bias != nil
    }

    /// What the biases of the last normalization and of the unembedding add to the logit of a token.
    ///
    /// - Precondition: the token is in the vocabulary.
    public func unembeddingBias(of token: Int) -> Double {
        require(
            (0..<configuration.vocabulary).contains(token),
            "token \(token) is outside the vocabulary of \(configuration.vocabulary)")
        let own = transformer.unembedding.bias.map { Double($0[token].item) } ?? 0
        guard let shift = transformer.finalNorm.bias else { return own }
        return own + shift.dot(transformer.unembedding.mergedWeight.tensor()[token])
    }
}
