internal import PlumbBasics
public import PlumbTensor

/// Attention taken apart, so that scores and probabilities can be seen and have gradients of their own.
///
/// Made of matrix products for each run and head: for looking inside, not for speed.
public struct AttentionMaps: Sendable {
    private let mixing: AttentionMixing
    private let runs: [Int]
    private let keys: Int
    private var group: Int { mixing.heads / mixing.keyValueHeads }

    /// - Parameters:
    ///   - mixing: the numbers of heads, their width, and which rows a row sees.
    ///   - runs: the number of rows of each run, one after another.
    ///   - keys: columns of a map, at least the longest run.
    public init(mixing: AttentionMixing, runs: [Int], keys: Int) {
        require(runs.allSatisfy { $0 <= keys }, "maps of \(keys) keys cannot hold runs of \(runs)")
        (self.mixing, self.runs, self.keys) = (mixing, runs, keys)
    }

    /// `q kᵀ / √K`; -∞ where a query must not look.
    ///
    /// - Shapes: `q` `[R, H, K]`, `k` `[R, G, K]`; result `[R, H, keys]`.
    public func scores(q: Tensor, k: Tensor) -> Tensor {
        let scale = 1 / Float(mixing.headWidth).squareRoot()
        return eachRun { rows in
            let (queries, seen) = (q[rows].swappingLeadingAxes(), k[rows].swappingLeadingAxes())
            let mask = self.mask(rows.count, hidden: -.infinity, seen: 0)
            let maps = (0..<mixing.heads).map { head in
                queries[head].matmul(transposed: seen[head / group]) * scale
            }
            return maps.map { $0.paddedToKeys(keys) + mask }
        }
    }

    /// Each query's probabilities, the softmax of its scores over what it may see, whatever stands in the rest.
    ///
    /// - Shapes: `scores` and result `[R, H, keys]`.
    public func pattern(_ scores: Tensor) -> Tensor {
        (scores + masks(hidden: -.infinity, seen: 0)).softmax()
    }

    /// What each head reads, `pattern · v`, of what a query may see.
    ///
    /// - Shapes: `pattern` `[R, H, keys]`, `v` `[R, G, K]`; result `[R, H, K]`.
    public func mix(_ pattern: Tensor, v: Tensor) -> Tensor {
        let pattern = pattern * masks(hidden: 0, seen: 1)
        return eachRun { rows in
            let (maps, values) = (pattern[rows].swappingLeadingAxes(), v[rows].swappingLeadingAxes())
            return (0..<mixing.heads).map { head in
                maps[head].columns(0..<rows.count).matmul(values[head / group])
            }
        }
    }

    /// Puts a matrix for each head, `[T, …]`, together again, `[R, H, …]`.
    private func eachRun(_ body: (Range<Int>) -> [Tensor]) -> Tensor {
        var first = 0
        var parts: [Tensor] = []
        for count in runs {
            let heads = body(first..<first + count)
            let stacked = Tensor.concatenated(heads).reshaped([heads.count, count, heads[0].shape[1]])
            parts.append(stacked.swappingLeadingAxes())
            first += count
        }
        return Tensor.concatenated(parts)
    }

    /// The masks of all runs, for every head: `[R, 1, keys]`.
    private func masks(hidden: Float, seen: Float) -> Tensor {
        Tensor.concatenated(runs.map { mask($0, hidden: hidden, seen: seen) }).reshaped([-1, 1, keys])
    }

    private func mask(_ rows: Int, hidden: Float, seen: Float) -> Tensor {
        Tensor(shape: [rows, keys]) { mask in
            for row in 0..<rows {
                for key in 0..<keys {
                    mask[row * keys + key] = key < rows && (!mixing.isCausal || key <= row) ? seen : hidden
                }
            }
        }
    }
}

extension Tensor {
    /// `[T, T] -> [T, keys]`, new columns holding 0.
    fileprivate func paddedToKeys(_ keys: Int) -> Tensor {
        let missing = keys - shape[1]
        return missing == 0 ? self : Tensor.joinedColumns([self, .zeros([shape[0], missing])])
    }
}
