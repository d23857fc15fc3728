internal import CPlumbKernels
internal import PlumbBasics

// Elementwise arithmetic: each operation is one kernel call over the whole tensor, with its gradient beside it.

typealias BinaryKernel = (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int) -> Void

extension Tensor {
    /// The elementwise sum. Shapes broadcast: they are aligned at their last axes, and an extent of 1 is repeated.
    public static func + (a: Tensor, b: Tensor) -> Tensor {
        if b.shape.count == 1 && a.shape.count > 1 && a.shape.last == b.shape[0] { return a.addingRow(b) }
        guard a.shape == b.shape else { return broadcast("+", a, b, +) }
        let y = combined(a, b, plumb_add)
        guard let tape = Tape.recording(a, b) else { return y }
        return tape.record(y) { [a = a.trace, b = b.trace] dy, into in
            into.add(dy, to: a)
            into.add(dy, to: b)
        }
    }

    /// The elementwise difference. Shapes broadcast.
    public static func - (a: Tensor, b: Tensor) -> Tensor {
        guard a.shape == b.shape else { return broadcast("-", a, b, -) }
        let y = combined(a, b, plumb_subtract)
        guard let tape = Tape.recording(a, b) else { return y }
        return tape.record(y) { [a = a.trace, b = b.trace] dy, into in
            into.add(dy, to: a)
            into.add(-dy, to: b)
        }
    }

    /// The elementwise product. Shapes broadcast.
    public static func * (a: Tensor, b: Tensor) -> Tensor {
        if b.shape.count == 1 && a.shape.count > 1 && a.shape.last == b.shape[0] { return a.multipliedByRow(b) }
        guard a.shape == b.shape else { return broadcast("*", a, b, *) }
        let y = combined(a, b, plumb_multiply)
        guard let tape = Tape.recording(a, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(dy * b, to: a.trace)
            into.add(dy * a, to: b.trace)
        }
    }

    /// The elementwise quotient. Shapes broadcast.
    public static func / (a: Tensor, b: Tensor) -> Tensor {
        guard a.shape == b.shape else { return broadcast("/", a, b, /) }
        let y = combined(a, b, plumb_divide)
        guard let tape = Tape.recording(a, b) else { return y }
        return tape.record(y) { dy, into in
            into.add(dy / b, to: a.trace)
            into.add(-(dy * a) / (b * b), to: b.trace)
        }
    }

    /// The larger of each two elements. Shapes broadcast; of equals, each takes half the gradient.
    public static func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
        guard a.shape == b.shape else { return broadcast("maximum", a, b, maximum) }
        let y = combined(a, b, plumb_maximum)
        guard let tape = Tape.recording(a, b) else { return y }
        return tape.record(y) { dy, into in
            let share = a.shareAbove(b)
            into.add(dy * share, to: a.trace)
            into.add(dy * share.affine(scale: -1, offset: 1), to: b.trace)
        }
    }

    /// The smaller of each two elements. Shapes broadcast; of equals, each takes half the gradient.
    public static func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
        guard a.shape == b.shape else { return broadcast("minimum", a, b, minimum) }
        let y = combined(a, b, plumb_minimum)
        guard let tape = Tape.recording(a, b) else { return y }
        return tape.record(y) { dy, into in
            let share = b.shareAbove(a)
            into.add(dy * share, to: a.trace)
            into.add(dy * share.affine(scale: -1, offset: 1), to: b.trace)
        }
    }

    /// Every element moved into `range`; outside it the gradient is zero.
    public func clamped(to range: ClosedRange<Float>) -> Tensor {
        // What is not a number stays so.
        let y = mapped { $0 < range.lowerBound ? range.lowerBound : $0 > range.upperBound ? range.upperBound : $0 }
        guard let tape = Tape.recording(self) else { return y }
        return tape.record(y) { dy, into in
            into.add(dy * detached().mapped { range.contains($0) ? 1 : 0 }, to: trace)
        }
    }

    /// Every element times `scale`.
    public static func * (a: Tensor, scale: Float) -> Tensor { a.affine(scale: scale, offset: 0) }
    /// Every element times `scale`.
    public static func * (scale: Float, a: Tensor) -> Tensor { a.affine(scale: scale, offset: 0) }
    /// Every element divided by `divisor`.
    public static func / (a: Tensor, divisor: Float) -> Tensor { a.affine(scale: 1 / divisor, offset: 0) }
    /// Every element plus `offset`.
    public static func + (a: Tensor, offset: Float) -> Tensor { a.affine(scale: 1, offset: offset) }
    /// Every element less `offset`.
    public static func - (a: Tensor, offset: Float) -> Tensor { a.affine(scale: 1, offset: -offset) }
    /// Every element negated.
    public static prefix func - (a: Tensor) -> Tensor { a.affine(scale: -1, offset: 0) }

    /// `scale · x + offset` of every element.
    func affine(scale: Float, offset: Float) -> Tensor {
        let result = Tensor(shape: shape) { y in
            withUnsafeElements { plumb_affine(y.baseAddress, $0.baseAddress, scale, offset, $0.count) }
        }
        guard let tape = Tape.recording(self) else { return result }
        return tape.record(result) { [trace] dy, into in into.add(dy * scale, to: trace) }
    }

    /// Adds `other` of the same shape in place.
    public mutating func add(_ other: Tensor, scale: Float = 1) {
        require(shape == other.shape, "cannot add \(other.shape) in place to \(shape)")
        require(
            !other.isTraced, "what is added in place is a constant: use + for a tensor that is being differentiated")
        withUnsafeMutableElements { y in
            other.withUnsafeElements { plumb_axpy(y.baseAddress, scale, $0.baseAddress, $0.count) }
        }
    }

    /// `[…, D] + [D]`
    private func addingRow(_ row: Tensor) -> Tensor {
        let result = Tensor(shape: shape) { y in
            withUnsafeElements { a in
                row.withUnsafeElements { b in
                    plumb_add_rows(
                        y.baseAddress, a.baseAddress, b.baseAddress, b.isEmpty ? 0 : a.count / b.count, b.count)
                }
            }
        }
        guard let tape = Tape.recording(self, row) else { return result }
        return tape.record(result) { [trace, row = row.trace] dy, into in
            into.add(dy, to: trace)
            into.add(dy.summedColumns(), to: row)
        }
    }

    /// `[…, D] · [D]`
    private func multipliedByRow(_ row: Tensor) -> Tensor {
        let result = Tensor(shape: shape) { y in
            withUnsafeElements { a in
                row.withUnsafeElements { b in
                    plumb_multiply_rows(
                        y.baseAddress, a.baseAddress, b.baseAddress, b.isEmpty ? 0 : a.count / b.count, b.count)
                }
            }
        }
        guard let tape = Tape.recording(self, row) else { return result }
        return tape.record(result) { dy, into in
            into.add(dy * row, to: trace)
            into.add((dy * self).summedColumns(), to: row.trace)
        }
    }

    /// 1 where self is larger than `other`, ½ where they are equal, 0 elsewhere: a constant.
    private func shareAbove(_ other: Tensor) -> Tensor {
        Tensor(shape: shape) { y in
            withUnsafeElements { a in
                other.withUnsafeElements { b in
                    for i in a.indices { y[i] = a[i] > b[i] ? 1 : a[i] == b[i] ? 0.5 : 0 }
                }
            }
        }
    }

    private static func broadcast(
        _ name: String, _ a: Tensor, _ b: Tensor, _ operation: (Tensor, Tensor) -> Tensor
    ) -> Tensor {
        guard let shape = broadcastShape(a.shape, b.shape) else {
            unmet("\(name) cannot broadcast shapes \(a.shape) and \(b.shape)")
        }
        return operation(a.broadcasted(to: shape), b.broadcasted(to: shape))
    }

    static func combined(_ a: Tensor, _ b: Tensor, _ kernel: BinaryKernel) -> Tensor {
        Tensor(shape: a.shape) { y in
            a.withUnsafeElements { a in
                b.withUnsafeElements { kernel(y.baseAddress, a.baseAddress, $0.baseAddress, a.count) }
            }
        }
    }

    /// `transform` of every element: a constant.
    func mapped(_ transform: (Float) -> Float) -> Tensor {
        Tensor(shape: shape) { y in
            withUnsafeElements { x in
                for i in x.indices { y[i] = transform(x[i]) }
            }
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
