internal import CPlumbKernels

// Operations over the rows of a tensor: its last axis.

extension Tensor {
    /// The extent of the last axis and the number of rows before it.
    private var rowsAndWidth: (rows: Int, width: Int) {
        guard let width = shape.last else { return (1, 1) }
        return (Tensor.count(of: Array(shape.dropLast())), width)
    }

    /// Root-mean-square normalisation, `y = x / s · weight`, `s = √(mean(x²) + ε)`
    /// (Zhang, Sennrich 2019, arXiv:1910.07467).
    ///
    /// - Shapes: self and `normalized` `[…, D]`, `weight` `[D]`, `scale` `[…, 1]`.
    public func rmsNormalized(weight: Tensor?, epsilon: Float) -> (normalized: Tensor, scale: Tensor) {
        let (rows, width) = rowsAndWidth
        precondition(weight.map { $0.shape == [width] } ?? true, "a norm's weight must be [\(width)]")
        var scale = Tensor.zeros(shape.dropLast() + [1])
        let normalized = Tensor(shape: shape) { y in
            scale.withUnsafeMutableElements { scale in
                withUnsafeElements { x in
                    Tensor.withOptionalElements(weight, nil) { weight, _ in
                        plumb_rms_norm(y.baseAddress, scale.baseAddress, x.baseAddress, weight, rows, width, epsilon)
                    }
                }
            }
        }
        return (normalized, scale)
    }

    /// Layer normalisation, `y = (x - mean) / s · weight + bias`, `s = √(var + ε)`
    /// (Ba, Kiros, Hinton 2016, arXiv:1607.06450).
    ///
    /// - Shapes: self and `normalized` `[…, D]`, `weight` and `bias` `[D]`, `scale` `[…, 1]`.
    public func layerNormalized(
        weight: Tensor?, bias: Tensor?, epsilon: Float
    ) -> (normalized: Tensor, scale: Tensor) {
        let (rows, width) = rowsAndWidth
        precondition(weight.map { $0.shape == [width] } ?? true, "a norm's weight must be [\(width)]")
        precondition(bias.map { $0.shape == [width] } ?? true, "a norm's bias must be [\(width)]")
        var scale = Tensor.zeros(shape.dropLast() + [1])
        let normalized = Tensor(shape: shape) { y in
            scale.withUnsafeMutableElements { scale in
                withUnsafeElements { x in
                    Tensor.withOptionalElements(weight, bias) { weight, bias in
                        plumb_layer_norm(
                            y.baseAddress, scale.baseAddress, x.baseAddress, weight, bias, rows, width, epsilon)
                    }
                }
            }
        }
        return (normalized, scale)
    }

    /// Each row of the last axis as probabilities, `eˣ / Σ eˣ`.
    public func softmax() -> Tensor { rowwise(plumb_softmax) }

    /// Each row of the last axis as log-probabilities, `x - log Σ eˣ`.
    public func logSoftmax() -> Tensor { rowwise(plumb_log_softmax) }

    private func rowwise(
        _ kernel: (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int, Int) -> Void
    ) -> Tensor {
        let (rows, width) = rowsAndWidth
        return Tensor(shape: shape) { y in
            withUnsafeElements { kernel(y.baseAddress, $0.baseAddress, rows, width) }
        }
    }

    /// `gate · sigmoid(gate) · up`, the gated unit of Llama's MLP (Shazeer 2020, arXiv:2002.05202), of a tensor whose
    /// rows hold the gate first and `up` after it.
    ///
    /// - Shapes: self `[R, 2F]`; result `[R, F]`.
    public func gatedSilu() -> Tensor {
        let (rows, width) = rowsAndWidth
        precondition(shape.count == 2 && width % 2 == 0, "gated SiLU needs [R, 2F], got \(shape)")
        let half = width / 2
        return Tensor(shape: [rows, half]) { y in
            withUnsafeElements { x in
                guard let gate = x.baseAddress else { return }
                plumb_silu_multiply(y.baseAddress, half, gate, width, gate + half, width, rows, half)
            }
        }
    }

    /// The sum of all elements, accumulated in double.
    public func sum() -> Double { withUnsafeElements { plumb_sum($0.baseAddress, $0.count) } }

    /// The inner product with a tensor of the same shape, accumulated in double.
    public func dot(_ other: Tensor) -> Double {
        precondition(shape == other.shape, "dot needs equal shapes, got \(shape) and \(other.shape)")
        return withUnsafeElements { a in
            other.withUnsafeElements { plumb_dot(a.baseAddress, $0.baseAddress, a.count) }
        }
    }

    /// The Euclidean norm.
    public func norm() -> Double { dot(self).squareRoot() }

    /// The position of the largest element; the first of equals. NaN never wins.
    public func argmax() -> Int {
        precondition(count > 0, "argmax needs an element, got shape \(shape)")
        return withUnsafeElements { x in
            var best = 0
            for index in x.indices where x[index] > x[best] || x[best].isNaN { best = index }
            return best
        }
    }
}
