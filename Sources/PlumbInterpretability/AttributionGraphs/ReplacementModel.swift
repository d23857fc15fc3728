internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
internal import PlumbTensor

// Attention patterns and what norms divide by are held at their values on one prompt, and each MLP is written as a sum
// of features. What is left is linear from feature to feature, so that a feature's activation is exactly the sum of
// what earlier ones, the embeddings, errors and biases contribute to it (Ameisen et al., "Circuit Tracing: Revealing
// Computational Graphs in Language Models", 2025, https://transformer-circuits.pub/2025/attribution-graphs).

/// A transformer whose MLPs are read as features: those of transcoders, or their own neurons.
///
/// A neuron is a feature whose gate, or the ratio of its value to its input, is held too.
public struct ReplacementModel: Sendable {
    /// The model that is explained.
    public let model: HookedTransformer
    /// What stands for the MLP of each block; nil for its own neurons.
    public let transcoders: [SparseDictionary?]
    /// The most neurons of a position and block that become features, those that write most; the rest is part of the
    /// error. Nil for all.
    public let neuronLimit: Int?
    let blocks: [Block]
    /// `[V, D]`, reading the final stream divided by its scale, and its mean over tokens `[D]`.
    let unembedding: Tensor
    let meanUnembedding: Tensor

    /// The fixed matrices of a block.
    struct Block {
        /// What each feature of `z` writes, `[H · K, D]`, the gain of a later norm included.
        let outputs: Weight
        /// What values read of the stream divided by its scale, `[G · K, D]`, as a product from values to the stream.
        let values: Weight
        let heads: Int, groups: Int, headWidth: Int
        let core: ScaledDotProductAttention
        /// The norm of what the MLP reads.
        let norm: Normalization?
        /// The gain of what the MLP writes, where it is normalized.
        let mlpGain: Tensor?
        /// Of a block that is read by its own neurons.
        let neurons: Neurons?
    }

    struct Neurons {
        /// `[F, D]`, reading the stream divided by its scale.
        let inputs: Tensor
        let bias: Tensor?
        let isGated: Bool
        /// `[F, D]`, and the same as a product from the stream to neurons.
        let outputs: Tensor
        let reading: Weight
        /// The length of what each writes.
        let lengths: [Float]
    }

    /// Where a transcoder may read: the stream itself, the stream normalized before or after the norm's gain.
    static let mlpInput = Site(rawValue: "mlp.hook_in")

    /// A model read through transcoders or neurons.
    ///
    /// - Parameters:
    ///   - model: sequential blocks, as most have.
    ///   - transcoders: for each block one, or nil for its neurons; nil for neurons everywhere.
    ///   - neuronLimit: the most neurons of a position and block that become features.
    /// - Throws: `ModelError` for a model of parallel blocks or of softmax linear units, and for transcoders that do
    /// not fit it.
    public init(_ model: HookedTransformer, transcoders: [SparseDictionary?]? = nil, neuronLimit: Int? = nil) throws {
        let layers = model.configuration.layers
        guard !model.hasParallelBlocks, model.configuration.mlpWidth > 0, !model.normalizesNeurons else {
            throw ModelError(
                "\(model.name) cannot be read as features: that needs an MLP after attention, without a norm of "
                    + "its neurons"
            )
        }
        let given = transcoders ?? [SparseDictionary?](repeating: nil, count: layers)
        guard given.count == layers else {
            throw ModelError("\(model.name) has \(layers) blocks, but there are \(given.count) transcoders")
        }
        for (index, transcoder) in given.enumerated() {
            if let transcoder { try Self.check(transcoder, block: index, model) }
        }
        if let neuronLimit, neuronLimit < 1 { throw ModelError("a limit of \(neuronLimit) neurons leaves no features") }
        (self.model, self.transcoders, self.neuronLimit) = (model, given, neuronLimit)
        blocks = try (0..<layers).map { try Block(model, index: $0, hasTranscoder: given[$0] != nil) }
        unembedding = model.unembeddingWeights(foldingNorm: true)
        meanUnembedding = unembedding.mean(axis: 0)
    }

    private static func check(_ transcoder: SparseDictionary, block: Int, _ model: HookedTransformer) throws {
        let sites: [Site] = [.residMid, .ln2Normalized, mlpInput]
        guard sites.contains(transcoder.input.site), transcoder.input.block == block,
            transcoder.output == .block(block, .mlpOut)
        else {
            throw ModelError(
                "a transcoder of block \(block) reads blocks.\(block).hook_resid_mid, ln2.hook_normalized or "
                    + "mlp.hook_in and "
                    + "writes hook_mlp_out; this one reads \(transcoder.input) and writes \(transcoder.output)")
        }
        let width = model.configuration.width
        guard transcoder.width == width, transcoder.outputWidth == width else {
            throw ModelError(
                "a transcoder from width \(transcoder.width) to \(transcoder.outputWidth) does not fit "
                    + "\(model.name), whose "
                    + "width is \(width)")
        }
        switch transcoder.inputScaling {
        case .none, .constant: break
        case .constantNorm, .layerNorm:
            throw ModelError(
                "a transcoder that scales each input by its own length is not linear: graphs cannot use it")
        }
    }
}

extension ReplacementModel.Block {
    init(_ model: HookedTransformer, index: Int, hasTranscoder: Bool) throws {
        let weights = model.headWeights(block: index, foldingNorm: true)
        let width = model.configuration.width
        core = model.attention(block: index)
        (heads, groups, headWidth) = (core.heads, core.keyValueHeads, core.headWidth)
        let points = Set(model.hookPoints)
        if points.contains(.block(index, .ln1PostNormalized)) {
            let kinds = [Site.ln1PostNormalized, .ln2PostNormalized].map {
                model.normalization(at: .block(index, $0)).kind
            }
            guard kinds == [.rms, .rms] else {
                throw ModelError("\(model.name) centers what its blocks write, which graphs do not follow")
            }
        }
        let gains = model.outputGains(block: index)
        var written = weights.outputs.reshaped([heads * headWidth, width])
        if let gain = gains.attention { written = written * gain }
        outputs = Weight(written)
        values = Weight([.transposed(weights.values.reshaped([groups * headWidth, width]))])
        norm =
            points.contains(.block(index, .ln2Normalized))
            ? model.normalization(at: .block(index, .ln2Normalized)) : nil
        mlpGain = gains.mlp
        neurons = hasTranscoder ? nil : ReplacementModel.Neurons(model, index: index, norm: norm, gain: gains.mlp)
    }
}

extension ReplacementModel.Neurons {
    init(_ model: HookedTransformer, index: Int, norm: Normalization?, gain: Tensor?) {
        let found = model.neuronInputs(block: index)
        isGated = found.isGated
        let shift = norm?.bias.map { found.weights.matmul(transposed: $0.reshaped([1, $0.count])).reshaped([-1]) }
        bias = found.bias.map { own in shift.map { own + $0 } ?? own } ?? shift
        inputs = norm.map { $0.folded(into: found.weights) } ?? found.weights
        let written = model.neuronWeights(block: index)
        outputs = gain.map { written * $0 } ?? written
        reading = Weight(outputs)
        lengths = outputs.squared().summed(axis: 1).squareRoot().elements
    }
}

extension Normalization {
    /// Rows that read the normalized stream, as rows that read the stream divided by its scale; also gradients there.
    ///
    /// - Shapes: `rows` and result `[R, D]`.
    func folded(into rows: Tensor) -> Tensor { centered(rows * weight) }

    /// Rows that read the normalized stream before the norm's gain.
    func centered(_ rows: Tensor) -> Tensor { kind == .rms ? rows : rows - rows.mean(axis: -1, keepingAxis: true) }
}
