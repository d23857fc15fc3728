internal import CPlumbKernels
internal import PlumbBasics

// Normalizations of rows: the normalized rows, and the scale they were divided by.

extension Tensor {
    /// Root-mean-square normalization, `y = x / s · weight`, `s = √(mean(x²) + ε)`
    /// (Zhang, Sennrich 2019, arXiv:1910.07467).
    ///
    /// - Shapes: self and `normalized` `[…, D]`, `weight` `[D]`, `scale` `[…, 1]`.
    public func rmsNormalized(weight: Tensor?, epsilon: Float) -> (normalized: Tensor, scale: Tensor) {
        let (rows, width) = rowsAndWidth
        require(weight.map { $0.shape == [width] } ?? true, "a norm's weight must be [\(width)]")
        var scale = Tensor.zeros(shape.dropLast() + [1])
        let normalized = Tensor(shape: shape) { y in
            scale.withUnsafeMutableElements { scale in
                withUnsafeElements { x in
                    Tensor.withOptionalElements(weight, nil) { weight, _ in
                        plumb_rms_norm(y.baseAddress, scale.baseAddress, x.baseAddress, weight, rows, width, epsilon)
                    }
                }
            }
        }
        guard let tape = Tape.recording(self, weight) else { return (normalized, scale) }
        let divisor = scale
        let result = tape.record(normalized) { dy, into in
            guard into.writesInPlace else { return composed(weight, nil, epsilon, centered: false, dy, &into) }
            let (dx, dweight, _) = normalizationGradient(dy, weight, scale: divisor, centered: false, hasBias: false)
            into.add(dx, to: trace)
            if let dweight { into.add(dweight, to: weight?.trace) }
        }
        return (result, recordedScale(divisor, centered: false))
    }

    /// Layer normalization, `y = (x - mean) / s · weight + bias`, `s = √(var + ε)`
    /// (Ba, Kiros, Hinton 2016, arXiv:1607.06450).
    ///
    /// - Shapes: self and `normalized` `[…, D]`, `weight` and `bias` `[D]`, `scale` `[…, 1]`.
    public func layerNormalized(
        weight: Tensor?, bias: Tensor?, epsilon: Float
    ) -> (normalized: Tensor, scale: Tensor) {
        let (rows, width) = rowsAndWidth
        require(weight.map { $0.shape == [width] } ?? true, "a norm's weight must be [\(width)]")
        require(bias.map { $0.shape == [width] } ?? true, "a norm's bias must be [\(width)]")
        var scale = Tensor.zeros(shape.dropLast() + [1])
        let normalized = Tensor(shape: shape) { y in
            scale.withUnsafeMutableElements { scale in
                withUnsafeElements { x in
                    Tensor.withOptionalElements(weight, bias) { weight, bias in
                        plumb_layer_norm(
                            y.baseAddress, scale.baseAddress, x.baseAddress, weight, bias, rows, width, epsilon)
                    }
                }
            }
        }
        guard let tape = Tape.recording(self, weight) ?? bias.flatMap(Tape.recording) else {
            return (normalized, scale)
        }
        let divisor = scale
        let result = tape.record(normalized) { dy, into in
            guard into.writesInPlace else { return composed(weight, bias, epsilon, centered: true, dy, &into) }
            let (dx, dweight, dbias) = normalizationGradient(
                dy, weight, scale: divisor, centered: true, hasBias: bias?.trace != nil)
            into.add(dx, to: trace)
            if let dweight { into.add(dweight, to: weight?.trace) }
            if let dbias { into.add(dbias, to: bias?.trace) }
        }
        return (result, recordedScale(divisor, centered: true))
    }

    /// The scale on the tape: its slope is `(x - mean) / (D s)`.
    private func recordedScale(_ scale: Tensor, centered: Bool) -> Tensor {
        guard let tape = Tape.recording(self) else { return scale }
        return tape.record(scale) { s, ds, into in
            let center = centered ? self - mean(axis: -1, keepingAxis: true) : self
            into.add(center * (ds / s * (1 / Float(Swift.max(1, shape[shape.count - 1])))), to: trace)
        }
    }

    private func normalizationGradient(
        _ dy: Tensor, _ weight: Tensor?, scale: Tensor, centered: Bool, hasBias: Bool
    ) -> (dx: Tensor, dweight: Tensor?, dbias: Tensor?) {
        let (rows, width) = rowsAndWidth
        // Sums that nobody asked for are not made.
        var dweight: Tensor? = weight?.trace == nil ? nil : .zeros([width])
        var dbias = hasBias ? Tensor.zeros([width]) : nil
        let dx = Tensor(shape: shape) { dx in
            withUnsafeElements { x in
                dy.withUnsafeElements { dy in
                    scale.withUnsafeElements { scale in
                        Tensor.withOptionalElements(weight, nil) { weight, _ in
                            Tensor.withOptionalMutableElements(&dweight, &dbias) { dweight, dbias in
                                if centered {
                                    plumb_layer_norm_backward(
                                        dx.baseAddress, dweight, dbias, dy.baseAddress, x.baseAddress, weight,
                                        scale.baseAddress, rows, width)
                                } else {
                                    plumb_rms_norm_backward(
                                        dx.baseAddress, dweight, dy.baseAddress, x.baseAddress, weight,
                                        scale.baseAddress, rows, width)
                                }
                            }
                        }
                    }
                }
            }
        }
        return (dx, dweight, dbias)
    }

    /// The same gradient made of operations, for a pass that is itself differentiated.
    private func composed(
        _ weight: Tensor?, _ bias: Tensor?, _ epsilon: Float, centered: Bool, _ dy: Tensor, _ into: inout Cotangents
    ) {
        let ones = Tensor(repeating: 1, shape: [shape[shape.count - 1]])
        let parameters = NormalizationInput(x: self, weight: weight ?? ones, bias: bias ?? ones * 0)
        let gradient = valueWithPullback(at: parameters, seed: { _ in dy }) { input in
            let x = centered ? input.x - input.x.mean(axis: -1, keepingAxis: true) : input.x
            let scale = (x.squared().mean(axis: -1, keepingAxis: true) + epsilon).squareRoot()
            return x / scale * input.weight + input.bias
        }.gradient
        into.add(gradient.x, to: trace)
        into.add(gradient.weight, to: weight?.trace)
        into.add(gradient.bias, to: bias?.trace)
    }

    /// Lends the elements of two tensors to write, or nil for those that are absent.
    private static func withOptionalMutableElements(
        _ a: inout Tensor?, _ b: inout Tensor?,
        _ body: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void
    ) {
        var (first, second) = (a.take() ?? .zeros([0]), b.take() ?? .zeros([0]))
        let (hasFirst, hasSecond) = (first.count > 0, second.count > 0)
        first.withUnsafeMutableElements { x in
            second.withUnsafeMutableElements { y in
                body(hasFirst ? x.baseAddress : nil, hasSecond ? y.baseAddress : nil)
            }
        }
        a = hasFirst ? first : nil
        b = hasSecond ? second : nil
    }
}

/// What a normalization is a function of.
private struct NormalizationInput: ParameterTree {
    var x: Tensor
    var weight: Tensor
    var bias: Tensor

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("x", &x)
        visitor("weight", &weight)
        visitor("bias", &bias)
    }
}
