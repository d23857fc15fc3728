public import PlumbData
internal import PlumbTensor

extension HookedTransformer {
    /// Takes every parameter from `source`, by the names of Hugging Face's checkpoints.
    ///
    /// - Throws: ``ModelError`` naming the first parameter that differs, and both shapes, where the checkpoint is of
    ///   another architecture; the model is then what it was.
    public mutating func load(parameters source: some TensorSource) throws {
        let declared = parameters.map { ($0.name, $0.tensor.shape) }
        for (name, shape) in declared {
            guard source.contains(name) else {
                throw ModelError(
                    "the checkpoint has no \(name), which the model has with shape \(shape): it is of another "
                        + "architecture")
            }
            let found = try source.tensor(name).shape
            guard found == shape else {
                throw ModelError(
                    "\(name) has shape \(shape) in the model and \(found) in the checkpoint: it is of another "
                        + "architecture")
            }
        }
        let known = Set(declared.map(\.0))
        if let extra = source.names.first(where: { !known.contains($0) && !isDerived($0) }) {
            let shape = (try? source.tensor(extra).shape).map { " with shape \($0)" } ?? ""
            throw ModelError(
                "the checkpoint has \(extra)\(shape), which the model lacks: it is of another architecture")
        }
        let head = "lm_head.weight"
        if transformer.isTied, source.contains(head), let embedding = declared.first?.0,
            try source.tensor(head).dequantized() != source.tensor(embedding).dequantized()
        {
            throw ModelError(
                "the checkpoint reads logits with a matrix of its own, \(head), and the model with the token embedding: "
                    + "make the model with isTied: false")
        }
        var copy = transformer
        try copy.fill(from: WeightReader(source, configuration.architecture.family.names, .huggingFace))
        transformer = copy
    }

    /// Whether a checkpoint may hold `name` although the model has no such parameter: masks and angles, which follow
    /// from the sizes, and the token embedding again where it is tied.
    private func isDerived(_ name: String) -> Bool {
        let isTable = [".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"].contains { name.hasSuffix($0) }
        return isTable || (transformer.isTied && name == "lm_head.weight")
    }
}
