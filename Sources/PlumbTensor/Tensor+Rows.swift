internal import CPlumbKernels
internal import PlumbBasics

// Operations over the rows of a tensor: its last axis.

extension Tensor {
    /// The extent of the last axis and the number of rows before it.
    var rowsAndWidth: (rows: Int, width: Int) {
        guard let width = shape.last else { return (1, 1) }
        return (Tensor.count(of: shape.dropLast()), width)
    }

    /// Each row of the last axis as probabilities, `eˣ / Σ eˣ`.
    ///
    /// - Shapes: self and result `[…, D]`.
    public func softmax() -> Tensor {
        let result = rowwise(plumb_softmax)
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { y, dy, into in
            guard into.writesInPlace else {
                return into.add(y * (dy - (y * dy).summed(axis: -1, keepingAxis: true)), to: trace)
            }
            into.add(y.rowwise(with: dy, plumb_softmax_backward), to: trace)
        }
    }

    /// Each row of the last axis as log-probabilities, `x - log Σ eˣ`.
    ///
    /// - Shapes: self and result `[…, D]`.
    public func logSoftmax() -> Tensor {
        let result = rowwise(plumb_log_softmax)
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { y, dy, into in
            guard into.writesInPlace else {
                return into.add(dy - y.exp() * dy.summed(axis: -1, keepingAxis: true), to: trace)
            }
            into.add(y.rowwise(with: dy, plumb_log_softmax_backward), to: trace)
        }
    }

    private func rowwise(
        _ kernel: (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int, Int) -> Void
    ) -> Tensor {
        let (rows, width) = rowsAndWidth
        return Tensor(shape: shape) { y in
            withUnsafeElements { kernel(y.baseAddress, $0.baseAddress, rows, width) }
        }
    }

    private func rowwise(
        with other: Tensor,
        _ kernel: (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int) -> Void
    ) -> Tensor {
        let (rows, width) = rowsAndWidth
        return Tensor(shape: shape) { y in
            withUnsafeElements { a in
                other.withUnsafeElements { kernel(y.baseAddress, a.baseAddress, $0.baseAddress, rows, width) }
            }
        }
    }

    /// `gate · sigmoid(gate) · up`, the gated unit of Llama's MLP (Shazeer 2020, arXiv:2002.05202), of a tensor whose
    /// rows hold the gate first and `up` after it.
    ///
    /// - Shapes: self `[R, 2F]`; result `[R, F]`.
    public func gatedSilu() -> Tensor {
        let (rows, width) = rowsAndWidth
        require(shape.count == 2 && width % 2 == 0, "gated SiLU needs [R, 2F], got \(shape)")
        let half = width / 2
        let result = Tensor(shape: [rows, half]) { y in
            withUnsafeElements { x in
                guard let gate = x.baseAddress else { return }
                plumb_silu_multiply(y.baseAddress, half, gate, width, gate + half, width, rows, half)
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { dy, into in
            guard into.writesInPlace else {
                let gate = columns(0..<half)
                let (_, slope) = valueWithPullback(at: gate, seed: { _ in dy * columns(half..<width) }) { $0.silu() }
                return into.add(Tensor.concatenated([slope, dy * gate.silu()], axis: 1), to: trace)
            }
            into.add(gatedSiluGradient(dy), to: trace)
        }
    }

    private func gatedSiluGradient(_ dy: Tensor) -> Tensor {
        let (rows, width) = rowsAndWidth
        let half = width / 2
        return Tensor(shape: shape) { dx in
            withUnsafeElements { x in
                dy.withUnsafeElements { dy in
                    guard let gate = x.baseAddress, let dgate = dx.baseAddress else { return }
                    plumb_silu_multiply_backward(
                        dgate, width, dgate + half, width, gate, width, gate + half, width, dy.baseAddress, half, rows,
                        half)
                }
            }
        }
    }

    /// The sum of all elements, accumulated in double. A plain number, through which no gradient flows: ``summed()``
    /// is the operation.
    public func sum() -> Double { withUnsafeElements { plumb_sum($0.baseAddress, $0.count) } }

    /// The inner product with a tensor of the same shape, accumulated in double. A plain number.
    public func dot(_ other: Tensor) -> Double {
        require(shape == other.shape, "dot needs equal shapes, got \(shape) and \(other.shape)")
        return withUnsafeElements { a in
            other.withUnsafeElements { plumb_dot(a.baseAddress, $0.baseAddress, a.count) }
        }
    }

    /// The Euclidean norm. A plain number.
    public func norm() -> Double { dot(self).squareRoot() }

    /// Whether every element is a finite number.
    public var isFinite: Bool { withUnsafeElements { plumb_all_finite($0.baseAddress, $0.count) != 0 } }

    /// The position of the largest element; the first of equals. NaN never wins.
    public func argmax() -> Int {
        require(count > 0, "argmax needs an element, got shape \(shape)")
        return withUnsafeElements { x in
            var best = 0
            for index in x.indices where x[index] > x[best] || x[best].isNaN { best = index }
            return best
        }
    }

    /// The position of the largest element of each row of the last axis, the first of equals.
    ///
    /// - Shapes: self `[…, D]`; one position for each row.
    public func argmaxOfRows() -> [Int] {
        let (rows, width) = rowsAndWidth
        require(width > 0, "argmaxOfRows needs an element in each row, got shape \(shape)")
        return withUnsafeElements { x in
            (0..<rows).map { row in
                var best = row * width
                for i in best..<best + width where x[i] > x[best] || x[best].isNaN { best = i }
                return best - row * width
            }
        }
    }
}
