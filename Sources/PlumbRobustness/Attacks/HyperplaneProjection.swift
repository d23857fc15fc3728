internal import PlumbBasics

/// The smallest change within bounds that reaches a hyperplane: `min ‖δ‖` subject to `g·δ = c` and `low ≤ x + δ ≤ high`
/// (Croce, Hein 2019, arXiv:1907.02044), in closed form by sorting; where the bounds do not let it be reached, the
/// change within bounds that comes nearest.
struct HyperplaneProjection {
    let norm: PerturbationNorm
    let bounds: ClosedRange<Float>

    /// Writes the change of `x` that reaches `g·δ = c`, and returns its size.
    func callAsFunction(_ x: Row, _ g: Row, _ c: Double, into out: MutableRow) -> Double {
        let flip: Float = c < 0 ? -1 : 1
        let goal = abs(c)
        // How far each number can go in the direction that helps.
        let rooms = x.indices.map { index -> Double in
            let slope = flip * g[index]
            if slope > 0 { return Double(bounds.upperBound) - Double(x[index]) }
            return slope < 0 ? Double(x[index]) - Double(bounds.lowerBound) : 0
        }
        let slopes = x.indices.map { g[$0].isFinite ? abs(Double(g[$0])) : 0 }
        let sizes: [Double]
        switch norm {
        case .linf:
            let t = Self.level(goal, breaks: rooms, gains: slopes)
            sizes = rooms.map { min(t, $0) }
        case .l2:
            let breaks = zip(rooms, slopes).map { $1 > 0 ? $0 / $1 : 0 }
            let t = Self.level(goal, breaks: breaks, gains: slopes.map { $0 * $0 })
            sizes = zip(rooms, slopes).map { min(t * $1, $0) }
        case .l1: sizes = Self.greedy(goal, rooms, slopes)
        }
        var (sum, most, squares) = (0.0, 0.0, 0.0)
        for index in x.indices {
            let size = slopes[index] > 0 ? sizes[index] : 0
            out[index] = Float(size) * RowMath.sign(flip * g[index])
            sum += size
            most = max(most, size)
            squares += size * size
        }
        return norm == .linf ? most : norm == .l2 ? squares.squareRoot() : sum
    }

    /// The level t at which `Σ gainᵢ · min(t, breakᵢ)` is `goal`; beyond the last break where it never is.
    private static func level(_ goal: Double, breaks: [Double], gains: [Double]) -> Double {
        let order = breaks.indices.filter { gains[$0] > 0 }.sorted { (breaks[$0], $0) < (breaks[$1], $1) }
        var (gain, sum, last) = (order.reduce(0) { $0 + gains[$1] }, 0.0, 0.0)
        for index in order {
            let next = sum + gain * (breaks[index] - last)
            if next >= goal { return gain > 0 ? last + (goal - sum) / gain : last }
            (sum, last) = (next, breaks[index])
            gain -= gains[index]
        }
        return last
    }

    /// The numbers that help most move as far as they can, until the goal is reached.
    private static func greedy(_ goal: Double, _ rooms: [Double], _ slopes: [Double]) -> [Double] {
        var (sizes, rest) = ([Double](repeating: 0, count: rooms.count), goal)
        for index in slopes.indices.sorted(by: { (slopes[$0], $1) > (slopes[$1], $0) }) where slopes[index] > 0 {
            guard rest > 0 else { break }
            sizes[index] = min(rooms[index], rest / slopes[index])
            rest -= sizes[index] * slopes[index]
        }
        return sizes
    }
}
