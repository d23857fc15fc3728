internal import PlumbBasics
internal import PlumbTensor

// A pass holds rows of many runs, and a row's bits must not depend on what was done to the rows beside it: where a
// change makes a pass take a longer way round, only the changed rows take it.

extension Tensor {
    /// The entries of the first axis that differ from those of `other`, bit for bit.
    func rowsDiffering(from other: Tensor) -> [Int] {
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

    /// The tensor with the given entries of the first axis taken from `source`, one after another.
    ///
    /// - Shapes: self `[N, …]`, `source` `[rows.count, …]`.
    func replacingRows(_ rows: [Int], with source: Tensor) -> Tensor {
        require(
            source.shape.first == rows.count && source.shape.dropFirst() == shape.dropFirst(),
            "\(rows.count) rows of \(shape) cannot be taken from \(source.shape)")
        let width = shape.dropFirst().reduce(1, *)
        require(!isTraced && !source.isTraced, "rows cannot be replaced while they are being differentiated")
        var result = self
        result.withUnsafeMutableElements { target in
            source.withUnsafeElements { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                for (index, row) in rows.enumerated() {
                    (to + row * width).update(from: from + index * width, count: width)
                }
            }
        }
        return result
    }
}
