internal import CPlumbKernels
internal import PlumbBasics

// A pass holds rows of many runs, and a row's bits must not depend on what was done to the rows beside it: where a
// change makes a pass take a longer way, only the changed rows take it.

extension Tensor {
    /// The entries of the first axis that differ from those of `other`, bit for bit.
    ///
    /// - Shapes: self and `other` `[N, …]`.
    public func rowsDiffering(from other: Tensor) -> [Int] {
        require(shape == other.shape, "rows of \(shape) and \(other.shape) cannot be compared")
        guard let rows = shape.first, rows > 0 else { return [] }
        let width = count / rows
        return withUnsafeElements { a in
            other.withUnsafeElements { b in
                (0..<rows).filter { row in
                    (row * width..<(row + 1) * width).contains { a[$0].bitPattern != b[$0].bitPattern }
                }
            }
        }
    }

    /// Whether two entries of the first axis have the same bits in some of their elements.
    ///
    /// - Parameter elements: places within an entry, in row-major order.
    /// - Shapes: self `[N, …]`.
    public func row(_ row: Int, equals other: Int, in elements: Range<Int>) -> Bool {
        let width = requireRow(max(row, other), elements)
        require(min(row, other) >= 0, "row \(min(row, other)) of shape \(shape) does not exist")
        return withUnsafeElements { x in
            elements.allSatisfy { x[row * width + $0].bitPattern == x[other * width + $0].bitPattern }
        }
    }

    /// The tensor with the given entries of the first axis taken from `source`, one after another.
    ///
    /// - Shapes: self `[N, …]`, `source` `[rows.count, …]`.
    public func replacingRows(_ rows: [Int], with source: Tensor) -> Tensor {
        require(
            source.shape.first == rows.count && source.shape.dropFirst() == shape.dropFirst(),
            "\(rows.count) rows of \(shape) cannot be taken from \(source.shape)")
        require(!isTraced && !source.isTraced, "rows cannot be replaced while they are being differentiated")
        let width = Tensor.count(of: shape.dropFirst())
        var result = self
        for (index, row) in rows.enumerated() {
            result.replaceElements(0..<width, ofRow: row, from: source, row: index)
        }
        return result
    }

    /// Takes some elements of one entry of the first axis from the same places of an entry of `source`.
    ///
    /// - Shapes: self `[N, …]`, `source` `[M, …]` with entries of the same extent.
    public mutating func replaceElements(
        _ elements: Range<Int>, ofRow row: Int, from source: Tensor, row sourceRow: Int
    ) {
        let (width, sourceWidth) = (requireRow(row, elements), source.requireRow(sourceRow, elements))
        withUnsafeMutableElements { target in
            source.withUnsafeElements { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                (to + row * width + elements.lowerBound)
                    .update(from: from + sourceRow * sourceWidth + elements.lowerBound, count: elements.count)
            }
        }
    }

    /// Takes neighboring rows of `source` into a block of columns of as many rows.
    ///
    /// - Parameters:
    ///   - rows: what is replaced.
    ///   - column: the first of the columns.
    ///   - source: what is taken.
    ///   - start: its first row that is taken.
    /// - Shapes: self `[N, W]`, `source` `[M, w]` with `column + w <= W`.
    public mutating func replaceRows(
        _ rows: Range<Int>, fromColumn column: Int = 0, with source: Tensor, from start: Int = 0
    ) {
        let (stride, width) = requireRows(rows, of: source, from: start, column: column)
        withUnsafeMutableElements { target in
            source.withUnsafeElements { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                for (index, row) in rows.enumerated() {
                    (to + row * stride + column).update(from: from + (start + index) * width, count: width)
                }
            }
        }
    }

    /// Adds a multiple of neighboring rows of `source` to as many rows.
    ///
    /// - Parameters:
    ///   - rows: what is added to.
    ///   - source: what is added.
    ///   - start: its first row that is added.
    ///   - scale: the factor of `source`.
    /// - Shapes: self `[N, W]`, `source` `[M, W]`.
    public mutating func addRows(_ rows: Range<Int>, of source: Tensor, from start: Int, scale: Float = 1) {
        let (width, sourceWidth) = requireRows(rows, of: source, from: start, column: 0)
        require(width == sourceWidth, "rows of \(sourceWidth) elements cannot be added to rows of \(width)")
        withUnsafeMutableElements { target in
            source.withUnsafeElements { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                plumb_axpy(to + rows.lowerBound * width, scale, from + start * width, rows.count * width)
            }
        }
    }

    /// The widths of this tensor and of `source`, where both have the rows and a block of columns holds the source's.
    private func requireRows(
        _ rows: Range<Int>, of source: Tensor, from start: Int, column: Int
    ) -> (width: Int, sourceWidth: Int) {
        require(
            shape.count == 2 && source.shape.count == 2 && !isTraced && !source.isTraced,
            "rows are edited of matrices that are not being differentiated, got \(shape) and \(source.shape)")
        require(
            rows.lowerBound >= 0 && rows.upperBound <= shape[0] && start >= 0 && start + rows.count <= source.shape[0]
                && column >= 0 && column + source.shape[1] <= shape[1],
            "rows \(rows) of \(shape) cannot take \(rows.count) rows of \(source.shape) from row \(start) on")
        return (shape[1], source.shape[1])
    }

    /// The number of elements of an entry of the first axis, where the entry and its elements exist.
    private func requireRow(_ row: Int, _ elements: Range<Int>) -> Int {
        let width = Tensor.count(of: shape.dropFirst())
        require(
            !shape.isEmpty && row >= 0 && row < shape[0] && elements.lowerBound >= 0 && elements.upperBound <= width,
            "row \(row) of shape \(shape) has no elements \(elements)")
        return width
    }

    /// The tensor with one entry of an axis, or of two neighboring axes, taken from `source`; gradients flow to both.
    ///
    /// - Parameters:
    ///   - source: what is taken, of the same shape.
    ///   - axis: the first of the two axes.
    ///   - first: the entry of `axis`; nil for all.
    ///   - second: the entry of the axis after it; nil for all.
    public func replacing(from source: Tensor, axis: Int, first: Int?, second: Int?) -> Tensor {
        require(shape == source.shape, "a part of \(shape) cannot be taken from \(source.shape)")
        require(
            axis >= 0 && axis < shape.count && (second == nil || axis + 1 < shape.count)
                && first.map { $0 >= 0 && $0 < shape[axis] } ?? true
                && second.map { $0 >= 0 && $0 < shape[axis + 1] } ?? true,
            "a tensor of shape \(shape) has no entries \(first ?? 0), \(second ?? 0) of axis \(axis) and the next")
        let (a, b) = (shape[axis], second == nil ? 1 : shape[axis + 1])
        let (outer, inner) = (
            Tensor.count(of: shape[..<axis]), Tensor.count(of: shape[(axis + (second == nil ? 1 : 2))...])
        )
        var result = detached()
        result.withUnsafeMutableElements { target in
            source.withUnsafeElements { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                for o in 0..<outer {
                    for i in first.map({ $0..<$0 + 1 }) ?? 0..<a {
                        for j in second.map({ $0..<$0 + 1 }) ?? 0..<b {
                            let at = ((o * a + i) * b + j) * inner
                            (to + at).update(from: from + at, count: inner)
                        }
                    }
                }
            }
        }
        return result.recorded(from: [self, source]) { dy, into in
            into.add(dy.replacing(from: .zeros(dy.shape), axis: axis, first: first, second: second), to: trace)
            into.add(
                Tensor.zeros(dy.shape).replacing(from: dy, axis: axis, first: first, second: second), to: source.trace)
        }
    }
}
