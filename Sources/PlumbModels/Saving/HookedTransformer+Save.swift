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
        guard !transformer.blocks.contains(where: \.hasAdapters) else {
            throw ModelError(
                "\(name) has low-rank pairs beside its weights, which a folder cannot hold: save LoRA.merged")
        }
        let configuration = try JSONEncoder.forFiles.encode(SavedConfiguration(self))
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        for (name, tensor) in parameters {
            let tensor = isTurned(name, tensor) ? tensor.transposed() : tensor
            writer.add(name, tensor)
        }
        for (name, width) in missingBiases {
            writer.add(name, shape: [width], values: Array(repeating: 0, count: width))
        }
        try configuration.writeWhole(to: folder.appendingPathComponent("config.json"))
        if let tokenizer {
            try tokenizer.json.writeWhole(to: folder.appendingPathComponent("tokenizer.json"))
            try tokenizer.configurationJSON.writeWhole(to: folder.appendingPathComponent("tokenizer_config.json"))
        }
        // What an earlier model left here would be read instead of what is written, or beside it.
        let stale =
            ["model.safetensors.index.json", "chat_template.jinja"]
            + (tokenizer == nil ? ["tokenizer.json", "tokenizer_config.json"] : [])
        for file in stale.map(folder.appendingPathComponent) where FileManager.default.fileExists(atPath: file.path) {
            try FileManager.default.removeItem(at: file)
        }
        // Last: a folder that holds the weights holds a whole model.
        try writer.write(to: folder.appendingPathComponent("model.safetensors"))
    }

    /// Whether a matrix stands the other way round in GPT-2's checkpoints, as one from a GGUF file does: their
    /// convolutions are stored `[inputs, outputs]`.
    private func isTurned(_ name: String, _ tensor: Tensor) -> Bool {
        guard configuration.architecture != "llama", name.contains(".c_"), tensor.shape.count == 2 else { return false }
        // Queries, keys and values together are wider than the stream, so that their shape tells which way.
        return transformer.blocks.first.map { $0.attention.qkv.weight[part: 0].shape[0] != configuration.width }
            ?? false
    }

    /// `config.json` says of attention and MLP as a whole whether they have biases: where some layers have one, the
    /// others get zeros.
    private var missingBiases: [(name: String, width: Int)] {
        guard configuration.architecture == "llama" else { return [] }
        let (attention, mlp) = (transformer.hasAttentionBias, transformer.hasMLPBias)
        return transformer.blocks.enumerated().flatMap { i, block -> [(name: String, width: Int)] in
            let k = configuration.headWidth
            let (q, kv) = (configuration.heads * k, configuration.keyValueHeads * k)
            var result: [(name: String, width: Int)] = []
            if attention, block.attention.qkv.bias == nil {
                result += [("self_attn.q_proj", q), ("self_attn.k_proj", kv), ("self_attn.v_proj", kv)]
            }
            if attention, block.attention.output.bias == nil { result += [("self_attn.o_proj", configuration.width)] }
            let linears = block.mlp.linears
            if mlp, linears.first?.bias == nil {
                result += [("mlp.gate_proj", configuration.mlpWidth), ("mlp.up_proj", configuration.mlpWidth)]
            }
            if mlp, linears.last?.bias == nil { result += [("mlp.down_proj", configuration.width)] }
            return result.map { ("model.layers.\(i).\($0.name).bias", $0.width) }
        }
    }
}

extension Transformer {
    /// Whether any layer of attention has a bias.
    var hasAttentionBias: Bool {
        blocks.contains { $0.attention.qkv.bias != nil || $0.attention.output.bias != nil }
    }

    /// Whether any layer of an MLP has a bias.
    var hasMLPBias: Bool { blocks.contains { $0.mlp.linears.contains { $0.bias != nil } } }
}

extension JSONEncoder {
    /// Files that people read: sorted, one key a line.
    fileprivate static var forFiles: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
