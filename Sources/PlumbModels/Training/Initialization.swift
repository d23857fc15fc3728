public import PlumbData
internal import PlumbNN
public import PlumbTensor

extension HookedTransformer {
    /// How large a new model's random weights are. Gains of norms begin at 1, biases at 0.
    public enum Initialization: Sendable, Equatable {
        /// GPT-2's: normal with deviation 0.02 (Radford et al. 2018, *Improving Language Understanding by Generative
        /// Pre-Training*), and `0.02 / √(2L)` for what writes to the residual stream (Radford et al. 2019, *Language
        /// Models are Unsupervised Multitask Learners*, section 2.3), attention-only models included.
        case gpt2
        /// Normal with deviation `gain / √inputs`, so that activations keep their size whatever the width; embeddings,
        /// of which one row is taken, have deviation `gain / √D`.
        case scaled(gain: Double = 1)
    }
}

extension HookedTransformer {
    /// A new model with random weights, to be trained.
    ///
    /// ```swift
    /// let sizes = TransformerConfiguration(
    ///     architecture: "gpt2", layers: 4, width: 128, heads: 4, vocabulary: 65, context: 128)
    /// let model = try HookedTransformer(sizes, key: RandomKey(0)["model"])
    /// ```
    ///
    /// Each parameter is drawn from the key of its own name: the same key gives the same weights, and a deeper model
    /// begins with the blocks of a shallower one where the initialisation does not depend on the depth.
    ///
    /// - Parameters:
    ///   - configuration: the architecture and its sizes.
    ///   - key: of the weights.
    ///   - initialization: how large the random weights are.
    ///   - isTied: whether logits are read with the token embedding.
    ///   - tokenizer: what turns text into tokens for it; it is saved with the model.
    ///   - name: what it is called; by default "new" and the architecture.
    /// - Throws: ``ModelError`` naming a size that no transformer has, or an architecture that is not known.
    public init(
        _ configuration: TransformerConfiguration, key: RandomKey, initialization: Initialization = .gpt2,
        isTied: Bool = true, tokenizer: Tokenizer? = nil, name: String? = nil
    ) throws {
        let sizes = try configuration.validated()
        let architectures = ["gpt2", "llama", "attention-only"]
        guard architectures.contains(sizes.architecture) else {
            throw ModelError(
                "a new model's architecture must be one of \(architectures.joined(separator: ", ")), not "
                    + "\"\(sizes.architecture)\"")
        }
        let transformer = Transformer(unset: sizes, isTied: isTied)
        self.init(
            name: name ?? "new \(sizes.architecture)",
            transformer: transformer.mapParameters { path, tensor in
                initialization.draw(path.description, like: tensor, sizes, key[path.description])
            }, tokenizer: tokenizer, isQuantized: false, files: [])
    }
}

extension HookedTransformer.Initialization {
    /// Random numbers for the parameter called `name`, or what it is where it is a vector.
    fileprivate func draw(
        _ name: String, like tensor: Tensor, _ sizes: TransformerConfiguration, _ key: RandomKey
    ) -> Tensor {
        guard tensor.shape.count == 2 else { return tensor }
        let part = name.split(separator: ".").dropLast().last ?? ""
        let writesToStream = ["c_proj", "o_proj", "down_proj"].contains(part)
        // Convolutions of GPT-2 are stored [inputs, outputs].
        let inputs = tensor.shape[part.hasPrefix("c_") ? 0 : 1]
        let deviation =
            switch self {
            case .gpt2: 0.02 / (writesToStream ? Double(2 * sizes.layers).squareRoot() : 1)
            case .scaled(let gain): gain / Double(inputs).squareRoot()
            }
        return .normal(tensor.shape, standardDeviation: deviation, key: key)
    }
}

extension Transformer {
    /// A transformer whose weights are all 0 and gains 1.
    init(unset sizes: TransformerConfiguration, isTied: Bool) {
        let embedding = Weight(.zeros([sizes.vocabulary, sizes.width]))
        let isLlama = sizes.architecture == "llama"
        let rotary = isLlama ? RotaryEmbedding(width: sizes.headWidth, positions: sizes.context, base: 10_000) : nil
        self.init(
            configuration: sizes, tokenEmbedding: embedding,
            positionEmbedding: isLlama ? nil : .zeros([sizes.context, sizes.width]),
            blocks: (0..<sizes.layers).map { _ in
                isLlama ? TransformerBlock(llama: sizes, rotary) : TransformerBlock(gpt2: sizes)
            },
            finalNorm: isLlama ? .newRMS(sizes.width) : .newLayer(sizes.width),
            unembedding: isTied ? Linear(weight: embedding) : Linear(weight: Weight(.zeros(embedding.shape))),
            isTied: isTied)
    }
}

extension TransformerBlock {
    fileprivate init(llama sizes: TransformerConfiguration, _ rotary: RotaryEmbedding?) {
        let (d, f) = (sizes.width, sizes.mlpWidth)
        let (q, kv) = (sizes.heads * sizes.headWidth, sizes.keyValueHeads * sizes.headWidth)
        self.init(
            ln1: .newRMS(d),
            attention: Attention(
                sizes.attention, qkv: Linear(weight: Weight([q, kv, kv].map { .tensor(.zeros([$0, d])) })),
                output: Linear(weight: Weight(.zeros([d, q]))), rotary: rotary),
            ln2: .newRMS(d),
            mlp: .gatedSilu(
                gateUp: Linear(weight: Weight([.tensor(.zeros([f, d])), .tensor(.zeros([f, d]))])),
                down: Linear(weight: Weight(.zeros([d, f])))))
    }

    fileprivate init(gpt2 sizes: TransformerConfiguration) {
        let (d, z) = (sizes.width, sizes.heads * sizes.headWidth)
        func convolution(_ inputs: Int, _ outputs: Int) -> Linear {
            Linear(weight: Weight([.transposed(.zeros([inputs, outputs]))]), bias: .zeros([outputs]))
        }
        self.init(
            ln1: .newLayer(d),
            attention: Attention(
                sizes.attention, qkv: convolution(d, 3 * z), output: convolution(z, d), rotary: nil),
            ln2: .newLayer(d),
            mlp: sizes.mlpWidth == 0
                ? .absent : .gelu(up: convolution(d, sizes.mlpWidth), down: convolution(sizes.mlpWidth, d)))
    }
}

extension Normalization {
    /// A root-mean-square norm before training.
    static func newRMS(_ width: Int) -> Normalization {
        Normalization(.rms, weight: Tensor(repeating: 1, shape: [width]), epsilon: 1e-5)
    }

    /// A layer norm before training.
    static func newLayer(_ width: Int) -> Normalization {
        Normalization(.layer, weight: Tensor(repeating: 1, shape: [width]), bias: .zeros([width]), epsilon: 1e-5)
    }
}

extension Weight {
    fileprivate var shape: [Int] { [outputs, inputs] }
}
