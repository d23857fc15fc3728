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
    public init(_ file: ModelFile) throws {
        let name = try file.trait("activation", as: String.self)
        guard let activation = Activation(rawValue: name) else {
            let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelError("there is no function \"\(visible(name, limit: 40))\" between layers: there are \(known)")
        }
        var layers = [try file.linear("layers.0")]
        while file.contains("layers.\(layers.count).weight") {
            let inputs = layers[layers.count - 1].weight.outputs
            layers.append(try file.linear("layers.\(layers.count)", inputs: inputs))
        }
        self.init(layers, activation: activation)
    }
}
