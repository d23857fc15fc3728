internal import CPlumbKernels
internal import PlumbBasics
public import PlumbTensor

extension Tensor {
    /// Each image convolved (cross-correlated, as the field means it) with `weight`, plus `bias`.
    ///
    /// The gradient can be taken once: a second derivative is refused.
    ///
    /// - Shapes: self `[B, H, W, I]`, `weight` `[O, I, kh, kw]`, `bias` `[O]`; result `[B, H′, W′, O]`.
    public func convolved2D(_ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0) -> Tensor {
        require(
            shape.count == 4 && weight.shape.count == 4 && weight.shape[1] == shape[3],
            "convolution of images [B, H, W, I] needs a weight [O, I, kh, kw], got \(shape) and \(weight.shape)")
        require(
            bias.map { $0.shape == [weight.shape[0]] } ?? true,
            "convolution to \(weight.shape[0]) channels needs a bias of as many, got \(bias?.shape ?? [])")
        require(stride >= 1 && padding >= 0, "convolution cannot move by \(stride) with padding \(padding)")
        var call = plumb_conv2d_shape()
        (call.batch, call.height, call.width, call.inputs) = (shape[0], shape[1], shape[2], shape[3])
        (call.outputs, call.kernel_height, call.kernel_width) = (weight.shape[0], weight.shape[2], weight.shape[3])
        (call.stride, call.padding) = (stride, padding)
        let height = plumb_conv2d_size(call.height, call.kernel_height, stride, padding)
        let width = plumb_conv2d_size(call.width, call.kernel_width, stride, padding)
        require(
            height > 0 && width > 0 && call.kernel_height > 0 && call.kernel_width > 0,
            "a window \(weight.shape.suffix(2)) does not fit in images \(shape) padded by \(padding)")
        let y = Convolution(call: call, height: height, width: width).applied(to: self, weight, bias)
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        return y.recorded(from: inputs) { [call] dy, into in
            require(!into.isNested, "convolution has a first derivative only")
            let convolution = Convolution(call: call, height: height, width: width)
            into.add(convolution.inputGradient(dy, weight), to: trace)
            guard weight.trace != nil || bias?.trace != nil else { return }
            let (dw, db) = convolution.weightGradient(dy, self)
            into.add(dw, to: weight.trace)
            if let bias { into.add(db, to: bias.trace) }
        }
    }
}

extension Tensor {
    /// What coefficients of a convolution's results are as coefficients of its images: the convolution's transpose, as its
    /// gradient is computed. A constant.
    ///
    /// - Parameters:
    ///   - weight: the convolution's.
    ///   - rows: H, of an image.
    ///   - columns: W, of an image.
    ///   - stride: the convolution's.
    ///   - padding: the convolution's.
    /// - Shapes: self `[B, H′, W′, O]`, `weight` `[O, I, kh, kw]`; result `[B, H, W, I]`.
    public func carriedBackThroughConvolution2D(
        _ weight: Tensor, rows: Int, columns: Int, stride: Int = 1, padding: Int = 0
    ) -> Tensor {
        require(
            shape.count == 4 && weight.shape.count == 4 && weight.shape[0] == shape[3],
            "coefficients [B, H′, W′, O] need a weight [O, I, kh, kw], got \(shape) and \(weight.shape)")
        var call = plumb_conv2d_shape()
        (call.batch, call.height, call.width, call.inputs) = (shape[0], rows, columns, weight.shape[1])
        (call.outputs, call.kernel_height, call.kernel_width) = (weight.shape[0], weight.shape[2], weight.shape[3])
        (call.stride, call.padding) = (stride, padding)
        let height = plumb_conv2d_size(rows, call.kernel_height, stride, padding)
        let width = plumb_conv2d_size(columns, call.kernel_width, stride, padding)
        require(
            shape[1] == height && shape[2] == width,
            "a convolution of images [\(rows), \(columns)] gives [\(height), \(width)], not \(shape[1...2])")
        return Convolution(call: call, height: height, width: width).inputGradient(detached(), weight.detached())
    }
}

/// The kernels of one convolution, with the sizes they are called with.
private struct Convolution {
    let call: plumb_conv2d_shape
    let height: Int
    let width: Int

    private var isEmpty: Bool { call.batch == 0 || call.outputs == 0 || call.inputs == 0 }

    func applied(to x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
        let shape = [call.batch, height, width, call.outputs]
        guard !isEmpty else {
            let zeros = Tensor.zeros(shape)
            return bias.map { zeros + $0.detached() } ?? zeros
        }
        return withUnsafePointer(to: call) { call in
            Tensor(shape: shape) { y in
                withPacked(weight, plumb_conv2d_packed_floats, plumb_conv2d_pack) { packed in
                    x.withUnsafeElements { x in
                        guard let bias else {
                            return plumb_conv2d(y.baseAddress, x.baseAddress, packed, nil, call)
                        }
                        bias.withUnsafeElements {
                            plumb_conv2d(y.baseAddress, x.baseAddress, packed, $0.baseAddress, call)
                        }
                    }
                }
            }
        }
    }

    /// The gradient at the images.
    func inputGradient(_ dy: Tensor, _ weight: Tensor) -> Tensor {
        let shape = [call.batch, call.height, call.width, call.inputs]
        guard !isEmpty else { return .zeros(shape) }
        return withUnsafePointer(to: call) { call in
            Tensor(shape: shape) { dx in
                withPacked(weight, plumb_conv2d_packed_backward_floats, plumb_conv2d_pack_backward) { packed in
                    dy.withUnsafeElements {
                        plumb_conv2d_backward_input(dx.baseAddress, $0.baseAddress, packed, call)
                    }
                }
            }
        }
    }

    /// The gradients at weight and bias.
    func weightGradient(_ dy: Tensor, _ x: Tensor) -> (weight: Tensor, bias: Tensor) {
        let shape = [call.outputs, call.inputs, call.kernel_height, call.kernel_width]
        var bias = Tensor.zeros([call.outputs])
        guard !isEmpty else { return (.zeros(shape), dy.detached().summedColumns()) }
        let weight = withUnsafePointer(to: call) { call in
            Tensor(shape: shape) { dw in
                bias.withUnsafeMutableElements { db in
                    x.withUnsafeElements { x in
                        dy.withUnsafeElements { dy in
                            plumb_conv2d_backward_weight(
                                dw.baseAddress, db.baseAddress, x.baseAddress, dy.baseAddress, call)
                        }
                    }
                }
            }
        }
        return (weight, bias)
    }

    /// Lends the weight as a kernel wants it.
    private func withPacked(
        _ weight: Tensor, _ size: (UnsafePointer<plumb_conv2d_shape>?) -> Int,
        _ pack: (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<plumb_conv2d_shape>?) -> Void,
        _ body: (UnsafePointer<Float>?) -> Void
    ) {
        withUnsafePointer(to: call) { call in
            let packed = Tensor(shape: [size(call)]) { packed in
                weight.withUnsafeElements { pack(packed.baseAddress, $0.baseAddress, call) }
            }
            packed.withUnsafeElements { body($0.baseAddress) }
        }
    }
}
