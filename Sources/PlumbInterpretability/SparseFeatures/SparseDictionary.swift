public import PlumbModels
public import PlumbTensor

// A layer's activations are claimed to be sums of few of many directions, each of which means something (Bricken et al.
// 2023, "Towards Monosemanticity"). A sparse dictionary reads off which are active and how strongly. It fails quietly
// where its input is scaled or centered otherwise than in training, so that both are part of the value.

/// One layer of sparse features: an autoencoder, whose output is its input, or a transcoder, which predicts the
/// activations of another hook point (Dunefsky, Chlenski, Nanda, "Transcoders Find Interpretable LLM Feature Circuits",
/// 2024, arXiv:2406.11944).
///
/// `f = σ((s(x) - [b_dec]) · W_enc + b_enc)`, `x̂ = s⁻¹(f · W_dec + b_dec) + [x · W_skip]`.
///
/// - Shapes: `R` rows, `I` the input's width, `N` features, `O` the output's width.
public struct SparseDictionary: Sendable {
    /// What makes features sparse.
    public enum Activation: Sendable, Equatable {
        /// `max(0, p)` of the pre-activation `p`.
        case relu
        /// The `k` largest pre-activations of a row, where they are above 0 (Gao et al., "Scaling and evaluating sparse
        /// autoencoders", 2024, arXiv:2406.04093). Of equals the first is kept.
        case topK(Int)
        /// Pre-activations above a threshold, one for all features, which in training kept `k` a row on average
        /// (Bussmann, Leask, Nanda, "BatchTopK Sparse Autoencoders", 2024, arXiv:2412.06410).
        case batchTopK(threshold: Float, k: Int)
        /// Pre-activations above each feature's threshold `[N]` and 0 (Rajamanoharan et al., "Jumping Ahead: Improving
        /// Reconstruction Fidelity with JumpReLU Sparse Autoencoders", 2024, arXiv:2407.14435).
        case jumpReLU(thresholds: Tensor)
        /// `max(0, eʳ u + b_enc)` where `u + gateBias > 0`, with `u` the product with the encoder alone; `gateBias` and
        /// `r`, the logarithm of the magnitude's scale, are `[N]` (Rajamanoharan et al., "Improving Dictionary Learning
        /// with Gated Sparse Autoencoders", 2024, arXiv:2404.16014).
        case gated(gateBias: Tensor, logMagnitudeScale: Tensor)
    }

    /// What is done to an input before it is encoded, and undone after decoding.
    public enum InputScaling: Sendable, Equatable {
        /// Nothing.
        case none
        /// Each row times one number.
        case constant(Float)
        /// Each row brought to the length √I: `constant_norm_rescale` in SAELens.
        case constantNorm
        /// Each row less its mean, divided by its standard deviation (of I - 1) plus 1e-5: `layer_norm` in SAELens.
        case layerNorm
    }

    /// W_enc `[I, N]`.
    public let encoder: Tensor
    /// b_enc `[N]`; of a gated dictionary the bias of magnitudes.
    public let encoderBias: Tensor
    /// W_dec `[N, O]`, a row for each feature's direction.
    public let decoder: Tensor
    /// b_dec `[O]`.
    public let decoderBias: Tensor
    /// W_skip `[I, O]`, a linear path beside the features (Paulo, Shabalin, Belrose, "Transcoders Beat Sparse Autoencoders
    /// for Interpretability", 2025, arXiv:2501.18823); nil for none.
    public let skip: Tensor?
    /// What makes features sparse.
    public let activation: Activation
    /// Whether b_dec is subtracted from inputs before they are encoded; of autoencoders only.
    public let subtractsDecoderBias: Bool
    /// What is done to an input before it is encoded.
    public let inputScaling: InputScaling
    /// Where inputs come from.
    public let input: HookPoint
    /// What is reconstructed or predicted.
    public let output: HookPoint
    let packedEncoder: Weight

    /// A dictionary of given tensors.
    ///
    /// - Throws: `ModelError` naming a tensor whose shape does not fit or that is not finite; see ``check()``.
    public init(
        encoder: Tensor, encoderBias: Tensor, decoder: Tensor, decoderBias: Tensor, skip: Tensor? = nil,
        activation: Activation, subtractsDecoderBias: Bool = false, inputScaling: InputScaling = .none,
        input: HookPoint, output: HookPoint
    ) throws {
        (self.encoder, self.encoderBias, self.decoder, self.decoderBias) = (encoder, encoderBias, decoder, decoderBias)
        (self.skip, self.activation, self.subtractsDecoderBias) = (skip, activation, subtractsDecoderBias)
        (self.inputScaling, self.input, self.output) = (inputScaling, input, output)
        // Packed at its first product, which is after the check.
        packedEncoder = encoder.shape.count == 2 ? Weight([.transposed(encoder)]) : Weight(Tensor.zeros([0, 0]))
        try check()
    }

    /// I, the width of inputs.
    public var width: Int { encoder.shape[0] }
    /// N, the number of features.
    public var features: Int { encoder.shape[1] }
    /// O, the width of outputs.
    public var outputWidth: Int { decoder.shape[1] }
    /// Whether it reconstructs its own input.
    public var isAutoencoder: Bool { input == output }

    /// Refuses tensors that do not make a dictionary.
    ///
    /// - Throws: `ModelError` saying which tensor has which shape and which it should have, or is not finite.
    public func check() throws {
        guard encoder.shape.count == 2, decoder.shape.count == 2 else {
            throw ModelError(
                "a dictionary's encoder is [width, features] and its decoder [features, width]; found "
                    + "\(encoder.shape) and \(decoder.shape)")
        }
        let (width, features, outputWidth) = (encoder.shape[0], encoder.shape[1], decoder.shape[1])
        guard width > 0, features > 0, outputWidth > 0 else {
            throw ModelError("a dictionary needs features and widths, found an encoder \(encoder.shape)")
        }
        var requested: [(name: String, tensor: Tensor, shape: [Int])] = [
            ("encoder", encoder, [width, features]), ("encoder bias", encoderBias, [features]),
            ("decoder", decoder, [features, outputWidth]), ("decoder bias", decoderBias, [outputWidth]),
        ]
        if let skip { requested.append(("skip connection", skip, [width, outputWidth])) }
        switch activation {
        case .relu: break
        case .topK(let k), .batchTopK(_, let k):
            guard (1...features).contains(k) else {
                throw ModelError("a dictionary of \(features) features cannot keep the \(k) largest")
            }
        case .jumpReLU(let thresholds): requested.append(("thresholds", thresholds, [features]))
        case .gated(let gateBias, let scale):
            requested += [("gate bias", gateBias, [features]), ("magnitude scale", scale, [features])]
        }
        for (name, tensor, shape) in requested {
            guard tensor.shape == shape else {
                throw ModelError(
                    "the \(name) of a dictionary with \(features) features of width \(width) is \(tensor.shape), not "
                        + "\(shape); transpose it if its axes are exchanged")
            }
            guard tensor.isFinite else {
                throw ModelError("the \(name) of the dictionary holds numbers that are not finite")
            }
        }
        try checkNumbers(width, outputWidth)
    }

    private func checkNumbers(_ width: Int, _ outputWidth: Int) throws {
        if case .batchTopK(let threshold, _) = activation, !threshold.isFinite {
            throw ModelError("the threshold of the dictionary is \(threshold), not a number")
        }
        if case .constant(let scale) = inputScaling, !(scale.isFinite && scale > 0) {
            throw ModelError("the dictionary scales its input by \(scale), which is not above 0")
        }
        if subtractsDecoderBias, width != outputWidth {
            throw ModelError(
                "a dictionary from width \(width) to width \(outputWidth) cannot subtract its decoder bias from inputs")
        }
    }
}
