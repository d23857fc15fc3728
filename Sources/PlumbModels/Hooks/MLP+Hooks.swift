internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

extension MLP: HookedModel {
    /// What the perceptron gives. Layer i, from 0, shows its sums at `blocks.i.mlp.hook_pre` and, where a function follows,
    /// that at `blocks.i.mlp.hook_post`; the last layer's sums are the `logits`.
    ///
    /// - Shapes: `x` `[B, …]`; activations `[B, F]`, result `[B, O]`.
    public func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
        var x = x.shape.count == 2 ? x : x.reshaped([x.shape.first ?? 1, layers[0].weight.inputs])
        for (i, layer) in layers.dropLast().enumerated() {
            x = hooks(activation(hooks(layer(x), at: .block(i, .mlpPre))), at: .block(i, .mlpPost))
        }
        return hooks(layers[layers.count - 1](x), at: .logits)
    }
}

extension MLP: SavableModel {
    /// The function between two layers.
    public var traits: [String: String] { ["activation": activation.rawValue] }

    /// The perceptron that the file holds.
    ///
    /// - Throws: ``ModelError`` where the layers do not fit together.
    public init(_ file: ModelFile) throws { self = try file.perceptron() }
}

extension ModelFile {
    /// The perceptron whose layers' names begin with `prefix`, for example `network.`; the function between its layers is the
    /// file's trait `activation`.
    ///
    /// - Throws: ``ModelError`` where the layers do not fit together or the function is none.
    public func perceptron(_ prefix: String = "") throws -> MLP {
        let name = try trait("activation", as: String.self)
        guard let activation = Activation(rawValue: name) else {
            let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelError("there is no function \"\(visible(name, limit: 40))\" between layers: there are \(known)")
        }
        var layers = [try linear("\(prefix)layers.0")]
        while contains("\(prefix)layers.\(layers.count).weight") {
            let inputs = layers[layers.count - 1].weight.outputs
            layers.append(try linear("\(prefix)layers.\(layers.count)", inputs: inputs))
        }
        return MLP(layers, activation: activation)
    }
}
