internal import PlumbNN
internal import PlumbTensor

/// What a transformer is made of beside its sizes: the block as data.
struct TransformerDesign: Sendable {
    /// Which linear layers have biases.
    enum Biases: Sendable {
        case none, all
        /// Those that the checkpoint stores; a new model has none.
        case asStored
        /// Queries, keys and values.
        case queryKeyValue
    }

    var norm = Normalization.Kind.layer
    var normEpsilon: Float = 1e-5
    /// Whether attention and MLP read the same stream, `x + attn(ln1(x)) + mlp(ln2(x))`.
    var isParallel = false
    var biases = Biases.all
    var activation = Activation.geluTanh
    /// Whether the MLP multiplies its activation by a linear half.
    var isGated = false
    /// How queries and keys turn by position; nil with a table of positions.
    var rotary: RotaryEmbedding?
    var hasPositionTable: Bool { rotary == nil }
    /// Which keys each block's queries see; one entry serves all blocks.
    var masks = [ScaledDotProductAttention.Mask.causal]
    /// What scores are multiplied by; nil is `1 / √K`.
    var scoreScale: Float?
    var scoreSoftCap: Float?
    var logitSoftCap: Float?
    /// What token embeddings are multiplied by.
    var embeddingScale: Float?
    /// Whether logits are read with the token embedding.
    var isTied = false

    /// How block `index` attends.
    func attention(_ sizes: TransformerConfiguration, block index: Int) -> ScaledDotProductAttention {
        ScaledDotProductAttention(
            heads: sizes.heads, keyValueHeads: sizes.keyValueHeads, headWidth: sizes.headWidth,
            mask: masks[min(index, masks.count - 1)], scale: scoreScale, softCap: scoreSoftCap)
    }
}

/// A transformer's sizes and what it is made of.
struct TransformerDescription: Sendable {
    var sizes: TransformerConfiguration
    var design: TransformerDesign
}

extension Transformer {
    /// A transformer without blocks, whose weights are 0 and gains 1.
    ///
    /// - Parameter isNew: whether it is to be trained from there; a checkpoint fills it otherwise, and nothing as large as
    ///   its configuration says is allocated before.
    init(withoutBlocks description: TransformerDescription, isNew: Bool) {
        let (sizes, design) = (description.sizes, description.design)
        let embedding = Weight([.zeros(sizes.vocabulary, sizes.width, isNew: isNew)])
        self.init(
            configuration: sizes, design: design, tokenEmbedding: embedding,
            positionEmbedding: design.hasPositionTable
                ? Weight([.zeros(sizes.context, sizes.width, isNew: isNew)]) : nil,
            blocks: [],
            finalNorm: Normalization(design.norm, width: sizes.width, epsilon: design.normEpsilon),
            unembedding: Linear(
                weight: design.isTied ? embedding : Weight([.zeros(sizes.vocabulary, sizes.width, isNew: isNew)])))
    }

    /// A transformer to be trained, whose weights are 0 and gains 1.
    init(new description: TransformerDescription) {
        self.init(withoutBlocks: description, isNew: true)
        blocks = (0..<description.sizes.layers).map { TransformerBlock(description, index: $0, stores: nil) }
    }
}

extension TransformerBlock {
    /// A block whose weights are 0 and gains 1.
    ///
    /// - Parameter stores: whether the checkpoint that will fill the block has a bias for a part of it; nil for a new one.
    init(_ description: TransformerDescription, index: Int, stores: ((TensorNames.Part) -> Bool)?) {
        let (sizes, design) = (description.sizes, description.design)
        let names = sizes.architecture.family.names
        func linear(_ parts: [(part: TensorNames.Part, outputs: Int)], inputs: Int) -> Linear {
            let hasBias =
                switch design.biases {
                case .all: true
                case .none: false
                case .asStored: parts.contains { stores?($0.part) ?? false }
                case .queryKeyValue: parts[0].part == .query
                }
            let outputs = parts.reduce(0) { $0 + $1.outputs }
            let weights = parts.map { part, outputs in
                Weight.Part.zeros(
                    outputs, inputs, isTransposed: names.transposed.contains(part), isNew: stores == nil)
            }
            return Linear(weight: Weight(weights), bias: hasBias ? .zeros([outputs]) : nil)
        }
        let (q, kv) = (sizes.heads * sizes.headWidth, sizes.keyValueHeads * sizes.headWidth)
        let (d, f) = (sizes.width, sizes.mlpWidth)
        let isFused = names[.queryKeyValue, .huggingFace] != nil
        self.init(
            isParallel: design.isParallel, ln1: Normalization(design.norm, width: d, epsilon: design.normEpsilon),
            attention: Attention(
                design.attention(sizes, block: index),
                qkv: linear(
                    isFused ? [(.queryKeyValue, q + 2 * kv)] : [(.query, q), (.key, kv), (.value, kv)], inputs: d),
                output: linear([(.attentionOutput, d)], inputs: q), rotary: design.rotary),
            ln2: f == 0 ? nil : Normalization(design.norm, width: d, epsilon: design.normEpsilon),
            mlp: f == 0
                ? nil
                : FeedForward(
                    activation: design.activation, isGated: design.isGated,
                    input: linear(design.isGated ? [(.gate, f), (.up, f)] : [(.up, f)], inputs: d),
                    output: linear([(.down, d)], inputs: f)))
    }
}

extension Weight.Part {
    /// A matrix `[outputs, inputs]` of zeros; one that is not new takes no memory.
    fileprivate static func zeros(
        _ outputs: Int, _ inputs: Int, isTransposed: Bool = false, isNew: Bool
    ) -> Weight.Part {
        guard isNew else { return .computed(outputs: outputs, inputs: inputs) { .zeros([outputs, inputs]) } }
        return isTransposed ? .transposed(.zeros([inputs, outputs])) : .tensor(.zeros([outputs, inputs]))
    }
}
