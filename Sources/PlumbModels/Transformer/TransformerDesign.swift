internal import PlumbNN
internal import PlumbTensor

/// What a transformer is made of beside its sizes: the block as data.
struct TransformerDesign: Sendable {
    /// Which linear layers have biases.
    enum Biases: Sendable, Equatable {
        case none, all
        /// Those that the checkpoint stores; a new model has none.
        case asStored
        /// Those of these parts, which of fused parts is the first.
        case parts(Set<TensorNames.Part>)

        static let queryKeyValue = Biases.parts([.query])
    }

    /// Where a block normalizes.
    enum NormPlacement: Sendable {
        /// What attention and MLP read.
        case before
        /// What attention reads, for the MLP too.
        case beforeBoth
        /// What attention and MLP read, and what they write (Gemma 2).
        case around
        /// What attention and MLP write (OLMo 2).
        case after
        /// The stream that attention and MLP have been added to (BERT).
        case stream
    }

    /// What queries and keys are normalized by before they turn.
    enum QueryKeyNorm: Sendable {
        case none
        /// Each head by itself, all heads with one gain.
        case head
        /// All heads of a row together.
        case row
    }

    var norm = Normalization.Kind.layer
    var normEpsilon: Float = 1e-5
    var normPlacement = NormPlacement.before
    var queryKeyNorm = QueryKeyNorm.none
    /// Whether attention and MLP read the same stream, `x + attn(ln1(x)) + mlp(ln2(x))`.
    var isParallel = false
    var biases = Biases.all
    /// Whether logits have a bias.
    var hasHeadBias = false
    var activation = Activation.geluTanh
    /// Whether neurons are normalized before the MLP's output is computed of them.
    var normalizesNeurons = false
    /// Whether the MLP multiplies its activation by a linear half.
    var isGated = false
    /// How queries and keys turn by position; nil with a table of positions.
    var rotary: RotaryEmbedding?
    /// How they turn in blocks with a window, where it is another way.
    var windowRotary: RotaryEmbedding?
    var hasPositionTable: Bool { rotary == nil }
    /// Whether what attention and MLP write is normalized before it is added to the stream.
    var normalizesOutputs: Bool { normPlacement == .around || normPlacement == .after }
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

    /// How queries and keys of block `index` turn.
    func rotary(block index: Int) -> RotaryEmbedding? {
        if case .window = masks[min(index, masks.count - 1)], let windowRotary { windowRotary } else { rotary }
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
                weight: design.isTied ? embedding : Weight([.zeros(sizes.vocabulary, sizes.width, isNew: isNew)]),
                bias: design.hasHeadBias && isNew ? .zeros([sizes.vocabulary]) : nil))
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
    /// - Parameters:
    ///   - names: the names of parts, where they are not those of the family.
    ///   - stores: whether the checkpoint that will fill the block has a bias for a part of it; nil for a new one.
    init(
        _ description: TransformerDescription, index: Int, names: TensorNames? = nil,
        stores: ((TensorNames.Part) -> Bool)?
    ) {
        let (sizes, design) = (description.sizes, description.design)
        let names = names ?? sizes.architecture.family.names
        func linear(_ parts: [(part: TensorNames.Part, outputs: Int)], inputs: Int) -> Linear {
            let hasBias =
                switch design.biases {
                case .all: true
                case .none: false
                case .asStored: parts.contains { stores?($0.part) ?? false }
                case .parts(let these): these.contains(parts[0].part)
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
        let placement = design.normPlacement
        func norm(_ width: Int, where exists: Bool = true) -> Normalization? {
            exists ? Normalization(design.norm, width: width, epsilon: design.normEpsilon) : nil
        }
        func headNorm(_ heads: Int) -> Normalization? {
            norm(
                design.queryKeyNorm == .row ? heads * sizes.headWidth : sizes.headWidth,
                where: design.queryKeyNorm != .none)
        }
        let writes = design.normalizesOutputs
        self.init(
            isParallel: design.isParallel, normalizesStream: placement == .stream,
            ln1: norm(d, where: placement != .after), ln1Post: norm(d, where: writes),
            attention: Attention(
                design.attention(sizes, block: index),
                qkv: linear(
                    isFused ? [(.queryKeyValue, q + 2 * kv)] : [(.query, q), (.key, kv), (.value, kv)], inputs: d),
                queryNorm: headNorm(sizes.heads), keyNorm: headNorm(sizes.keyValueHeads),
                output: linear([(.attentionOutput, d)], inputs: q), rotary: design.rotary(block: index)),
            ln2: norm(d, where: f > 0 && placement != .after && placement != .beforeBoth),
            ln2Post: norm(d, where: f > 0 && writes),
            mlp: f == 0
                ? nil
                : FeedForward(
                    activation: design.activation, isGated: design.isGated,
                    norm: norm(f, where: design.normalizesNeurons),
                    input: linear(
                        !design.isGated
                            ? [(.up, f)]
                            : names[.gateUp, .huggingFace] != nil ? [(.gateUp, 2 * f)] : [(.gate, f), (.up, f)],
                        inputs: d),
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
