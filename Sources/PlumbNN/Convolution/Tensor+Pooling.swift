internal import CPlumbKernels
internal import PlumbBasics
public import PlumbTensor

extension Tensor {
    /// The largest value of each window; of equals, the first takes the gradient.
    ///
    /// The gradient can be taken once: a second derivative is refused.
    ///
    /// - Parameter stride: by default the window's own size.
    /// - Shapes: self `[B, H, W, C]`; result `[B, (H - window) / stride + 1, (W - window) / stride + 1, C]`.
    public func maxPooled2D(window: Int, stride: Int? = nil) -> Tensor {
        let (call, pooled) = pooling(window, stride ?? window)
        var winners = [Int32](repeating: 0, count: pooled.reduce(1, *))
        let y = withUnsafePointer(to: call) { call in
            Tensor(shape: pooled) { y in
                guard !y.isEmpty else { return }
                winners.withUnsafeMutableBufferPointer { winners in
                    withUnsafeElements { plumb_max_pool2d(y.baseAddress, winners.baseAddress, $0.baseAddress, call) }
                }
            }
        }
        return y.recorded(from: [self]) { [trace, shape, winners] dy, into in
            require(!into.isNested, "max pooling has a first derivative only")
            into.add(
                withUnsafePointer(to: call) { call in
                    Tensor(shape: shape) { dx in
                        guard !winners.isEmpty else { return dx.initialize(repeating: 0) }
                        dy.withUnsafeElements {
                            plumb_max_pool2d_backward(dx.baseAddress, $0.baseAddress, winners, call)
                        }
                    }
                }, to: trace)
        }
    }

    /// The mean of each window.
    ///
    /// The gradient can be taken once: a second derivative is refused.
    ///
    /// - Parameter stride: by default the window's own size.
    /// - Shapes: self `[B, H, W, C]`; result `[B, (H - window) / stride + 1, (W - window) / stride + 1, C]`.
    public func averagePooled2D(window: Int, stride: Int? = nil) -> Tensor {
        let (call, pooled) = pooling(window, stride ?? window)
        let y = withUnsafePointer(to: call) { call in
            Tensor(shape: pooled) { y in
                guard !y.isEmpty else { return }
                withUnsafeElements { plumb_average_pool2d(y.baseAddress, $0.baseAddress, call) }
            }
        }
        return y.recorded(from: [self]) { [trace, shape] dy, into in
            require(!into.isNested, "average pooling has a first derivative only")
            into.add(
                withUnsafePointer(to: call) { call in
                    Tensor(shape: shape) { dx in
                        guard dy.count > 0 else { return dx.initialize(repeating: 0) }
                        dy.withUnsafeElements {
                            plumb_average_pool2d_backward(dx.baseAddress, $0.baseAddress, call)
                        }
                    }
                }, to: trace)
        }
    }

    /// The kernel's sizes, and the result's shape.
    private func pooling(_ window: Int, _ stride: Int) -> (call: plumb_pool2d_shape, pooled: [Int]) {
        require(shape.count == 4, "pooling needs images [B, H, W, C], got \(shape)")
        require(window >= 1 && stride >= 1, "pooling needs a window and a stride of at least 1")
        var call = plumb_pool2d_shape()
        (call.batch, call.height, call.width, call.channels) = (shape[0], shape[1], shape[2], shape[3])
        (call.window, call.stride) = (window, stride)
        require(
            min(shape[1], shape[2]) >= window, "a window of \(window) does not fit in images \(shape)")
        let sizes = [shape[1], shape[2]].map { ($0 - window) / stride + 1 }
        return (call, [shape[0], sizes[0], sizes[1], shape[3]])
    }
}
