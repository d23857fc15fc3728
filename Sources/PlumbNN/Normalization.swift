public import PlumbTensor

/// A normalisation of the residual stream before a block reads it.
public enum Normalization: ParameterTree {
    /// `x / s · weight`, `s = √(mean(x²) + ε)` (Zhang, Sennrich 2019, arXiv:1910.07467).
    case rms(weight: Tensor, epsilon: Float)
    /// `(x - mean) / s · weight + bias`, `s = √(var + ε)` (Ba, Kiros, Hinton 2016, arXiv:1607.06450).
    case layer(weight: Tensor, bias: Tensor, epsilon: Float)

    /// Normalises each row.
    ///
    /// - Shapes: `x` and result `[R, D]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .rms(let weight, let epsilon): x.rmsNormalized(weight: weight, epsilon: epsilon).normalized
        case .layer(let weight, let bias, let epsilon):
            x.layerNormalized(weight: weight, bias: bias, epsilon: epsilon).normalized
        }
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        switch self {
        case .rms(var weight, let epsilon):
            self = .rms(weight: .zeros([0]), epsilon: epsilon)
            visitor("weight", &weight)
            self = .rms(weight: weight, epsilon: epsilon)
        case .layer(var weight, var bias, let epsilon):
            self = .rms(weight: .zeros([0]), epsilon: epsilon)
            visitor("weight", &weight)
            visitor("bias", &bias)
            self = .layer(weight: weight, bias: bias, epsilon: epsilon)
        }
    }
}
