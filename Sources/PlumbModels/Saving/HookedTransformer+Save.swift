public import Foundation
internal import PlumbData
internal import PlumbNN
internal import PlumbTensor
internal import PlumbTokenizers

extension HookedTransformer {
    /// Writes the model as a folder that `transformers` and ``load(folder:name:)`` read with the same logits:
    /// `config.json`, `model.safetensors` in float32 and, where it has a tokenizer, `tokenizer.json` and
    /// `tokenizer_config.json`.
    ///
    /// Weights that were stored in fewer bits are written as the numbers they stand for. Attention-only models are
    /// written in the same form; `transformers` has no such architecture.
    ///
    /// - Throws: ``ModelError`` for what `config.json` cannot say; an error of the file system. Each file is replaced
    ///   whole or not at all.
    public func save(to folder: URL) throws {
        let configuration = try savedConfiguration()
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        let stored = storedParameters
        for (name, tensor) in stored { writer.add(name, tensor) }
        for (name, width) in missingBiases(beside: stored) {
            writer.add(name, shape: [width], values: Array(repeating: 0, count: width))
        }
        try configuration.writeWhole(to: folder.appendingPathComponent("config.json"))
        if let tokenizer {
            try tokenizer.json.writeWhole(to: folder.appendingPathComponent("tokenizer.json"))
            try tokenizer.configurationJSON.writeWhole(to: folder.appendingPathComponent("tokenizer_config.json"))
        }
        // What an earlier model left here would be read instead of what is written, or beside it.
        let stale =
            [
                "model.safetensors.index.json", "chat_template.jinja", "generation_config.json",
                "special_tokens_map.json",
            ]
            + (tokenizer == nil ? ["tokenizer.json", "tokenizer_config.json"] : [])
        for file in stale.map(folder.appendingPathComponent) where FileManager.default.fileExists(atPath: file.path) {
            try FileManager.default.removeItem(at: file)
        }
        // Last: a folder that holds the weights holds a whole model.
        try writer.write(to: folder.appendingPathComponent("model.safetensors"))
    }

    /// Refuses a model that ``save(to:)`` could not write, before work is spent on it.
    ///
    /// - Throws: ``ModelError`` for what `config.json` cannot say.
    public func checkSavable() throws { _ = try savedConfiguration() }

    private func savedConfiguration() throws -> Data {
        guard !transformer.blocks.contains(where: \.hasAdapters) else {
            throw ModelError(
                "\(name) has low-rank pairs beside its weights, which a folder cannot hold: save LoRA.merged")
        }
        return SavedConfiguration.withFractions(try JSONEncoder.forFiles.encode(SavedConfiguration(self)))
    }

    /// Every parameter as Hugging Face's checkpoints lay it out.
    private var storedParameters: [(name: String, tensor: Tensor)] {
        let family = configuration.architecture.family
        let description = TransformerDescription(sizes: configuration, design: transformer.design)
        // A family's convolutions are all of one kind: a model from a GGUF file has them the other way round.
        let isTransposed = transformer.blocks.first?.attention.qkv.weight.isTransposed(part: 0) ?? true
        return parameters.map { name, tensor in
            guard let part = family.names.part(of: name, .huggingFace) else { return (name, tensor) }
            if part.isNorm, family.names.storesGainsLessOne { return (name, tensor - 1) }
            if tensor.shape.count == 2, !isTransposed, family.names.transposed.contains(part) {
                return (name, tensor.transposed())
            }
            // The file's row that gives each of ours, read the other way.
            guard let order = family.rowOrder(part, .huggingFace, description) else { return (name, tensor) }
            var inverse = order
            for (ours, theirs) in order.enumerated() { inverse[theirs] = ours }
            return (name, tensor.gathered(inverse))
        }
    }

    /// `config.json` says of attention and MLP as a whole whether they have biases: where some layers have one, the
    /// others get zeros.
    private func missingBiases(beside stored: [(name: String, tensor: Tensor)]) -> [(name: String, width: Int)] {
        guard transformer.design.biases == .asStored else { return [] }
        let names = configuration.architecture.family.names
        let present = Set(stored.map(\.name))
        let attention: Set<TensorNames.Part> = [.query, .key, .value, .queryKeyValue, .attentionOutput]
        return [attention, [.gate, .up, .gateUp, .down]].flatMap { group -> [(name: String, width: Int)] in
            let layers = stored.compactMap { name, tensor -> (name: String, width: Int)? in
                guard tensor.shape.count == 2, let part = names.part(of: name, .huggingFace), group.contains(part)
                else {
                    return nil
                }
                return (name.dropLast("weight".count) + "bias", tensor.shape[0])
            }
            guard layers.contains(where: { present.contains($0.name) }) else { return [] }
            return layers.filter { !present.contains($0.name) }
        }
    }
}

extension JSONEncoder {
    /// Files that people read: sorted, one key a line.
    fileprivate static var forFiles: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
