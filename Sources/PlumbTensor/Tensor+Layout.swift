// Moving elements without computing.

extension Tensor {
    /// The matrix with its axes exchanged, `[M, N] -> [N, M]`.
    public func transposed() -> Tensor {
        precondition(shape.count == 2, "transposed needs [M, N], got \(shape)")
        let (rows, columns) = (shape[0], shape[1])
        let block = 32
        return Tensor(shape: [columns, rows]) { y in
            withUnsafeElements { x in
                for top in stride(from: 0, to: rows, by: block) {
                    for left in stride(from: 0, to: columns, by: block) {
                        for row in top..<min(top + block, rows) {
                            for column in left..<min(left + block, columns) {
                                y[column * rows + row] = x[row * columns + column]
                            }
                        }
                    }
                }
            }
        }
    }

    /// Exchanges the first two of three axes, `[A, B, C] -> [B, A, C]`.
    public func swappingLeadingAxes() -> Tensor {
        precondition(shape.count == 3, "swappingLeadingAxes needs [A, B, C], got \(shape)")
        let (a, b, c) = (shape[0], shape[1], shape[2])
        return Tensor(shape: [b, a, c]) { y in
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for i in 0..<a {
                    for j in 0..<b { (to + (j * a + i) * c).update(from: from + (i * b + j) * c, count: c) }
                }
            }
        }
    }

    /// The given entries of the first axis, in the order asked.
    ///
    /// - Shapes: self `[N, …]`; result `[rows.count, …]`.
    public func gathered(_ rows: [Int]) -> Tensor {
        precondition(!shape.isEmpty, "gathered needs an axis")
        let width = Tensor.count(of: Array(shape.dropFirst()))
        return Tensor(shape: [rows.count] + shape.dropFirst()) { y in
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for (index, row) in rows.enumerated() {
                    precondition(row >= 0 && row < shape[0], "row \(row) of shape \(shape) does not exist")
                    (to + index * width).update(from: from + row * width, count: width)
                }
            }
        }
    }

    /// Columns `range` of each row of the last axis.
    ///
    /// - Shapes: self `[…, C]`; result `[…, range.count]`.
    public func columns(_ range: Range<Int>) -> Tensor {
        guard let width = shape.last, range.lowerBound >= 0, range.upperBound <= width else {
            preconditionFailure("columns \(range) of shape \(shape) do not exist")
        }
        let rows = width == 0 ? 0 : count / width
        return Tensor(shape: shape.dropLast() + [range.count]) { y in
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for row in 0..<rows {
                    (to + row * range.count).update(from: from + row * width + range.lowerBound, count: range.count)
                }
            }
        }
    }

    /// Tensors one after another along the first axis. Their other extents must agree.
    public static func concatenated(_ tensors: [Tensor]) -> Tensor {
        guard let first = tensors.first else { preconditionFailure("nothing to concatenate") }
        guard tensors.count > 1 else { return first }
        let tail = Array(first.shape.dropFirst())
        for tensor in tensors {
            precondition(
                Array(tensor.shape.dropFirst()) == tail, "cannot concatenate \(tensors.map(\.shape))")
        }
        let rows = tensors.reduce(0) { $0 + $1.shape[0] }
        return Tensor(shape: [rows] + tail) { y in
            var next = y.baseAddress
            for tensor in tensors {
                tensor.withUnsafeElements { x in
                    if let from = x.baseAddress { next?.update(from: from, count: x.count) }
                    next = next.map { $0 + x.count }
                }
            }
        }
    }

    /// Matrices side by side, `[R, A], [R, B], … -> [R, A + B + …]`.
    public static func joinedColumns(_ tensors: [Tensor]) -> Tensor {
        guard let rows = tensors.first?.shape.first else { preconditionFailure("nothing to join") }
        let widths = tensors.map { tensor in
            precondition(tensor.shape[0] == rows, "cannot join columns of \(tensors.map(\.shape))")
            return Tensor.count(of: Array(tensor.shape.dropFirst()))
        }
        let width = widths.reduce(0, +)
        return Tensor(shape: [rows, width]) { y in
            var left = 0
            for (tensor, columns) in zip(tensors, widths) {
                tensor.withUnsafeElements { x in
                    guard let from = x.baseAddress, let to = y.baseAddress else { return }
                    for row in 0..<rows {
                        (to + row * width + left).update(from: from + row * columns, count: columns)
                    }
                }
                left += columns
            }
        }
    }
}
