internal import CPlumbKernels
internal import Foundation

// Functions of each element. Where a kernel gives the slope, a first derivative takes it; where the derivative is itself
// to be differentiated, the slope is made of operations.

private typealias UnaryKernel = (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int) -> Void

extension Tensor {
    /// `x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))`, the tanh form of GELU (Hendrycks, Gimpel 2016, arXiv:1606.08415).
    public func geluTanh() -> Tensor {
        unary(plumb_gelu_tanh, plumb_gelu_tanh_backward) { x in
            let c = Float(2 / Double.pi).squareRoot()
            let t = ((x + x * x * x * 0.044715) * c).tanh()
            let inner = (x * x * (3 * 0.044715) + 1) * c
            return (t + 1) * 0.5 + x * 0.5 * (1 - t * t) * inner
        }
    }

    /// `x · Φ(x)`, GELU by the error function (Hendrycks, Gimpel 2016, arXiv:1606.08415).
    public func gelu() -> Tensor {
        unary(plumb_gelu_erf, plumb_gelu_erf_backward) { x in
            ((x * Float(0.5).squareRoot()).erf() + 1) * 0.5
                + x * (x * x * -0.5).exp() * Float(1 / (2 * Double.pi).squareRoot())
        }
    }

    /// `x · sigmoid(x)` (Elfwing, Uchibe, Doya 2017, arXiv:1702.03118).
    public func silu() -> Tensor {
        unary(plumb_silu, plumb_silu_backward) { x in
            let s = x.sigmoid()
            return s + x * s * (1 - s)
        }
    }

    /// `max(0, x)`; the slope at 0 is 0.
    public func relu() -> Tensor {
        unary(plumb_relu, plumb_relu_backward) { $0.mapped { $0 > 0 ? 1 : 0 } }
    }

    /// The hyperbolic tangent.
    public func tanh() -> Tensor { unary(plumb_tanh, ofResult: plumb_tanh_backward) { 1 - $0 * $0 } }
    /// `1 / (1 + e⁻ˣ)`.
    public func sigmoid() -> Tensor { unary(plumb_sigmoid, ofResult: plumb_sigmoid_backward) { $0 * (1 - $0) } }
    /// The exponential.
    public func exp() -> Tensor { unary(plumb_exp, ofResult: nil) { $0 } }
    /// `eˣ - 1`, exact to rounding for small x, where `exp() - 1` loses its digits.
    public func expm1() -> Tensor {
        let result = mapped { Float(Foundation.expm1(Double($0))) }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { dy, into in into.add(dy * self.exp(), to: trace) }
    }
    /// `eˣ - 1 - x`, exact to rounding and 0 or more: about x²/2 for small x, where the sum of its terms loses every digit.
    public func expm1MinusArgument() -> Tensor {
        let result = mapped { Float(max(0, Foundation.expm1(Double($0)) - Double($0))) }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { dy, into in into.add(dy * self.expm1(), to: trace) }
    }
    /// The natural logarithm.
    public func log() -> Tensor { unary(plumb_log, nil) { $0.reciprocal() } }
    /// The square root.
    public func squareRoot() -> Tensor { unary(plumb_sqrt, ofResult: nil) { $0.reciprocal() * 0.5 } }
    /// `1 / √x`.
    public func reciprocalSquareRoot() -> Tensor { unary(plumb_rsqrt, ofResult: nil) { $0 * $0 * $0 * -0.5 } }
    /// `1 / x`.
    public func reciprocal() -> Tensor { Tensor(repeating: 1, shape: shape) / self }
    /// `x²`.
    public func squared() -> Tensor { self * self }
    /// `|x|`; the slope at 0 is 0.
    public func absolute() -> Tensor {
        unary(plumb_abs, nil) { $0.mapped { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 } }
    }
    /// The sine.
    public func sin() -> Tensor { unary(plumb_sin, nil) { $0.cos() } }
    /// The cosine.
    public func cos() -> Tensor { unary(plumb_cos, nil) { -$0.sin() } }
    /// The error function.
    public func erf() -> Tensor { unary(plumb_erf, nil) { ($0 * -$0).exp() * Float(2 / Double.pi.squareRoot()) } }
    /// `log(1 + eˣ)`, without overflow.
    public func softplus() -> Tensor { unary(plumb_softplus, nil) { $0.sigmoid() } }
    /// `log sigmoid(x) = -softplus(-x)`, without overflow.
    public func logSigmoid() -> Tensor { -(-self).softplus() }

    /// A function whose slope follows from its argument.
    private func unary(
        _ kernel: UnaryKernel, _ backward: BinaryKernel?, slope: @escaping (Tensor) -> Tensor
    ) -> Tensor {
        let result = Tensor(shape: shape) { y in
            withUnsafeElements { kernel(y.baseAddress, $0.baseAddress, $0.count) }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { dy, into in
            guard let backward, into.writesInPlace else { return into.add(dy * slope(self), to: trace) }
            into.add(Tensor.combined(self, dy, backward), to: trace)
        }
    }

    /// A function whose slope follows from its result.
    private func unary(
        _ kernel: UnaryKernel, ofResult backward: BinaryKernel?, slope: @escaping (Tensor) -> Tensor
    ) -> Tensor {
        let result = Tensor(shape: shape) { y in
            withUnsafeElements { kernel(y.baseAddress, $0.baseAddress, $0.count) }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { result, dy, into in
            guard let backward, into.writesInPlace else { return into.add(dy * slope(result), to: trace) }
            into.add(Tensor.combined(result, dy, backward), to: trace)
        }
    }
}

extension Tensor {
    fileprivate static func - (one: Float, x: Tensor) -> Tensor { x.affine(scale: -1, offset: one) }
}
