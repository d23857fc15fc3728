internal import PlumbBasics
internal import PlumbTensor

typealias Row = UnsafeBufferPointer<Float>
typealias MutableRow = UnsafeMutableBufferPointer<Float>

// A batch as rows of plain numbers: what attacks do to a sample depends on that sample alone.

extension Tensor {
    /// Samples of a batch.
    var rowCount: Int { shape.first ?? 0 }
    /// Numbers of a sample.
    var rowWidth: Int { rowCount == 0 ? 0 : count / rowCount }

    /// Calls `body` with every row of one to three batches of as many numbers.
    func forEachRow(_ b: Tensor? = nil, _ c: Tensor? = nil, _ body: (Int, Row, Row, Row) -> Void) {
        let (b, c, width) = (b ?? self, c ?? self, rowWidth)
        require(b.count == count && c.count == count, "rows of \(shape), \(b.shape) and \(c.shape) do not match")
        withUnsafeElements { a in
            b.withUnsafeElements { b in
                c.withUnsafeElements { c in
                    for row in 0..<rowCount {
                        let range = row * width..<(row + 1) * width
                        body(row, Row(rebasing: a[range]), Row(rebasing: b[range]), Row(rebasing: c[range]))
                    }
                }
            }
        }
    }

    /// The batch of what `body` writes, a row at a time, from rows of this batch and two others of as many numbers.
    func mapRows(_ b: Tensor? = nil, _ c: Tensor? = nil, _ body: (Int, MutableRow, Row, Row, Row) -> Void) -> Tensor {
        let width = rowWidth
        return Tensor(shape: shape) { out in
            forEachRow(b, c) { row, a, b, c in
                body(row, MutableRow(rebasing: out[row * width..<(row + 1) * width]), a, b, c)
            }
        }
    }

    /// Replaces rows by the rows of another batch, in its order.
    mutating func set(_ rows: [Int], to source: Tensor) {
        guard !rows.isEmpty else { return }
        self = replacingRows(rows, with: source.reshaped([rows.count] + shape.dropFirst()))
    }
}

enum RowMath {
    /// −1, 0 or 1; 0 for what is no number.
    @inline(__always) static func sign(_ x: Float) -> Float { x > 0 ? 1 : x < 0 ? -1 : 0 }

    /// The root of the sum of squares.
    static func length(_ x: Row) -> Double {
        var sum = 0.0
        for value in x { sum += Double(value) * Double(value) }
        return sum.squareRoot()
    }

    /// The index of the greatest value but for `left`, the first of several.
    static func greatest(_ x: Row, but left: Int = -1) -> Int {
        var best = left == 0 ? min(1, x.count - 1) : 0
        for index in x.indices where index != left && x[index] > x[best] { best = index }
        return best
    }
}
