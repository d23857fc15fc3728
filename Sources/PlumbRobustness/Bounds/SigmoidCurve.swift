internal import Foundation
internal import PlumbNN

/// Sigmoid or tanh in double precision, with lines above and below it.
struct SigmoidCurve {
    private let isTanh: Bool

    init(_ function: Activation) { isTanh = function == .tanh }

    func callAsFunction(_ x: Double) -> Double { isTanh ? tanh(x) : 1 / (1 + exp(-x)) }

    private func slope(_ x: Double) -> Double {
        let y = self(x)
        return isTanh ? 1 - y * y : y * (1 - y)
    }

    /// How far a float32 evaluation that gives about `value` may be off.
    private func error(_ value: Double) -> Double { 0x1p-20 * max(abs(value), 0x1p-20) }

    /// Bounds of every float32 evaluation on `l ... u`.
    func bounds(_ l: Float, _ u: Float) -> (Float, Float) {
        let (low, high) = (self(Double(l)), self(Double(u)))
        return (FloatError.down(low - error(low)), FloatError.up(high + error(high)))
    }

    /// The arguments at which the slope is `slope`: one and its negative; 0 where there are none.
    private func argument(ofSlope slope: Double) -> Double {
        guard slope > 0, slope < (isTanh ? 1 : 0.25) else { return 0 }
        if isTanh { return atanh((1 - slope).squareRoot()) }
        let y = (1 + (1 - 4 * slope).squareRoot()) / 2
        return log(y / (1 - y))
    }

    /// The least intercept with which a line of that slope is above every float32 evaluation on `l ... u`.
    func interceptAbove(_ slope: Float, _ l: Float, _ u: Float) -> Float {
        FloatError.up(candidates(slope, l, u).reduce(-.infinity) { max($0, $1) } + room(slope, l, u))
    }

    /// The largest intercept with which a line of that slope is below every float32 evaluation on `l ... u`.
    func interceptBelow(_ slope: Float, _ l: Float, _ u: Float) -> Float {
        FloatError.down(candidates(slope, l, u).reduce(.infinity) { min($0, $1) } - room(slope, l, u))
    }

    /// The differences of curve and line at the ends and wherever they run alike between them: its extremes are there.
    private func candidates(_ slope: Float, _ l: Float, _ u: Float) -> [Double] {
        let turn = argument(ofSlope: Double(slope))
        // A turning point is known to many digits; the difference is flat around it.
        return ([Double(l), Double(u)] + [turn, -turn].filter { $0 > Double(l) - 1e-6 && $0 < Double(u) + 1e-6 })
            .map { self($0) - Double(slope) * $0 }
    }

    private func room(_ slope: Float, _ l: Float, _ u: Float) -> Double {
        let size = Double(abs(slope)) * Double(max(abs(l), abs(u))) + 1
        return max(error(self(Double(l))), error(self(Double(u)))) + 1e-12 * size
    }

    /// The slope of a good line above the curve on `l ... u`: a tangent where the curve bends down, else the chord; 0 where
    /// it is so small that its turning points are not known well.
    func slopeAbove(_ l: Float, _ u: Float) -> Float {
        let slope = steepness(l, u)
        return slope > 1e-6 ? slope : 0
    }

    private func steepness(_ l: Float, _ u: Float) -> Float {
        let (l, u) = (Double(l), Double(u))
        guard u > l else { return 0 }
        let chord = (self(u) - self(l)) / (u - l)
        if l >= 0 { return Float(slope((l + u) / 2)) }
        if u <= 0 || slope(u) >= chord { return Float(max(0, chord)) }
        // The tangent from the lower end touches the curve between 0 and u.
        var (below, above) = (0.0, u)
        for _ in 0..<60 {
            let middle = (below + above) / 2
            if self(middle) - slope(middle) * (middle - l) > self(l) { above = middle } else { below = middle }
        }
        return Float(slope(above))
    }

    /// The slope of a good line below it.
    func slopeBelow(_ l: Float, _ u: Float) -> Float {
        // Both curves are symmetric about their value at 0.
        slopeAbove(-u, -l)
    }
}
