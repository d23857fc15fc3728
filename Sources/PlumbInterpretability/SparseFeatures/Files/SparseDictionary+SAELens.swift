public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbModels
internal import PlumbTensor

// SAELens keeps a dictionary in a folder: cfg.json says what it is, sae_weights.safetensors holds W_enc [d_in, d_sae],
// W_dec [d_sae, d_out], b_dec and what the architecture adds. Its versions before 6 have the same fields without
// "metadata".

extension SparseDictionary {
    /// Reads a folder of SAELens (Bloom, Tigges, Duong, Chanin, *SAELens*, 2024, version 6.54).
    ///
    /// - Throws: `FileError` naming the file and what it lacks or holds wrongly: a missing tensor or field, an
    /// architecture that is not known here, axes that are exchanged, numbers that are not finite, a scale that the
    /// file does not tell.
    public init(saeLens folder: URL) throws {
        let settings = try SAELensSettings(contentsOf: folder.appendingPathComponent("cfg.json"))
        let tensors = try NamedTensors(safetensors: folder.appendingPathComponent("sae_weights.safetensors"))
        let (width, features, outputs) = (settings.width, settings.features, settings.outputWidth)
        let activation: Activation
        var bias = "b_enc"
        switch settings.kind {
        case .standard: activation = .relu
        case .topK(let k): activation = .topK(k)
        case .jumpReLU: activation = .jumpReLU(thresholds: try tensors.tensor("threshold", [features]))
        case .gated:
            bias = "b_mag"
            activation = .gated(
                gateBias: try tensors.tensor("b_gate", [features]),
                logMagnitudeScale: try tensors.tensor("r_mag", [features]))
        }
        self = try tensors.dictionary {
            var decoder = try tensors.tensor("W_dec", [features, outputs])
            var encoder = try tensors.tensor("W_enc", [width, features])
            var encoderBias = try tensors.tensor(bias, [features])
            if settings.rescalesByDecoderNorm, case .topK = settings.kind {
                // Activations are compared as they would be with directions of length 1: the same in those directions.
                let lengths = decoder.squared().summed(axis: 1).squareRoot()
                (encoder, encoderBias) = (encoder * lengths, encoderBias * lengths)
                decoder = decoder / lengths.reshaped([features, 1])
            }
            return try SparseDictionary(
                encoder: encoder, encoderBias: encoderBias, decoder: decoder,
                decoderBias: try tensors.tensor("b_dec", [outputs]),
                skip: settings.hasSkip ? try tensors.tensor("W_skip", [outputs, width]).transposed() : nil,
                activation: activation, subtractsDecoderBias: settings.subtractsDecoderBias,
                inputScaling: settings.scaling, input: settings.input, output: settings.output)
        }
    }

    /// Writes a folder that SAELens reads. A dictionary of a single threshold becomes one of a threshold for each
    /// feature, which gives the same activations.
    ///
    /// - Parameters:
    ///   - folder: made where there is none.
    ///   - model: the name of the model whose activations it reads, as SAELens knows it.
    /// - Throws: `FileError` when a file cannot be written, or for what SAELens has no name for: a scale of inputs
    /// other than 1, a gated or topK transcoder.
    public func writeSAELens(to folder: URL, model: String = "") throws {
        let kind = try saeLensArchitecture(folder)
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        writer.add("W_enc", encoder)
        if case .gated = activation { writer.add("b_mag", encoderBias) } else { writer.add("b_enc", encoderBias) }
        writer.add("W_dec", decoder)
        writer.add("b_dec", decoderBias)
        switch activation {
        case .relu, .topK: break
        case .batchTopK(let threshold, _): writer.add("threshold", Tensor(repeating: threshold, shape: [features]))
        case .jumpReLU(let thresholds): writer.add("threshold", thresholds)
        case .gated(let gateBias, let scale):
            writer.add("b_gate", gateBias)
            writer.add("r_mag", scale)
        }
        if let skip { writer.add("W_skip", skip.transposed()) }
        var settings: [String: JSONValue] = [
            "architecture": .string(kind), "d_in": JSONValue(width), "d_sae": JSONValue(features),
            "dtype": .string("float32"), "device": .string("cpu"), "reshape_activations": .string("none"),
            "apply_b_dec_to_input": .bool(subtractsDecoderBias),
            "normalize_activations": .string(inputScaling.saeLensName ?? "none"),
        ]
        var metadata: [String: JSONValue] = [
            "hook_name": .string(input.description), "model_name": .string(model),
        ]
        if case .topK(let k) = activation {
            settings["k"] = JSONValue(k)
            settings["rescale_acts_by_decoder_norm"] = .bool(false)
        }
        if !isAutoencoder {
            settings["d_out"] = JSONValue(outputWidth)
            metadata["hook_name_out"] = .string(output.description)
        }
        settings["metadata"] = .object(metadata)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try writer.write(to: folder.appendingPathComponent("sae_weights.safetensors"))
        try JSONValue.object(settings).data().writeWhole(to: folder.appendingPathComponent("cfg.json"))
    }

    private func saeLensArchitecture(_ folder: URL) throws -> String {
        guard skip == nil || !isAutoencoder else {
            throw FileError("\(folder.path) was not written: SAELens has no autoencoders with a linear path")
        }
        guard inputScaling.saeLensName != nil else {
            throw FileError(
                "\(folder.path) was not written: SAELens keeps no scale of inputs; fold it into encoder and decoder")
        }
        switch (activation, isAutoencoder) {
        case (.relu, true): return "standard"
        case (.topK, true): return "topk"
        case (.gated, true): return "gated"
        case (.batchTopK, true), (.jumpReLU, true): return "jumprelu"
        case (.relu, false): return skip == nil ? "transcoder" : "skip_transcoder"
        case (.batchTopK, false), (.jumpReLU, false):
            return skip == nil ? "jumprelu_transcoder" : "jumprelu_skip_transcoder"
        case (.topK, false), (.gated, false):
            throw FileError("\(folder.path) was not written: SAELens has no TopK or gated transcoders")
        }
    }
}

extension SparseDictionary.InputScaling {
    /// What SAELens calls it; nil for what it has no name for.
    fileprivate var saeLensName: String? {
        switch self {
        case .none: "none"
        case .constant: nil
        case .constantNorm: "constant_norm_rescale"
        case .layerNorm: "layer_norm"
        }
    }
}
