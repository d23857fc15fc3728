internal import PlumbNN
internal import PlumbTensor

// Every parameter under the name it has in Hugging Face's checkpoints of the architecture.

extension Transformer: ParameterTree {
    mutating func visit(_ visitor: inout ParameterVisitor) {
        // Let go of meanwhile, so that writing to the embedding copies nothing.
        if isTied { unembedding.weight = Weight(.zeros([0, 0])) }
        switch configuration.architecture {
        case "llama": visitLlama(&visitor)
        default: visitGPT2(&visitor)
        }
        if isTied {
            unembedding.weight = tokenEmbedding
        } else {
            visitor("lm_head.weight", &unembedding.weight)
        }
        visitor("lm_head.bias", &unembedding.bias)
    }

    private mutating func visitLlama(_ visitor: inout ParameterVisitor) {
        visitor.group("model") { visitor in
            visitor("embed_tokens.weight", &tokenEmbedding)
            visitor.group("layers") { visitor in
                for i in blocks.indices { visitor.group(String(i)) { blocks[i].visitLlama(&$0) } }
            }
            visitor("norm", &finalNorm)
        }
    }

    private mutating func visitGPT2(_ visitor: inout ParameterVisitor) {
        visitor.group("transformer") { visitor in
            visitor("wte.weight", &tokenEmbedding)
            visitor("wpe.weight", &positionEmbedding)
            visitor.group("h") { visitor in
                for i in blocks.indices { visitor.group(String(i)) { blocks[i].visitGPT2(&$0) } }
            }
            visitor("ln_f", &finalNorm)
        }
    }
}

extension TransformerBlock {
    fileprivate mutating func visitLlama(_ visitor: inout ParameterVisitor) {
        visitor("input_layernorm", &ln1)
        visitor.group("self_attn") { visitor in
            let (heads, groups) = (attention.core.heads, attention.core.keyValueHeads)
            visitor.visit(
                &attention.qkv, as: ["q_proj", "k_proj", "v_proj"],
                outputs: [heads, groups, groups].map { $0 * attention.core.headWidth })
            visitor.visit(&attention.output, as: ["o_proj"], outputs: [attention.output.weight.outputs])
        }
        visitor("post_attention_layernorm", &ln2)
        guard case .gatedSilu(var gateUp, var down) = mlp else { return }
        mlp = .absent
        visitor.group("mlp") { visitor in
            let half = gateUp.weight.outputs / 2
            visitor.visit(&gateUp, as: ["gate_proj", "up_proj"], outputs: [half, half])
            visitor("down_proj", &down)
        }
        mlp = .gatedSilu(gateUp: gateUp, down: down)
    }

    fileprivate mutating func visitGPT2(_ visitor: inout ParameterVisitor) {
        visitor("ln_1", &ln1)
        visitor.group("attn") { visitor in
            visitor("c_attn", &attention.qkv)
            visitor("c_proj", &attention.output)
        }
        guard case .gelu(var up, var down) = mlp else { return }
        visitor("ln_2", &ln2)
        mlp = .absent
        visitor.group("mlp") { visitor in
            visitor("c_fc", &up)
            visitor("c_proj", &down)
        }
        mlp = .gelu(up: up, down: down)
    }
}

extension ParameterVisitor {
    /// Shows a layer that fuses several, each by its own name.
    fileprivate mutating func visit(_ layer: inout Linear, as names: [String], outputs: [Int]) {
        if layer.weight.partCount != names.count { layer.weight = layer.weight.divided(outputs) }
        var biases: [Tensor] = []
        var first = 0
        for (index, name) in names.enumerated() {
            self("\(name).weight", &layer.weight, part: index)
            guard let bias = layer.bias else { continue }
            var part = bias[first..<first + outputs[index]]
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
