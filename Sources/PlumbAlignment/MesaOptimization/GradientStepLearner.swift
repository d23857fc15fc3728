public import PlumbTensor

/// One step of gradient descent from weights of zero on the squared error of the examples, `½ Σ (w · xᵢ - yᵢ)²`: the
/// learner that a layer of linear attention becomes.
///
/// The gradient at 0 is `-Σ yᵢ xᵢ`, so the step of length η predicts `η Σ yᵢ xᵢ · x`.
public struct GradientStepLearner: Sendable, Equatable {
    /// η, for the sum over examples; N times as much for their mean.
    public var stepSize: Double

    /// A learner whose step has the length η.
    public init(stepSize: Double) { self.stepSize = stepSize }

    /// The weights after the step.
    ///
    /// - Shapes: `tokens` `[B, N, D + 1]`; result `[B, D]`.
    public func weights(_ tokens: Tensor) -> Tensor {
        let (tasks, width) = (tokens.shape[0], tokens.shape[2])
        let x = tokens.columns(0..<width - 1)
        let y = tokens.columns(width - 1..<width)
        return y.batchedTransposedMatmul(x).reshaped([tasks, width - 1]) * Float(stepSize)
    }

    /// What the weights after the step predict.
    ///
    /// - Shapes: `tokens` `[B, N, D + 1]`, `queries` `[B, D + 1]`; result `[B]`.
    public func callAsFunction(_ tokens: Tensor, queries: Tensor) -> Tensor {
        (weights(tokens) * queries.columns(0..<queries.shape[1] - 1)).summed(axis: 1)
    }
}

/// The expected loss of one gradient step, in closed form.
///
/// Let S = Σ xᵢ xᵢᵀ, and s the variance of an input, r² / 12 for inputs uniform in ±r/2, whose fourth moment is r⁴ / 80.
/// The step predicts η wᵀ S x where wᵀ x is right. With E w wᵀ = I and E x xᵀ = s I the squared error is
///
/// `E (wᵀ (η S - I) x)² = s E tr (η S - I)² = s (η² E tr S² - 2 η E tr S + D)`.
///
/// E tr S = N D s. In tr S² = Σᵢⱼ (xᵢ · xⱼ)² the N terms with i = j give E |x|⁴ = D r⁴ / 80 + D (D - 1) s² each, and the
/// N (N - 1) others D s² each. The parabola in η is least at `η* = E tr S / E tr S²`.
extension InContextRegression {
    /// s, the variance of an input.
    public var inputVariance: Double { inputRange * inputRange / 12 }

    /// E tr S.
    private var trace: Double { Double(examples * inputs) * inputVariance }

    /// E tr S².
    private var traceOfSquare: Double {
        let (n, d, s) = (Double(examples), Double(inputs), inputVariance)
        let fourth = inputRange * inputRange * inputRange * inputRange / 80
        return n * (d * fourth + d * (d - 1) * s * s) + n * (n - 1) * d * s * s
    }

    /// η*, the learning rate of the least expected loss.
    public var optimalStepSize: Double { trace / traceOfSquare }

    /// Half the expected squared error of one step of length η.
    public func expectedHalfLoss(stepSize: Double) -> Double {
        inputVariance * (stepSize * stepSize * traceOfSquare - 2 * stepSize * trace + Double(inputs)) / 2
    }

    /// Half the expected squared error of the best step.
    public var optimalHalfLoss: Double { expectedHalfLoss(stepSize: optimalStepSize) }

    /// Half the expected squared error of always predicting 0.
    public var zeroHalfLoss: Double { expectedHalfLoss(stepSize: 0) }
}
