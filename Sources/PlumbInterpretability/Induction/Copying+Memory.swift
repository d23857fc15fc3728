public import PlumbRecords

extension Copying {
    /// The memory of training attention-only models of two layers to copy, and of measuring their heads.
    ///
    /// - Parameters:
    ///   - models: how many pairs of models are kept.
    ///   - width: of the residual stream.
    ///   - heads: of each layer.
    ///   - vocabulary: the number of tokens.
    ///   - length: tokens of a row.
    ///   - batch: rows of a step.
    public static func memory(
        models: Int, width: Int, heads: Int, vocabulary: Int, length: Int, batch: Int
    ) -> MemoryEstimate {
        let (d, v, t, h) = (Double(width), Double(vocabulary), Double(length), Double(heads))
        let parameters = 2 * v * d + t * d + 8 * d * d
        // Rows are measured 128 at a time.
        let rows = max(Double(batch), 128) * t
        return MemoryEstimate([
            .init("--vocabulary \(vocabulary) with --batch \(batch) and --length \(length)", bytes: 4 * 3 * rows * v),
            .init("--width \(width) with --batch \(batch) and --length \(length)", bytes: 4 * 20 * rows * d),
            .init("--length \(length) with --heads \(heads)", bytes: 4 * 2 * 128 * h * t * t),
            .init("--width \(width) with --vocabulary \(vocabulary)", bytes: 4 * (4 + 6 * Double(models)) * parameters),
        ])
    }
}
