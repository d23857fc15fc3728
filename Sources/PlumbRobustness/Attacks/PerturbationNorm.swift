internal import PlumbBasics
public import PlumbTensor

/// How the size of a change to an input is measured.
public enum PerturbationNorm: String, Sendable, Codable, CaseIterable {
    /// The largest change of a number.
    case linf
    /// The root of the sum of squared changes.
    case l2
    /// The sum of absolute changes.
    case l1

    /// The size of each sample's change, summed in double precision.
    ///
    /// - Shapes: `changed` and `original` `[B, …]`; result B numbers.
    public func distances(_ changed: Tensor, from original: Tensor) -> [Double] {
        require(
            changed.shape == original.shape && !changed.shape.isEmpty,
            "distances need two batches of one shape, got \(changed.shape) and \(original.shape)")
        let width = changed.shape[0] == 0 ? 0 : changed.count / changed.shape[0]
        return changed.withUnsafeElements { a in
            original.withUnsafeElements { b in
                (0..<changed.shape[0]).map { row in
                    let changes = (row * width..<(row + 1) * width).lazy.map { abs(Double(a[$0]) - Double(b[$0])) }
                    switch self {
                    case .linf: return changes.max() ?? 0
                    case .l2: return changes.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    case .l1: return changes.reduce(0, +)
                    }
                }
            }
        }
    }
}
