internal import PlumbBasics

extension Weight {
    /// The weight with `change` added to some of its rows, which become dense float32; the others stay as they are
    /// stored. Gradients flow to `change` and to dense parts.
    ///
    /// - Shapes: self `[O, I]`, `change` `[rows.count, I]`.
    public func adding(_ change: Tensor, toOutputs rows: Range<Int>) -> Weight {
        require(
            change.shape == [rows.count, inputs] && rows.lowerBound >= 0 && rows.upperBound <= outputs,
            "cannot add \(change.shape) to outputs \(rows) of a weight [\(outputs), \(inputs)]")
        var first = 0
        return Weight(
            parts.map { part in
                let own = first..<first + part.outputs
                first = own.upperBound
                let shared = own.clamped(to: rows)
                guard !shared.isEmpty else { return part }
                let delta = change[shared.lowerBound - rows.lowerBound..<shared.upperBound - rows.lowerBound]
                    .paddedRows(before: shared.lowerBound - own.lowerBound, after: own.upperBound - shared.upperBound)
                if case .transposed(let tensor) = part { return .transposed(tensor + delta.transposed()) }
                return .tensor(part.tensor() + delta)
            })
    }
}
