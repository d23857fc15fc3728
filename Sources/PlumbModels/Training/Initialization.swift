internal import PlumbData
internal import PlumbNN
public import PlumbTensor
public import PlumbTokenizers

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
    ///     architecture: .gpt2, layers: 4, width: 128, heads: 4, vocabulary: 65, context: 128)
    /// let model = try HookedTransformer(sizes, key: RandomKey(0)["model"])
    /// ```
    ///
    /// Each parameter is drawn from the key of its own name: the same key gives the same weights, and a deeper model
    /// begins with the blocks of a shallower one where the initialization does not depend on the depth.
    ///
    /// - Parameters:
    ///   - configuration: the architecture and its sizes.
    ///   - key: of the weights.
    ///   - initialization: how large the random weights are.
    ///   - isTied: whether logits are read with the token embedding.
    ///   - tokenizer: what turns text into tokens for it; it is saved with the model.
    ///   - name: what it is called; by default "new" and the architecture.
    /// - Throws: ``ModelError`` naming a size that no transformer has.
    public init(
        _ configuration: TransformerConfiguration, key: RandomKey, initialization: Initialization = .gpt2,
        isTied: Bool = true, tokenizer: Tokenizer? = nil, name: String? = nil
    ) throws {
        let sizes = try configuration.validated()
        var design = sizes.architecture.family.design(sizes)
        design.isTied = isTied
        let transformer = Transformer(new: TransformerDescription(sizes: sizes, design: design))
        self.init(
            name: name ?? "new \(sizes.architecture.rawValue)",
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
        let names = sizes.architecture.family.names
        let part = names.part(of: name, .huggingFace)
        let writesToStream = part == .attentionOutput || part == .down
        let inputs = tensor.shape[part.map(names.transposed.contains) ?? false ? 0 : 1]
        let deviation =
            switch self {
            case .gpt2: 0.02 / (writesToStream ? Double(2 * sizes.layers).squareRoot() : 1)
            case .scaled(let gain): gain / Double(inputs).squareRoot()
            }
        return .normal(tensor.shape, standardDeviation: deviation, key: key)
    }
}
