internal import PlumbNN
internal import PlumbTensor

// Every parameter under the name that its family's table gives it.

extension Transformer: ParameterTree {
    mutating func visit(_ visitor: inout ParameterVisitor) { visit(&visitor, .huggingFace) }

    /// Shows every parameter by its name in one kind of file.
    mutating func visit(_ visitor: inout ParameterVisitor, _ dialect: TensorNames.Dialect) {
        let names = configuration.architecture.family.names
        visitEnds(&visitor, dialect, isFirst: true)
        visitor.group(names.blocks(dialect)) { visitor in
            for i in blocks.indices { visitor.group(String(i)) { blocks[i].visit(&$0, names, dialect) } }
        }
        visitEnds(&visitor, dialect, isFirst: false)
    }

    /// Shows what is not in a block.
    mutating func visitEnds(_ visitor: inout ParameterVisitor, _ dialect: TensorNames.Dialect) {
        visitEnds(&visitor, dialect, isFirst: true)
        visitEnds(&visitor, dialect, isFirst: false)
    }

    /// Shows what comes before the blocks, or after them.
    private mutating func visitEnds(
        _ visitor: inout ParameterVisitor, _ dialect: TensorNames.Dialect, isFirst: Bool
    ) {
        let names = configuration.architecture.family.names
        func name(_ part: TensorNames.Part) -> String { names[part, dialect] ?? "\(part)" }
        guard !isFirst else {
            // A tied head lets go of the embedding meanwhile, so that writing to it copies nothing.
            if isTied { unembedding.weight = Weight(.zeros([0, 0])) }
            visitor("\(name(.tokenEmbedding)).weight", &tokenEmbedding)
            if isTied { unembedding.weight = tokenEmbedding }
            guard var positions = positionEmbedding.take() else { return }
            visitor("\(name(.positionEmbedding)).weight", &positions)
            positionEmbedding = positions
            return
        }
        visitor(name(.finalNorm), &finalNorm)
        if !isTied { visitor("\(name(.unembedding)).weight", &unembedding.weight) }
        visitor("\(name(.unembedding)).bias", &unembedding.bias)
    }
}

extension TransformerBlock {
    mutating func visit(_ visitor: inout ParameterVisitor, _ names: TensorNames, _ dialect: TensorNames.Dialect) {
        func name(_ part: TensorNames.Part) -> String { names[part, dialect] ?? "\(part)" }
        let core = attention.core
        visitor.visit(&ln1, as: name(.ln1))
        let (heads, groups) = (core.heads * core.headWidth, core.keyValueHeads * core.headWidth)
        if let fused = names[.queryKeyValue, dialect] {
            visitor.visit(&attention.qkv, as: [fused], outputs: [heads + 2 * groups])
        } else {
            visitor.visit(
                &attention.qkv, as: [name(.query), name(.key), name(.value)], outputs: [heads, groups, groups])
        }
        visitor.visit(&attention.queryNorm, as: name(.queryNorm))
        visitor.visit(&attention.keyNorm, as: name(.keyNorm))
        visitor.visit(&attention.output, as: [name(.attentionOutput)], outputs: [attention.output.weight.outputs])
        visitor.visit(&ln1Post, as: name(.ln1Post))
        visitor.visit(&ln2, as: name(.ln2))
        if var feedForward = mlp.take() {
            let width = feedForward.output.weight.inputs
            if let fused = names[.gateUp, dialect] {
                visitor.visit(&feedForward.input, as: [fused], outputs: [2 * width])
            } else if feedForward.isGated {
                visitor.visit(&feedForward.input, as: [name(.gate), name(.up)], outputs: [width, width])
            } else {
                visitor.visit(&feedForward.input, as: [name(.up)], outputs: [width])
            }
            visitor.visit(&feedForward.norm, as: name(.neuronNorm))
            visitor.visit(&feedForward.output, as: [name(.down)], outputs: [feedForward.output.weight.outputs])
            mlp = feedForward
        }
        visitor.visit(&ln2Post, as: name(.ln2Post))
    }
}

extension ParameterVisitor {
    /// Shows a norm that a block may lack.
    fileprivate mutating func visit(_ norm: inout Normalization?, as name: String) {
        guard var shown = norm.take() else { return }
        self(name, &shown)
        norm = shown
    }

    /// Shows a layer that fuses several, each by its own name.
    fileprivate mutating func visit(_ layer: inout Linear, as names: [String], outputs: [Int]) {
        if layer.weight.partCount != names.count { layer.weight = layer.weight.divided(outputs) }
        var biases: [Tensor] = []
        var first = 0
        for (index, name) in names.enumerated() {
            self("\(name).weight", &layer.weight, part: index)
            guard let bias = layer.bias else { continue }
            var part = names.count == 1 ? bias : bias[first..<first + outputs[index]]
            first += outputs[index]
            self("\(name).bias", &part)
            biases.append(part)
        }
        if layer.bias != nil { layer.bias = Tensor.concatenated(biases) }
    }
}

extension Weight {
    /// The same matrix in parts of these outputs.
    fileprivate func divided(_ outputs: [Int]) -> Weight {
        let whole = tensor()
        var first = 0
        return Weight(
            outputs.map { count in
                defer { first += count }
                return .tensor(whole[first..<first + count])
            })
    }
}
