internal import PlumbNN
internal import PlumbTensor

/// Lines below and above each number of an activation, for each of several samples, `[B · n]`.
struct Relaxation {
    var lowerSlope: [Float]
    var lowerIntercept: [Float]
    var upperSlope: [Float]
    var upperIntercept: [Float]
    /// Where the lower slope may be any from 0 to 1: ReLUs that may be on either side.
    var isFree: [Bool]

    /// The lines of an activation whose argument lies in `x`.
    init(_ function: Activation, _ x: Interval, _ rounding: BoundPropagation.Rounding) {
        let count = x.lower.count
        lowerSlope = [Float](repeating: 0, count: count)
        (lowerIntercept, upperSlope, upperIntercept) = (lowerSlope, lowerSlope, lowerSlope)
        isFree = [Bool](repeating: false, count: count)
        let (lower, upper) = (x.lower.elements, x.upper.elements)
        let curve = function == .relu ? nil : SigmoidCurve(function)
        for i in 0..<count {
            let (l, u) = (lower[i], upper[i])
            guard let curve else {
                rectify(i, l, u, rounding)
                continue
            }
            (upperSlope[i], lowerSlope[i]) = (curve.slopeAbove(l, u), curve.slopeBelow(l, u))
            upperIntercept[i] = curve.interceptAbove(upperSlope[i], l, u)
            lowerIntercept[i] = curve.interceptBelow(lowerSlope[i], l, u)
        }
    }

    private mutating func rectify(_ i: Int, _ l: Float, _ u: Float, _ rounding: BoundPropagation.Rounding) {
        if u <= 0 { return }
        if l >= 0 {
            (lowerSlope[i], upperSlope[i]) = (1, 1)
            return
        }
        isFree[i] = true
        lowerSlope[i] = u >= -l ? 1 : 0
        guard rounding == .outward else {
            upperSlope[i] = u / (u - l)
            upperIntercept[i] = -l * upperSlope[i]
            return
        }
        let slope = Float(min(1, max(0, Double(u) / (Double(u) - Double(l)))))
        upperSlope[i] = slope
        // Above 0 at the lower end, above u at the upper one: whatever the slope was rounded to.
        let (s, low, high) = (Double(slope), Double(l), Double(u))
        upperIntercept[i] = FloatError.up(max(-s * low, high - s * high)).nextUp
    }
}

/// What stands for the largest number of each window: the one with the largest lower bound, which is never above it; and
/// above it the same where its lower bound is above all others, else the largest upper bound.
struct PoolRelaxation {
    var choice: [Int]
    var isCertain: [Bool]
    var upper: [Float]

    init(_ windows: [[Int]], _ x: Interval) {
        (choice, isCertain, upper) = ([], [], [])
        let (lower, higher) = (x.lower.elements, x.upper.elements)
        for sample in 0..<x.count {
            let first = sample * x.width
            for window in windows {
                let best = window.max { lower[first + $0] < lower[first + $1] } ?? 0
                choice.append(best)
                isCertain.append(window.allSatisfy { $0 == best || higher[first + $0] <= lower[first + best] })
                upper.append(window.reduce(-.infinity) { max($0, higher[first + $1]) })
            }
        }
    }
}

/// What rounding can change where coefficients pass through a linear operation: for each number of its value a share of
/// the coefficient's magnitude, and for each sample something whatever the coefficients are.
struct RoundingTerms {
    /// `[B · n]`
    var shares: [Double]
    /// `[B]`
    var floors: [Double]
}

extension BoundPropagation {
    /// The rounding of the network's own evaluation of a node and of coefficients carried back through it.
    func roundingTerms(_ index: Int, _ values: [Interval]) -> RoundingTerms? {
        let node = nodes[index]
        let x = node.inputs.isEmpty ? values[0] : values[node.inputs[0]]
        let floors = {
            let magnitudes = x.magnitudes
            return (0..<x.count).map { sample in
                Double(node.width) * FloatError.underflow * 4
                    * (1 + magnitudes[sample * x.width..<(sample + 1) * x.width].reduce(0, +))
            }
        }
        func affine(_ bias: [Float]?, terms: Int, back: Int, _ magnitude: (Tensor) -> Tensor) -> RoundingTerms {
            let largest = Tensor(x.magnitudes.map { FloatError.up($0) }, shape: x.lower.shape)
            let gamma = FloatError.gamma(terms + 3)
            let share = gamma + FloatError.gamma(back + 3)
            let shares: [Double] = magnitude(largest).elements.enumerated().map { i, size in
                let term = bias.map { Double(abs($0[i % $0.count])) } ?? 0
                return share * (Double(size) * (1 + 2 * gamma) + term)
            }
            return RoundingTerms(shares: shares, floors: floors())
        }
        switch node.kind {
        case .linear(let map):
            return affine(map.bias, terms: map.inputs, back: map.outputs) { map.magnitude.applied(to: $0) }
        case .convolution(let map):
            return affine(map.bias, terms: map.reads, back: map.readers) { map.magnitudes($0) }
        case .scale(let scale, let offset):
            let gamma = FloatError.gamma(4)
            let shares: [Double] = x.magnitudes.enumerated().map { i, size in
                let (factor, term) = (Double(abs(scale[i % scale.count])), Double(abs(offset[i % scale.count])))
                return gamma * (size * factor + term)
            }
            return RoundingTerms(shares: shares, floors: floors())
        case .averagePool(let windows):
            let sizes = x.magnitudes
            var shares: [Double] = []
            for sample in 0..<x.count {
                for window in windows {
                    let sum = window.reduce(0.0) { $0 + sizes[sample * x.width + $1] }
                    shares.append(FloatError.gamma(window.count + 3) * sum / Double(window.count))
                }
            }
            return RoundingTerms(shares: shares, floors: floors())
        case .sum:
            let sizes = node.inputs.map { values[$0].magnitudes }
            let gamma = FloatError.gamma(sizes.count)
            let shares: [Double] = sizes[0].indices.map { i in gamma * sizes.reduce(0.0) { $0 + $1[i] } }
            return RoundingTerms(shares: shares, floors: floors())
        case .input, .maxPool, .move, .activation: return nil
        }
    }
}
