public import PlumbRecords

extension SuperpositionStudy {
    /// The memory of training this study's model, and of keeping `models` of its size.
    ///
    /// - Parameter prefix: what the options of features, dimensions and batch begin with, for people: `wide-`.
    public func memory(models: Int, prefix: String = "") -> MemoryEstimate {
        let (n, m) = (Double(features), Double(dimensions))
        let rows = Double(max(batch, 1024, 500_000 / max(1, features)))
        return MemoryEstimate([
            .init("--\(prefix)batch \(batch) with features of \(features)", bytes: 4 * 6 * rows * n),
            .init(
                "--\(prefix)features \(features) with --\(prefix)dimensions \(dimensions) in \(models) models",
                bytes: 4 * (4 + Double(models)) * n * m + 4 * 2 * n * n),
        ])
    }
}
