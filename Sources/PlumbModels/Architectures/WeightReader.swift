internal import PlumbData
internal import PlumbNN
internal import PlumbTensor

/// Takes a model's weights out of a file by name, refusing any whose shape is not the one the configuration promises.
struct WeightReader {
    let source: any TensorSource
    let names: TensorNames
    let dialect: TensorNames.Dialect
    /// Whether the file leaves out the first part of names, as the hub's "gpt2" does.
    private let lacksPrefix: Bool
    /// What the file has in place of the first component of names, as models of text and images do.
    private let prefix: (ours: String, theirs: String)?

    init(_ source: any TensorSource, _ names: TensorNames, _ dialect: TensorNames.Dialect) {
        (self.source, self.names, self.dialect) = (source, names, dialect)
        let embedding = (names[.tokenEmbedding, dialect] ?? "") + ".weight"
        let short = embedding.dropFirst(names.optionalPrefix.count)
        lacksPrefix =
            dialect == .huggingFace && !names.optionalPrefix.isEmpty && !source.contains(embedding)
            && source.contains(String(short))
        let first = (names[.tokenEmbedding, dialect] ?? "").prefix { $0 != "." }
        let other = names.otherPrefixes.first { source.contains($0 + embedding.dropFirst(first.count)) }
        prefix = dialect == .huggingFace ? other.map { (ours: String(first), theirs: $0) } : nil
    }

    /// The name that the file gives a tensor.
    private func stored(_ name: String) -> String {
        if lacksPrefix, name.hasPrefix(names.optionalPrefix) {
            return String(name.dropFirst(names.optionalPrefix.count))
        }
        if let other = names.otherHead, dialect == .huggingFace,
            name == names[.unembedding, dialect].map({ "\($0).weight" }),
            !source.contains(name), source.contains("\(other).weight")
        {
            return "\(other).weight"
        }
        guard let prefix, name.hasPrefix(prefix.ours + ".") else { return name }
        return prefix.theirs + name.dropFirst(prefix.ours.count)
    }

    /// Refuses a tensor that no part of the model reads: the model would be another.
    ///
    /// - Parameter read: the names of all that was read, by the family's table.
    func checkNothingIsLeft(_ read: [String], isTied: Bool) throws {
        var known = Set(read.map(stored))
        if isTied, let head = names[.unembedding, dialect] { known.formUnion(["\(head).weight", "lm_head.weight"]) }
        let derived = [
            ".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", "inv_freq", "position_ids",
        ]
        guard
            let extra = source.names.first(where: { name in
                !known.contains(name) && !derived.contains(where: name.hasSuffix) && !name.hasPrefix("rope_f")
                    && !names.ignoredPrefixes.contains(where: name.hasPrefix)
            })
        else { return }
        throw ModelError("the weights hold \(extra), which a model of this configuration has not")
    }

    /// Whether the file has a tensor, by the name of the family's table.
    func contains(_ name: String) -> Bool { source.contains(stored(name)) }

    /// Whether the file has the weight of a part outside the blocks.
    func contains(_ part: TensorNames.Part) -> Bool { names[part, dialect].map { contains("\($0).weight") } ?? false }

    /// Whether the file has a bias for a part of block `index`.
    func storesBias(_ part: TensorNames.Part, block index: Int) -> Bool {
        names[part, dialect].map { contains("\(names.blocks(dialect)).\(index).\($0).bias") } ?? false
    }

    /// A stored tensor, whatever its shape.
    func tensor(_ name: String) throws -> StoredTensor { try source.tensor(stored(name)) }

    /// The weight of a part outside the blocks.
    func weight(_ part: TensorNames.Part) throws -> StoredTensor {
        try tensor((names[part, dialect] ?? "") + ".weight")
    }

    /// The number of rows that a part outside the blocks has.
    func rows(_ part: TensorNames.Part) throws -> Int { try weight(part).shape.first ?? 0 }

    /// Refuses weights of more layers than the configuration promises: a model without its last ones would be another.
    func checkLayers(_ layers: Int) throws {
        let prefix = stored("\(names.blocks(dialect)).\(layers).")
        guard let name = source.names.first(where: { $0.hasPrefix(prefix) }) else { return }
        throw ModelError("the weights hold \(name), but the configuration has \(layers) layers, counted from 0")
    }

    /// A stored tensor of exactly `shape`.
    func tensor(_ name: String, _ shape: [Int]) throws -> StoredTensor {
        let tensor = try tensor(name)
        guard tensor.shape == shape else {
            throw ModelError("\(stored(name)) has shape \(tensor.shape), but the configuration needs \(shape)")
        }
        return tensor
    }

    /// Whether the stored head is the token embedding again.
    func hasTiedHead() throws -> Bool {
        let (head, embedding) = (try weight(.unembedding), try weight(.tokenEmbedding))
        guard head.shape == embedding.shape else { return false }
        guard head.elementType == embedding.elementType else { return head.dequantized() == embedding.dequantized() }
        return head.bytes == embedding.bytes
    }

    /// A vector in float32.
    func vector(_ name: String, _ count: Int) throws -> Tensor { try tensor(name, [count]).dequantized() }
}

extension Transformer {
    /// A model whose tensors are those of a file: built empty, and filled by the visitor of its parameters. Nothing is
    /// allocated by a size that a tensor of the file has not confirmed.
    ///
    /// - Throws: ``ModelError`` naming the first tensor that is missing or has another shape.
    init(_ description: TransformerDescription, from reader: WeightReader) throws {
        let layers = description.sizes.layers
        try reader.checkLayers(layers)
        self.init(withoutBlocks: description, isNew: false)
        if description.design.hasHeadBias {
            unembedding.bias = .zeros([try reader.rows(isTied ? .tokenEmbedding : .unembedding)])
        }
        let filling = Filling(reader: reader, description: description)
        var read = try filling.run { visitEnds(&$0, reader.dialect) }
        for index in 0..<layers {
            var block = TransformerBlock(description, index: index) { reader.storesBias($0, block: index) }
            read += try filling.run { visitor in
                visitor.group(reader.names.blocks(reader.dialect)) { visitor in
                    visitor.group(String(index)) { block.visit(&$0, reader.names, reader.dialect) }
                }
            }
            blocks.append(block)
        }
        try reader.checkNothingIsLeft(read, isTied: isTied)
    }

    /// Takes every parameter from a file; the model keeps its parts and their layout.
    ///
    /// - Throws: ``ModelError`` naming the first tensor that is missing or has another shape.
    mutating func fill(from reader: WeightReader) throws {
        let filling = Filling(
            reader: reader, description: TransformerDescription(sizes: configuration, design: design))
        _ = try filling.run { visit(&$0, reader.dialect) }
    }
}

/// Replaces parameters by the tensors of a file.
struct Filling {
    let reader: WeightReader
    let description: TransformerDescription

    /// The names of what was filled.
    func run(_ visit: (inout ParameterVisitor) -> Void) throws -> [String] {
        var failure: (any Error)?
        var names: [String] = []
        func attempt(_ body: () throws -> Void) {
            guard failure == nil else { return }
            do { try body() } catch { failure = error }
        }
        withoutActuallyEscaping(attempt) { attempt in
            var visitor = ParameterVisitor(
                fillingTensors: { path, tensor in
                    names.append(path.description)
                    attempt { try fill(&tensor, path.description) }
                },
                weights: { path, part in
                    names.append(path.description)
                    attempt { try fill(&part, path.description) }
                })
            visit(&visitor)
        }
        if let failure { throw failure }
        return names
    }

    private func order(_ name: String) -> (part: TensorNames.Part?, rows: [Int]?) {
        guard let part = reader.names.part(of: name, reader.dialect) else { return (nil, nil) }
        return (part, description.sizes.architecture.family.rowOrder(part, reader.dialect, description))
    }

    private func fill(_ tensor: inout Tensor, _ name: String) throws {
        // A missing bias beside those of the layers that it is fused with counts as zero.
        let part = order(name)
        if name.hasSuffix(".bias"), !reader.contains(name), part.part?.isFused ?? false,
            description.design.biases == .asStored
        {
            return
        }
        let stored = try reader.vector(name, tensor.count)
        tensor = part.rows.map { stored.gathered($0) } ?? stored
        if reader.dialect == .huggingFace, reader.names.storesGainsLessOne, part.part?.isNorm ?? false {
            tensor = tensor + 1
        }
    }

    private func fill(_ part: inout Weight.Part, _ name: String) throws {
        let (role, rows) = order(name)
        let isTransposed = reader.dialect == .huggingFace && role.map(reader.names.transposed.contains) ?? false
        let shape = isTransposed ? [part.inputs, part.outputs] : [part.outputs, part.inputs]
        let stored = try reader.tensor(name, shape)
        if isTransposed {
            part = .transposed(stored.dequantized())
        } else {
            part = .stored(try rows.map { try stored.selectingRows($0) } ?? stored)
        }
    }
}

extension TensorNames.Part {
    /// Whether the part is one of several layers in one product.
    fileprivate var isFused: Bool { [.query, .key, .value, .gate, .up, .gateUp].contains(self) }
}
