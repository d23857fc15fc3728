internal import PlumbBasics

// Products of many small matrices, each by its own partner: three forms, each the others' gradient.
//
// The matrices are too small to be worth packing for the large kernel. Sums run over K in order, so the bits of a matrix
// depend on its own factors alone.

extension Tensor {
    /// `aᵢ · bᵢ` for each i of the first axis.
    ///
    /// - Shapes: self `[B, M, K]`, `b` `[B, K, N]`; result `[B, M, N]`.
    public func batchedMatmul(_ b: Tensor) -> Tensor {
        require(
            shape.count == 3 && b.shape.count == 3 && shape[0] == b.shape[0] && shape[2] == b.shape[1],
            "batchedMatmul cannot multiply \(shape) by \(b.shape)")
        let (rows, inner, columns) = (shape[1], shape[2], b.shape[2])
        let y = eachProduct(b, [shape[0], rows, columns]) { y, a, b in
            for m in 0..<rows {
                for k in 0..<inner {
                    accumulate(b + k * columns, times: a[m * inner + k], to: y + m * columns, columns)
                }
            }
        }
        guard let tape = Tape.recording(self, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(dy.batchedMatmul(transposed: b), to: trace)
            into.add(batchedTransposedMatmul(dy), to: b.trace)
        }
    }

    /// `aᵢ · bᵢᵀ` for each i of the first axis.
    ///
    /// - Shapes: self `[B, M, K]`, `b` `[B, N, K]`; result `[B, M, N]`.
    public func batchedMatmul(transposed b: Tensor) -> Tensor {
        require(
            shape.count == 3 && b.shape.count == 3 && shape[0] == b.shape[0] && shape[2] == b.shape[2],
            "batchedMatmul(transposed:) cannot multiply \(shape) by the transposes of \(b.shape)")
        let (rows, inner, columns) = (shape[1], shape[2], b.shape[1])
        let y = eachProduct(b, [shape[0], rows, columns]) { y, a, b in
            for m in 0..<rows {
                for n in 0..<columns {
                    var sum: Float = 0
                    for k in 0..<inner { sum += a[m * inner + k] * b[n * inner + k] }
                    y[m * columns + n] = sum
                }
            }
        }
        guard let tape = Tape.recording(self, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(dy.batchedMatmul(b), to: trace)
            into.add(dy.batchedTransposedMatmul(self), to: b.trace)
        }
    }

    /// `aᵢᵀ · bᵢ` for each i of the first axis.
    ///
    /// - Shapes: self `[B, K, M]`, `b` `[B, K, N]`; result `[B, M, N]`.
    public func batchedTransposedMatmul(_ b: Tensor) -> Tensor {
        require(
            shape.count == 3 && b.shape.count == 3 && shape[0] == b.shape[0] && shape[1] == b.shape[1],
            "batchedTransposedMatmul cannot multiply the transposes of \(shape) by \(b.shape)")
        let (inner, rows, columns) = (shape[1], shape[2], b.shape[2])
        let y = eachProduct(b, [shape[0], rows, columns]) { y, a, b in
            for k in 0..<inner {
                for m in 0..<rows { accumulate(b + k * columns, times: a[k * rows + m], to: y + m * columns, columns) }
            }
        }
        guard let tape = Tape.recording(self, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(b.batchedMatmul(transposed: dy), to: trace)
            into.add(batchedMatmul(dy), to: b.trace)
        }
    }

    /// Lends zeros and the factors of each product to `multiply`.
    private func eachProduct(
        _ b: Tensor, _ shape: [Int],
        _ multiply: (UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) -> Void
    ) -> Tensor {
        let (left, right, size) = (
            self.shape[1] * self.shape[2], b.shape[1] * b.shape[2], shape[1] * shape[2]
        )
        return Tensor(shape: shape) { y in
            y.initialize(repeating: 0)
            withUnsafeElements { a in
                b.withUnsafeElements { b in
                    guard let y = y.baseAddress, let a = a.baseAddress, let b = b.baseAddress else { return }
                    for i in 0..<shape[0] { multiply(y + i * size, a + i * left, b + i * right) }
                }
            }
        }
    }
}

@inline(__always)
private func accumulate(_ x: UnsafePointer<Float>, times scale: Float, to y: UnsafeMutablePointer<Float>, _ count: Int)
{
    for n in 0..<count { y[n] += scale * x[n] }
}
