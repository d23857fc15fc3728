public import PlumbTensor

/// Layer normalisation, `(x - mean) / √(var + ε) · weight + bias` over the last axis (Ba, Kiros, Hinton 2016,
/// arXiv:1607.06450).
///
/// - Shapes: `weight` and `bias` `[D]`; input and result `[…, D]`.
public struct LayerNorm: ParameterTree {
    /// What each normalised feature is multiplied by, `[D]`.
    public var weight: Tensor
    /// What is added to each feature then, `[D]`.
    public var bias: Tensor
    /// ε, added to the variance, in the square of the input's unit.
    public var epsilon: Float

    /// A new layer, which at first only normalises.
    public init(width: Int, epsilon: Float = 1e-5) {
        (weight, bias) = (Tensor(repeating: 1, shape: [width]), .zeros([width]))
        self.epsilon = epsilon
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
    }

    /// Normalises each row.
    ///
    /// - Shapes: `x` and result `[…, D]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        Normalization.layer(weight: weight, bias: bias, epsilon: epsilon)(x)
    }
}

/// Root-mean-square normalisation, `x / √(mean(x²) + ε) · weight` over the last axis (Zhang, Sennrich 2019,
/// arXiv:1910.07467).
///
/// - Shapes: `weight` `[D]`; input and result `[…, D]`.
public struct RMSNorm: ParameterTree {
    /// What each normalised feature is multiplied by, `[D]`.
    public var weight: Tensor
    /// ε, added to the mean square, in the square of the input's unit.
    public var epsilon: Float

    /// A new layer, which at first only normalises.
    public init(width: Int, epsilon: Float = 1e-5) {
        weight = Tensor(repeating: 1, shape: [width])
        self.epsilon = epsilon
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("weight", &weight) }

    /// Normalises each row.
    ///
    /// - Shapes: `x` and result `[…, D]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { Normalization.rms(weight: weight, epsilon: epsilon)(x) }
}
