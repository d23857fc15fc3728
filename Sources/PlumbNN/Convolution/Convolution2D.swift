internal import PlumbBasics
public import PlumbTensor

/// A window moved over images, whose every position gives one weighted sum for each output channel.
///
/// - Shapes: images `[B, H, W, I]`, channels last; `weight` `[O, I, kh, kw]`, as PyTorch keeps it; `bias` `[O]`; result
///   `[B, H′, W′, O]` with `H′ = (H + 2 · padding - kh) / stride + 1`, and `W′` likewise.
public struct Convolution2D: ParameterTree {
    /// One window for each output channel, `[O, I, kh, kw]`.
    public var weight: Tensor
    /// What each output channel adds everywhere, `[O]`; nil for nothing.
    public var bias: Tensor?
    /// How far the window moves at a time.
    public let stride: Int
    /// The zeros at each side of an image.
    public let padding: Int

    /// A layer of given weights.
    public init(weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0) {
        (self.weight, self.bias, self.stride, self.padding) = (weight, bias, stride, padding)
    }

    /// A new layer with a square window.
    public init(
        inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, bias: Bool = true,
        initializer: Initializer = .standard, key: RandomKey
    ) {
        require(
            inputs > 0 && outputs > 0 && kernel > 0,
            "a convolution cannot have \(inputs) inputs, \(outputs) outputs and a window of \(kernel)")
        let shape = [outputs, inputs, kernel, kernel]
        self.init(
            weight: initializer.weight(shape, key: key["weight"]),
            bias: bias ? initializer.bias(forWeight: shape, key: key["bias"]) : nil, stride: stride, padding: padding)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
    }

    /// The weighted sums of every position.
    ///
    /// - Shapes: `x` `[B, H, W, I]`; result `[B, H′, W′, O]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        x.convolved2D(weight, bias: bias, stride: stride, padding: padding)
    }
}

/// The largest value of each window.
///
/// - Shapes: `[B, H, W, C]`, channels last; result `[B, (H - window) / stride + 1, …, C]`: what is left over at the
///   edges is dropped.
public struct MaxPool2D: ParameterTree {
    /// Rows and columns of the window.
    public let window: Int
    /// How far the window moves at a time.
    public let stride: Int

    /// - Parameters:
    ///   - window: rows and columns of the window.
    ///   - stride: by default the window's own size.
    public init(window: Int, stride: Int? = nil) { (self.window, self.stride) = (window, stride ?? window) }

    public mutating func visit(_ visitor: inout ParameterVisitor) {}

    /// The largest value of each window.
    ///
    /// - Shapes: `x` `[B, H, W, C]`; result `[B, H′, W′, C]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.maxPooled2D(window: window, stride: stride) }
}

/// The mean of each window.
///
/// - Shapes: as ``MaxPool2D``.
public struct AveragePool2D: ParameterTree {
    /// Rows and columns of the window.
    public let window: Int
    /// How far the window moves at a time.
    public let stride: Int

    /// - Parameters:
    ///   - window: rows and columns of the window.
    ///   - stride: by default the window's own size.
    public init(window: Int, stride: Int? = nil) { (self.window, self.stride) = (window, stride ?? window) }

    public mutating func visit(_ visitor: inout ParameterVisitor) {}

    /// The mean of each window.
    ///
    /// - Shapes: `x` `[B, H, W, C]`; result `[B, H′, W′, C]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.averagePooled2D(window: window, stride: stride) }
}
