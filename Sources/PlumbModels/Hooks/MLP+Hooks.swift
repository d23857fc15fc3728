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
