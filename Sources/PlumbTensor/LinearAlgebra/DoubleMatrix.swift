internal import PlumbBasics

/// A small dense matrix in double precision, for what statistics solve exactly: regressions, principal components.
///
/// It has no gradients and no kernels; ``Tensor`` is for models.
public struct DoubleMatrix: Sendable, Equatable {
    /// The number of rows.
    public let rows: Int
    /// The number of columns.
    public let columns: Int
    /// The numbers, row after row.
    public private(set) var elements: [Double]

    /// A matrix from its numbers, row after row.
    public init(_ elements: [Double], rows: Int, columns: Int) {
        require(
            rows >= 0 && columns >= 0 && elements.count == rows * columns,
            "\(elements.count) numbers are not \(rows) rows of \(columns)")
        (self.elements, self.rows, self.columns) = (elements, rows, columns)
    }

    /// A matrix of zeros.
    public init(rows: Int, columns: Int) {
        self.init([Double](repeating: 0, count: rows * columns), rows: rows, columns: columns)
    }

    /// The numbers of a tensor.
    ///
    /// - Shapes: `tensor` `[N, D]`.
    public init(_ tensor: Tensor) {
        require(tensor.shape.count == 2, "a matrix needs a tensor [N, D], got \(tensor.shape)")
        let elements = tensor.withUnsafeElements { $0.map(Double.init) }
        self.init(elements, rows: tensor.shape[0], columns: tensor.shape[1])
    }

    /// The number in one place.
    public subscript(row: Int, column: Int) -> Double {
        get { elements[place(row, column)] }
        set { elements[place(row, column)] = newValue }
    }

    private func place(_ row: Int, _ column: Int) -> Int {
        require(
            row >= 0 && row < rows && column >= 0 && column < columns,
            "there is no place \(row), \(column) in a matrix of \(rows) × \(columns)")
        return row * columns + column
    }

    /// One row.
    public func row(_ index: Int) -> ArraySlice<Double> {
        require(index >= 0 && index < rows, "there is no row \(index) of \(rows)")
        return elements[index * columns..<(index + 1) * columns]
    }

    /// Rows in the order asked; one may be asked for more than once.
    public func gathered(_ indices: [Int]) -> DoubleMatrix {
        DoubleMatrix(indices.flatMap(row), rows: indices.count, columns: columns)
    }

    /// The place of the largest number of each row, the first of equals.
    public func argmaxOfRows() -> [Int] {
        require(columns > 0, "rows without numbers have no largest")
        return (0..<rows).map { index in
            let row = row(index)
            var best = row.startIndex
            for place in row.indices where row[place] > row[best] { best = place }
            return best - row.startIndex
        }
    }

    /// The mean of each column; NaN of no rows.
    public var columnMeans: [Double] {
        var sums = [Double](repeating: 0, count: columns)
        for index in 0..<rows {
            for (column, value) in row(index).enumerated() { sums[column] += value }
        }
        return sums.map { $0 / Double(rows) }
    }

    /// Each row plus `scale` times `values`.
    public func addingToRows(_ values: [Double], scale: Double = 1) -> DoubleMatrix {
        require(values.count == columns, "\(values.count) numbers cannot be added to rows of \(columns)")
        var result = self
        for row in 0..<rows {
            for column in 0..<columns { result.elements[row * columns + column] += scale * values[column] }
        }
        return result
    }

    /// The matrix with rows and columns exchanged.
    public func transposed() -> DoubleMatrix {
        var result = DoubleMatrix(rows: columns, columns: rows)
        for row in 0..<rows {
            for column in 0..<columns { result.elements[column * rows + row] = elements[row * columns + column] }
        }
        return result
    }

    /// `A · B`.
    ///
    /// - Complexity: O(rows · columns · columns of `other`).
    public func product(_ other: DoubleMatrix) -> DoubleMatrix {
        require(
            columns == other.rows, "\(rows) × \(columns) cannot be multiplied by \(other.rows) × \(other.columns)")
        var result = DoubleMatrix(rows: rows, columns: other.columns)
        let width = other.columns
        result.elements.withUnsafeMutableBufferPointer { y in
            elements.withUnsafeBufferPointer { a in
                other.elements.withUnsafeBufferPointer { b in
                    for row in 0..<rows {
                        for k in 0..<columns {
                            let factor = a[row * columns + k]
                            for column in 0..<width { y[row * width + column] += factor * b[k * width + column] }
                        }
                    }
                }
            }
        }
        return result
    }

    /// `Aᵀ · B`: of centered data with itself, the sums of products that a covariance is made of.
    public func transposedProduct(_ other: DoubleMatrix) -> DoubleMatrix {
        require(rows == other.rows, "\(rows) rows cannot be summed over with \(other.rows)")
        return transposed().product(other)
    }

    /// The mean over rows of the squared distance between this matrix's row and the other's; NaN of no rows.
    public func meanSquaredDistance(to other: DoubleMatrix) -> Double {
        require(
            rows == other.rows && columns == other.columns,
            "\(rows) × \(columns) has no distance to \(other.rows) × \(other.columns)")
        var sum = 0.0
        for (a, b) in zip(elements, other.elements) { sum += (a - b) * (a - b) }
        return sum / Double(rows)
    }
}

extension Tensor {
    /// The numbers of a matrix in single precision.
    ///
    /// - Shapes: result `[N, D]`.
    public init(_ matrix: DoubleMatrix) {
        self.init(matrix.elements.map(Float.init), shape: [matrix.rows, matrix.columns])
    }
}
