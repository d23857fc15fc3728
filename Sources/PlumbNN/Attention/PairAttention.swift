internal import PlumbBasics
public import PlumbTensor

/// Attention of one query over three entries of a table, for many triples of entries.
///
/// Every row of a sum's table reads the same few (token, position) entries, so scores and values are computed once for
/// each entry, not for each row.
public enum PairAttention {
    /// `y[n] = Σ_s softmax_s(scores[rows[n][s]]) · values[rows[n][s]]`, for each head by itself.
    ///
    /// - Parameters:
    ///   - scores: of each entry, by head, before the softmax.
    ///   - values: of each entry, the heads side by side.
    ///   - rows: three entries of the tables for each result, one result after another.
    /// - Shapes: `scores` `[R, H]`, `values` `[R, H·K]` with K a multiple of 8; result `[rows.count / 3, H·K]`.
    public static func mix(scores: Tensor, values: Tensor, rows: [Int]) -> Tensor {
        require(
            scores.shape.count == 2 && values.shape.count == 2 && scores.shape[0] == values.shape[0]
                && scores.shape[1] > 0 && values.shape[1] % (8 * scores.shape[1]) == 0 && rows.count % 3 == 0,
            "attention over pairs cannot mix values \(values.shape) by scores \(scores.shape) for \(rows.count) entries"
        )
        require(
            rows.allSatisfy { $0 >= 0 && $0 < values.shape[0] }, "an entry of a table \(values.shape) does not exist")
        let heads = scores.shape[1]
        let weights = softmax(scores, rows)
        let (count, width) = (rows.count / 3, values.shape[1])
        let y = Tensor(shape: [count, width]) { y in
            values.withUnsafeElements { v in
                weights.withUnsafeElements { w in
                    guard let to = y.baseAddress, let from = v.baseAddress, let w = w.baseAddress else { return }
                    for n in 0..<count {
                        let first = from + rows[3 * n] * width
                        let second = from + rows[3 * n + 1] * width
                        let third = from + rows[3 * n + 2] * width
                        combine(to + n * width, first, second, third, w + 3 * n * heads, heads, width / heads)
                    }
                }
            }
        }
        return y.recorded(from: [scores, values]) { dy, into in
            require(!into.isNested, "attention over pairs has no second derivative")
            let gradients = pullback(dy, values, weights, rows)
            into.add(gradients.scores, to: scores.trace)
            into.add(gradients.values, to: values.trace)
        }
    }

    /// - Shapes: result `[N, H, 3]`.
    private static func softmax(_ scores: Tensor, _ rows: [Int]) -> Tensor {
        let heads = scores.shape[1]
        let gathered = Tensor(shape: [rows.count / 3 * heads, 3]) { y in
            scores.withUnsafeElements { x in
                for n in 0..<rows.count / 3 {
                    for s in 0..<3 {
                        for h in 0..<heads { y[(n * heads + h) * 3 + s] = x[rows[3 * n + s] * heads + h] }
                    }
                }
            }
        }
        return gathered.softmax()
    }

    private typealias Vector = SIMD8<Float>

    private static func load(_ pointer: UnsafePointer<Float>, _ offset: Int) -> Vector {
        UnsafeRawPointer(pointer + offset).loadUnaligned(as: Vector.self)
    }

    private static func combine(
        _ y: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ c: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ heads: Int, _ width: Int
    ) {
        for h in 0..<heads {
            let (u, v, w) = (weights[3 * h], weights[3 * h + 1], weights[3 * h + 2])
            for i in stride(from: h * width, to: (h + 1) * width, by: 8) {
                let sum = load(a, i) * u + load(b, i) * v + load(c, i) * w
                UnsafeMutableRawPointer(y + i).storeBytes(of: sum, as: Vector.self)
            }
        }
    }

    private static func pullback(
        _ dy: Tensor, _ values: Tensor, _ weights: Tensor, _ rows: [Int]
    ) -> (scores: Tensor, values: Tensor) {
        let (count, width) = (dy.shape[0], dy.shape[1])
        let heads = weights.count / max(1, 3 * count)
        var scores = Tensor.zeros([values.shape[0], count > 0 ? heads : 0])
        var gradient = Tensor.zeros(values.shape)
        guard count > 0 else { return (scores, gradient) }
        scores.withUnsafeMutableElements { ds in
            gradient.withUnsafeMutableElements { dv in
                dy.withUnsafeElements { dy in
                    values.withUnsafeElements { v in
                        weights.withUnsafeElements { w in
                            guard let dy = dy.baseAddress, let v = v.baseAddress, let w = w.baseAddress,
                                let ds = ds.baseAddress, let dv = dv.baseAddress
                            else { return }
                            for n in 0..<count {
                                let entries = (rows[3 * n], rows[3 * n + 1], rows[3 * n + 2])
                                for h in 0..<heads {
                                    spread(
                                        dy + n * width, v, w + 3 * (n * heads + h), entries, ds, dv, h, heads, width)
                                }
                            }
                        }
                    }
                }
            }
        }
        return (scores, gradient)
    }

    /// One head of one result: adds to the gradients of its three entries.
    private static func spread(
        _ dy: UnsafePointer<Float>, _ v: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ entries: (Int, Int, Int),
        _ ds: UnsafeMutablePointer<Float>, _ dv: UnsafeMutablePointer<Float>, _ head: Int, _ heads: Int, _ width: Int
    ) {
        let (first, end) = (head * (width / heads), (head + 1) * (width / heads))
        let a = carry(dy, v + entries.0 * width, dv + entries.0 * width, w[0], first, end)
        let b = carry(dy, v + entries.1 * width, dv + entries.1 * width, w[1], first, end)
        let c = carry(dy, v + entries.2 * width, dv + entries.2 * width, w[2], first, end)
        let mean = w[0] * a + w[1] * b + w[2] * c
        ds[entries.0 * heads + head] += w[0] * (a - mean)
        ds[entries.1 * heads + head] += w[1] * (b - mean)
        ds[entries.2 * heads + head] += w[2] * (c - mean)
    }

    /// Adds the weighted gradient to a value's, and gives the gradient of the weight.
    private static func carry(
        _ dy: UnsafePointer<Float>, _ v: UnsafePointer<Float>, _ dv: UnsafeMutablePointer<Float>, _ weight: Float,
        _ first: Int, _ end: Int
    ) -> Float {
        var sum = Vector.zero
        for i in stride(from: first, to: end, by: 8) {
            let gradient = load(dy, i)
            sum += gradient * load(v, i)
            let moved = load(UnsafePointer(dv), i) + gradient * weight
            UnsafeMutableRawPointer(dv + i).storeBytes(of: moved, as: Vector.self)
        }
        return sum.sum()
    }
}
