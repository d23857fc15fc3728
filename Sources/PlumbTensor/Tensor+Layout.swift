internal import CPlumbKernels
internal import PlumbBasics

// Moving elements without computing; the gradient moves back.

extension Tensor {
    /// The matrix with its axes exchanged, `[M, N] -> [N, M]`.
    public func transposed() -> Tensor {
        require(shape.count == 2, "transposed needs [M, N], got \(shape)")
        let (rows, columns) = (shape[0], shape[1])
        // A block's lines fit the nearest cache even where their distance maps them to few of its sets.
        let block = 16
        let result = Tensor(shape: [columns, rows]) { y in
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for left in stride(from: 0, to: columns, by: block) {
                    let right = min(left + block, columns)
                    for top in stride(from: 0, to: rows, by: block) {
                        let count = min(block, rows - top)
                        for column in left..<right {
                            let (source, target) = (from + top * columns + column, to + column * rows + top)
                            for row in 0..<count { target[row] = source[row * columns] }
                        }
                    }
                }
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace] dy, into in into.add(dy.transposed(), to: trace) }
    }

    /// Exchanges the first two of three axes, `[A, B, C] -> [B, A, C]`.
    public func swappingLeadingAxes() -> Tensor {
        require(shape.count == 3, "swappingLeadingAxes needs [A, B, C], got \(shape)")
        let (a, b, c) = (shape[0], shape[1], shape[2])
        let result = Tensor(shape: [b, a, c]) { y in
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for i in 0..<a {
                    for j in 0..<b { (to + (j * a + i) * c).update(from: from + (i * b + j) * c, count: c) }
                }
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace] dy, into in into.add(dy.swappingLeadingAxes(), to: trace) }
    }

    /// The given entries of the first axis, in the order asked; an entry may be asked for more than once.
    ///
    /// - Shapes: self `[N, …]`; result `[rows.count, …]`.
    public func gathered(_ rows: [Int]) -> Tensor {
        require(!shape.isEmpty, "gathered needs an axis")
        let width = Tensor.count(of: shape.dropFirst())
        let result = Tensor(shape: [rows.count] + shape.dropFirst()) { y in
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for (index, row) in rows.enumerated() {
                    require(row >= 0 && row < shape[0], "row \(row) of shape \(shape) does not exist")
                    (to + index * width).update(from: from + row * width, count: width)
                }
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace, shape] dy, into in
            guard into.writesInPlace else {
                return into.add(dy.scattered(to: rows, of: shape[0]), to: trace)
            }
            into.update(trace, shape: shape) { $0.scatter(dy, to: rows) }
        }
    }

    /// Zeros of `count` entries with the entries of self added at `rows`: the opposite of ``gathered(_:)``.
    ///
    /// - Shapes: self `[rows.count, …]`; result `[count, …]`.
    public func scattered(to rows: [Int], of count: Int) -> Tensor {
        var result = Tensor.zeros([count] + shape.dropFirst())
        result.scatter(detached(), to: rows)
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace] dy, into in into.add(dy.gathered(rows), to: trace) }
    }

    /// Adds entries to those of the first axis from `first` on.
    mutating func addRows(_ source: Tensor, from first: Int) {
        let width = Tensor.count(of: shape.dropFirst())
        withUnsafeMutableElements { y in
            source.withUnsafeElements { x in
                guard let to = y.baseAddress else { return }
                plumb_axpy(to + first * width, 1, x.baseAddress, x.count)
            }
        }
    }

    private mutating func scatter(_ source: Tensor, to rows: [Int]) {
        require(source.shape.first == rows.count, "\(rows.count) rows cannot be taken from \(source.shape)")
        require(
            rows.allSatisfy { $0 >= 0 && $0 < shape[0] }, "rows \(rows.prefix(4)) … of shape \(shape) do not exist")
        let width = Tensor.count(of: shape.dropFirst())
        let indices = rows.map(Int32.init)
        withUnsafeMutableElements { y in
            source.withUnsafeElements { x in
                plumb_scatter_add_rows(y.baseAddress, x.baseAddress, indices, indices.count, width)
            }
        }
    }

    /// Columns `range` of each row of the last axis.
    ///
    /// - Shapes: self `[…, C]`; result `[…, range.count]`.
    public func columns(_ range: Range<Int>) -> Tensor {
        guard let width = shape.last, range.lowerBound >= 0, range.upperBound <= width else {
            unmet("columns \(range) of shape \(shape) do not exist")
        }
        let rows = width == 0 ? 0 : count / width
        let result = Tensor(shape: shape.dropLast() + [range.count]) { y in
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for row in 0..<rows {
                    (to + row * range.count).update(from: from + row * width + range.lowerBound, count: range.count)
                }
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace, shape] dy, into in
            into.add(
                dy.paddedColumns(before: range.lowerBound, after: width - range.upperBound).reshaped(shape), to: trace)
        }
    }

    /// Zeros before and after each row of the last axis.
    func paddedColumns(before: Int, after: Int) -> Tensor {
        let width = shape[shape.count - 1]
        let padded = before + width + after
        let rows = padded == 0 || width == 0 ? 0 : count / width
        var target = shape
        target[target.count - 1] = padded
        let result = Tensor(shape: target) { y in
            y.initialize(repeating: 0)
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                for row in 0..<rows { (to + row * padded + before).update(from: from + row * width, count: width) }
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace] dy, into in into.add(dy.columns(before..<before + width), to: trace) }
    }

    /// Zeros before and after the entries of the first axis.
    func paddedRows(before: Int, after: Int) -> Tensor {
        let rows = shape[0]
        let width = Tensor.count(of: shape.dropFirst())
        let result = Tensor(shape: [before + rows + after] + shape.dropFirst()) { y in
            y.initialize(repeating: 0)
            withUnsafeElements { x in
                guard let from = x.baseAddress, let to = y.baseAddress else { return }
                (to + before * width).update(from: from, count: x.count)
            }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace] dy, into in into.add(dy[before..<before + rows], to: trace) }
    }

    /// Tensors one after another along an axis, the first unless said otherwise. Their other extents must agree.
    ///
    /// - Shapes: along axis 1, `[R, A, …], [R, B, …], … -> [R, A + B + …, …]`.
    public static func concatenated(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
        guard let first = tensors.first else { unmet("nothing to concatenate") }
        require(first.shape.indices.contains(axis), "tensors of shape \(first.shape) have no axis \(axis)")
        guard tensors.count > 1 else { return first }
        let (outer, tail) = (first.shape[..<axis], first.shape[(axis + 1)...])
        for tensor in tensors {
            require(
                tensor.shape.count == first.shape.count && tensor.shape[..<axis] == outer
                    && tensor.shape[(axis + 1)...] == tail,
                "cannot concatenate \(tensors.map(\.shape)) along axis \(axis)")
        }
        let (rows, inner) = (count(of: outer), count(of: tail))
        let widths = tensors.map { $0.shape[axis] * inner }
        let width = widths.reduce(0, +)
        let shape = outer + [tensors.reduce(0) { $0 + $1.shape[axis] }] + tail
        let result = Tensor(shape: Array(shape)) { y in
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
        let parts = zip(tensors, widths).map { (trace: $0.trace, shape: $0.shape, width: $1) }
        return result.recorded(from: tensors) { dy, into in
            let dy = dy.reshaped([rows, width])
            var left = 0
            for part in parts {
                let columns = left..<left + part.width
                into.add(
                    (rows == 1 ? dy.reshaped([width])[columns] : dy.columns(columns)).reshaped(part.shape),
                    to: part.trace)
                left += part.width
            }
        }
    }
}
