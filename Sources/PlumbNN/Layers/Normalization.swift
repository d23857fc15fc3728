internal import PlumbBasics
public import PlumbTensor

/// A normalization of rows: layer normalization, `(x - mean) / √(var + ε) · weight + bias` over the last axis (Ba, Kiros,
/// Hinton 2016, arXiv:1607.06450), or root-mean-square normalization, `x / √(mean(x²) + ε) · weight` (Zhang, Sennrich
/// 2019, arXiv:1910.07467).
///
/// - Shapes: `weight` and `bias` `[D]`; input and result `[…, D]`.
public struct Normalization: ParameterTree {
    /// What rows are divided by, and whether they are centered first.
    public enum Kind: String, Sendable, Codable {
        /// The standard deviation, after the mean is taken off.
        case layer
        /// The root of the mean square.
        case rms
    }

    /// What rows are divided by, and whether they are centered first.
    public let kind: Kind
    /// What each normalized feature is multiplied by, `[D]`.
    public var weight: Tensor
    /// What is added to each feature then, `[D]`; nil for nothing.
    public var bias: Tensor?
    /// ε, added to the variance or the mean square, in the square of the input's unit.
    public let epsilon: Float

    /// A layer of given weights.
    ///
    /// - Precondition: the bias is `[D]` as the weight is; root-mean-square normalization has none.
    public init(_ kind: Kind, weight: Tensor, bias: Tensor? = nil, epsilon: Float) {
        require(
            weight.shape.count == 1 && bias.map { $0.shape == weight.shape } ?? true,
            "a norm needs a weight [D] and a bias [D], got \(weight.shape) and \(bias?.shape ?? [])")
        require(kind == .layer || bias == nil, "root-mean-square normalization has no bias")
        (self.kind, self.weight, self.bias, self.epsilon) = (kind, weight, bias, epsilon)
    }

    /// A new layer, which at first only normalizes; layer normalization has a bias unless it is told not to.
    public init(_ kind: Kind, width: Int, bias: Bool = true, epsilon: Float = 1e-5) {
        self.init(
            kind, weight: Tensor(repeating: 1, shape: [width]),
            bias: kind == .layer && bias ? .zeros([width]) : nil, epsilon: epsilon)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
    }

    /// Normalizes each row.
    ///
    /// - Shapes: `x` and result `[…, D]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch kind {
        case .rms: x.rmsNormalized(weight: weight, epsilon: epsilon).normalized
        case .layer: x.layerNormalized(weight: weight, bias: bias, epsilon: epsilon).normalized
        }
    }

    /// Each row normalized, without weight and bias, and what it was divided by.
    ///
    /// - Shapes: `x` and `normalized` `[…, D]`, `scale` `[…, 1]`.
    public func unweighted(_ x: Tensor) -> (normalized: Tensor, scale: Tensor) {
        switch kind {
        case .rms: x.rmsNormalized(weight: nil, epsilon: epsilon)
        case .layer: x.layerNormalized(weight: nil, bias: nil, epsilon: epsilon)
        }
    }

    /// Rows divided by a scale of the caller's, centered first as the kind has it.
    ///
    /// - Shapes: `x` and result `[R, D]`, `scale` `[R, 1]`.
    public func unweighted(_ x: Tensor, dividedBy scale: Tensor) -> Tensor {
        (kind == .layer ? x - x.mean(axis: -1, keepingAxis: true) : x) / scale
    }

    /// Normalized rows times the weight, plus the bias.
    ///
    /// - Shapes: `x` and result `[…, D]`.
    public func weighted(_ x: Tensor) -> Tensor { bias.map { x * weight + $0 } ?? x * weight }
}

extension Normalization {
    /// Gradients at normalized rows (before the weight), carried back to the rows that were normalized, many at once.
    ///
    /// With `n = x / s`: `(g - n · mean(g · n)) / s`, and for layer normalization, which also centers, less its mean.
    ///
    /// - Parameters:
    ///   - gradients: for each of N functions of the rows, its gradient.
    ///   - normalized: the rows after normalization.
    ///   - scale: what they were divided by.
    /// - Shapes: `gradients` and result `[N, T · D]`, `normalized` `[T, D]`, `scale` `[T, 1]`.
    public func carriedBack(_ gradients: Tensor, normalized: Tensor, scale: Tensor) -> Tensor {
        let (count, width) = (normalized.shape[0], normalized.shape[1])
        require(
            scale.count == count && gradients.count % max(1, count * width) == 0,
            "gradients \(gradients.shape) and scales \(scale.shape) do not fit rows \(normalized.shape)")
        return Tensor(shape: gradients.shape) { result in
            gradients.withUnsafeElements { gradients in
                normalized.withUnsafeElements { rows in
                    scale.withUnsafeElements { scales in
                        for row in 0..<gradients.count / max(1, width) {
                            let position = row % count
                            let (g, n) = (row * width, position * width)
                            var (along, mean) = (0.0, 0.0)
                            for column in 0..<width {
                                along += Double(gradients[g + column]) * Double(rows[n + column])
                                if kind == .layer { mean += Double(gradients[g + column]) }
                            }
                            let (slope, shift) = (Float(along / Double(width)), Float(mean / Double(width)))
                            let divisor = scales[position]
                            for column in 0..<width {
                                result[g + column] =
                                    (gradients[g + column] - rows[n + column] * slope - shift) / divisor
                            }
                        }
                    }
                }
            }
        }
    }
}
