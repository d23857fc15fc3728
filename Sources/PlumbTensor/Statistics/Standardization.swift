internal import PlumbBasics

/// What features are freed of before a probe reads them: their means over examples and, where asked, their sizes.
public struct Standardization: Sendable, Codable, Equatable {
    /// What is subtracted, `[D]`.
    public let means: [Double]
    /// What the rest is divided by, `[D]`: standard deviations, or ones.
    public let scales: [Double]

    /// The means and deviations of examples. A deviation of 0, or one lost in rounding beside the mean, counts as 1.
    ///
    /// - Parameters:
    ///   - examples: `[N, D]`.
    ///   - scales: whether features are divided by their deviations.
    public init(of examples: DoubleMatrix, scales: Bool = true) {
        let means = examples.columnMeans
        var squares = [Double](repeating: 0, count: examples.columns)
        for row in 0..<examples.rows {
            for (column, value) in examples.row(row).enumerated() {
                squares[column] += (value - means[column]) * (value - means[column])
            }
        }
        self.means = means
        self.scales = zip(squares, means).map { square, mean in
            let deviation = (square / Double(examples.rows)).squareRoot()
            return scales && deviation > 1e-9 * abs(mean) ? deviation : 1
        }
    }

    /// Examples of mean 0 and deviation 1, as far as they are like those that the means are of.
    ///
    /// - Shapes: `examples` and result `[N, D]`.
    public func callAsFunction(_ examples: DoubleMatrix) -> DoubleMatrix {
        require(
            examples.columns == means.count,
            "features of \(means.count) columns cannot standardize activations of \(examples.columns)")
        var rows = examples.addingToRows(means, scale: -1).elements
        for index in rows.indices { rows[index] /= scales[index % means.count] }
        return DoubleMatrix(rows, rows: examples.rows, columns: means.count)
    }
}
