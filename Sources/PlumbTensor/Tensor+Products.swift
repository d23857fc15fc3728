internal import PlumbBasics

// Matrix products: three forms, each the others' gradient.

extension Tensor {
    /// `a · b`.
    ///
    /// A row of the result depends on the same row of `a` alone, bit for bit, however many rows there are.
    ///
    /// - Shapes: self `[M, K]`, `b` `[K, N]`; result `[M, N]`.
    public func matmul(_ b: Tensor) -> Tensor {
        require(
            shape.count == 2 && b.shape.count == 2 && shape[1] == b.shape[0],
            "matmul cannot multiply \(shape) by \(b.shape)")
        let y = product(with: b)
        guard let tape = Tape.recording(self, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(dy.matmul(transposed: b), to: trace)
            into.add(transposedMatmul(dy), to: b.trace)
        }
    }

    /// `a · bᵀ`.
    ///
    /// - Shapes: self `[M, K]`, `b` `[N, K]`; result `[M, N]`.
    public func matmul(transposed b: Tensor) -> Tensor {
        require(
            shape.count == 2 && b.shape.count == 2 && shape[1] == b.shape[1],
            "matmul(transposed:) cannot multiply \(shape) by the transpose of \(b.shape)")
        let y = PackedMatrix(b).product(with: self)
        guard let tape = Tape.recording(self, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(dy.matmul(b), to: trace)
            into.add(dy.transposedMatmul(self), to: b.trace)
        }
    }

    /// `aᵀ · b`.
    ///
    /// - Shapes: self `[K, M]`, `b` `[K, N]`; result `[M, N]`.
    public func transposedMatmul(_ b: Tensor) -> Tensor {
        require(
            shape.count == 2 && b.shape.count == 2 && shape[0] == b.shape[0],
            "transposedMatmul cannot multiply the transpose of \(shape) by \(b.shape)")
        let y = product(with: b, transposed: true)
        guard let tape = Tape.recording(self, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(b.matmul(transposed: dy), to: trace)
            into.add(matmul(dy), to: b.trace)
        }
    }
}
