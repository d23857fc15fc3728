internal import CPlumbKernels

// Elementwise arithmetic: each operation is one kernel call over the whole tensor, and the place where a tape that
// records a pullback beside its operation attaches.

private typealias BinaryKernel = (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int
) -> Void
private typealias UnaryKernel = (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int) -> Void

extension Tensor {
    /// The elementwise sum of two tensors of one shape, or of `[…, D]` and a row `[D]`.
    public static func + (a: Tensor, b: Tensor) -> Tensor {
        guard b.shape.count == 1 && a.shape.count > 1 && a.shape.last == b.shape[0] else {
            return binary("+", a, b, plumb_add)
        }
        return Tensor(shape: a.shape) { y in
            a.withUnsafeElements { a in
                b.withUnsafeElements { b in
                    let width = b.count
                    plumb_add_rows(y.baseAddress, a.baseAddress, b.baseAddress, width == 0 ? 0 : a.count / width, width)
                }
            }
        }
    }

    /// The elementwise difference of two tensors of one shape.
    public static func - (a: Tensor, b: Tensor) -> Tensor { binary("-", a, b, plumb_subtract) }
    /// The elementwise product of two tensors of one shape.
    public static func * (a: Tensor, b: Tensor) -> Tensor { binary("*", a, b, plumb_multiply) }
    /// The elementwise quotient of two tensors of one shape.
    public static func / (a: Tensor, b: Tensor) -> Tensor { binary("/", a, b, plumb_divide) }

    /// Every element times `scale`.
    public static func * (a: Tensor, scale: Float) -> Tensor { a.affine(scale: scale, offset: 0) }
    /// Every element times `scale`.
    public static func * (scale: Float, a: Tensor) -> Tensor { a.affine(scale: scale, offset: 0) }
    /// Every element plus `offset`.
    public static func + (a: Tensor, offset: Float) -> Tensor { a.affine(scale: 1, offset: offset) }
    /// Every element negated.
    public static prefix func - (a: Tensor) -> Tensor { a.affine(scale: -1, offset: 0) }

    private func affine(scale: Float, offset: Float) -> Tensor {
        Tensor(shape: shape) { y in
            withUnsafeElements { plumb_affine(y.baseAddress, $0.baseAddress, scale, offset, $0.count) }
        }
    }

    /// `x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))`, the tanh form of GELU (Hendrycks, Gimpel 2016, arXiv:1606.08415).
    public func geluTanh() -> Tensor { unary(plumb_gelu_tanh) }
    /// `x · Φ(x)`, GELU by the error function (Hendrycks, Gimpel 2016, arXiv:1606.08415).
    public func gelu() -> Tensor { unary(plumb_gelu_erf) }
    /// `x · sigmoid(x)` (Elfwing, Uchibe, Doya 2017, arXiv:1702.03118).
    public func silu() -> Tensor { unary(plumb_silu) }
    /// `max(0, x)`.
    public func relu() -> Tensor { unary(plumb_relu) }
    /// The hyperbolic tangent.
    public func tanh() -> Tensor { unary(plumb_tanh) }
    /// `1 / (1 + e⁻ˣ)`.
    public func sigmoid() -> Tensor { unary(plumb_sigmoid) }
    /// The exponential.
    public func exp() -> Tensor { unary(plumb_exp) }
    /// The natural logarithm.
    public func log() -> Tensor { unary(plumb_log) }

    private static func binary(_ name: String, _ a: Tensor, _ b: Tensor, _ kernel: BinaryKernel) -> Tensor {
        precondition(a.shape == b.shape, "\(name) needs equal shapes, got \(a.shape) and \(b.shape)")
        return Tensor(shape: a.shape) { y in
            a.withUnsafeElements { a in
                b.withUnsafeElements { kernel(y.baseAddress, a.baseAddress, $0.baseAddress, a.count) }
            }
        }
    }

    private func unary(_ kernel: UnaryKernel) -> Tensor {
        Tensor(shape: shape) { y in
            withUnsafeElements { kernel(y.baseAddress, $0.baseAddress, $0.count) }
        }
    }

    /// Lends the elements of two tensors, or nil for those that are absent.
    static func withOptionalElements<R>(
        _ a: Tensor?, _ b: Tensor?, _ body: (UnsafePointer<Float>?, UnsafePointer<Float>?) throws -> R
    ) rethrows -> R {
        switch (a, b) {
        case (nil, nil): try body(nil, nil)
        case (let a?, nil): try a.withUnsafeElements { try body($0.baseAddress, nil) }
        case (nil, let b?): try b.withUnsafeElements { try body(nil, $0.baseAddress) }
        case (let a?, let b?):
            try a.withUnsafeElements { a in
                try b.withUnsafeElements { try body(a.baseAddress, $0.baseAddress) }
            }
        }
    }
}
