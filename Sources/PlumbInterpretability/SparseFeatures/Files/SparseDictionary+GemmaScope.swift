public import Foundation
internal import PlumbData
public import PlumbModels
internal import PlumbTensor

// Gemma Scope has JumpReLU dictionaries in archives of NumPy, params.npz with W_enc [d, n], W_dec [n, d], b_enc, b_dec
// and threshold; Gemma Scope 2 has params.safetensors with the same in small letters and, for transcoders, a linear
// path "affine_skip_connection" [d, d]. Neither says where activations come from.

extension SparseDictionary {
    /// Reads a file of Gemma Scope (Lieberum et al., "Gemma Scope: Open Sparse Autoencoders Everywhere All At Once on
    /// Gemma 2", 2024, arXiv:2408.05147) or of Gemma Scope 2: `.npz` or `.safetensors`.
    ///
    /// - Parameters:
    ///   - file: the parameters.
    ///   - input: where inputs come from, which the file does not say.
    ///   - output: what is reconstructed or predicted; nil for the input.
    /// - Throws: `FileError` naming the file and what is wrong with it.
    public init(gemmaScope file: URL, input: HookPoint, output: HookPoint? = nil) throws {
        let isArchive = file.pathExtension == "npz"
        let tensors = try isArchive ? NamedTensors(npz: file) : NamedTensors(safetensors: file)
        let (encoderName, decoderName) =
            tensors.contains("w_enc") ? ("w_enc", "w_dec") : ("W_enc", "W_dec")
        self = try tensors.dictionary {
            let (encoderBias, decoderBias) = (try tensors.tensor("b_enc"), try tensors.tensor("b_dec"))
            let (features, outputs) = (encoderBias.count, decoderBias.count)
            let width = try tensors.tensor(encoderName).shape.first { $0 != features } ?? features
            let skip = "affine_skip_connection"
            return try SparseDictionary(
                encoder: try tensors.tensor(encoderName, [width, features]), encoderBias: encoderBias,
                decoder: try tensors.tensor(decoderName, [features, outputs]), decoderBias: decoderBias,
                skip: tensors.contains(skip) ? try tensors.tensor(skip, [width, outputs]) : nil,
                activation: .jumpReLU(thresholds: try tensors.tensor("threshold", [features])),
                input: input, output: output ?? input)
        }
    }

    /// Writes an archive as Gemma Scope's.
    ///
    /// - Throws: `FileError` when the file cannot be written or the dictionary is not one of thresholds without a
    /// linear path and without a change to its inputs.
    public func writeGemmaScope(to file: URL) throws {
        let thresholds: Tensor
        switch activation {
        case .jumpReLU(let found): thresholds = found
        case .batchTopK(let threshold, _): thresholds = Tensor(repeating: threshold, shape: [features])
        case .relu, .topK, .gated:
            throw FileError("\(file.path) was not written: Gemma Scope has JumpReLU dictionaries only")
        }
        guard skip == nil, !subtractsDecoderBias, inputScaling == .none else {
            throw FileError(
                "\(file.path) was not written: an archive of Gemma Scope has no linear path, subtracts no bias "
                    + "and scales no "
                    + "inputs")
        }
        var writer = NPZWriter()
        writer.add("W_enc", encoder)
        writer.add("W_dec", decoder)
        writer.add("b_enc", encoderBias)
        writer.add("b_dec", decoderBias)
        writer.add("threshold", thresholds)
        try writer.write(to: file)
    }
}
