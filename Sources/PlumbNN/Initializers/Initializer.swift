internal import PlumbBasics
public import PlumbTensor

/// How a new layer's weights are drawn. The same key gives the same weights.
///
/// A weight is `[O, I]`, or `[O, I, …]` for a convolution, whose window counts as inputs and outputs alike.
public enum Initializer: Sendable, Equatable {
    /// One number everywhere.
    case constant(Float)
    /// Uniform in ±`bound`.
    case uniform(bound: Double)
    /// Normal with mean 0 and this standard deviation.
    case normal(standardDeviation: Double)
    /// Uniform in ±1 / √inputs, for weight and bias: what PyTorch's layers begin with.
    case standard
    /// Uniform in ±gain · √(6 / (inputs + outputs)) (Glorot, Bengio 2010).
    case xavierUniform(gain: Double = 1)
    /// Normal, of standard deviation gain · √(2 / (inputs + outputs)) (Glorot, Bengio 2010).
    case xavierNormal(gain: Double = 1)
    /// Uniform in ±√(6 / inputs), for layers before a ReLU (He et al. 2015, arXiv:1502.01852).
    case heUniform
    /// Normal, of standard deviation √(2 / inputs), for layers before a ReLU (He et al. 2015, arXiv:1502.01852).
    case heNormal
    /// Rows (or columns, where there are fewer) at right angles and of length `gain` (Saxe, McClelland, Ganguli 2013,
    /// arXiv:1312.6120).
    case orthogonal(gain: Double = 1)

    /// Zeros.
    public static let zeros = Initializer.constant(0)

    /// Draws a weight of `shape`.
    public func weight(_ shape: [Int], key: RandomKey) -> Tensor {
        switch self {
        case .constant(let value): return Tensor(repeating: value, shape: shape)
        case .uniform(let bound): return .uniform(shape, bound: bound, key: key)
        case .normal(let deviation): return .normal(shape, standardDeviation: deviation, key: key)
        case .standard: return .uniform(shape, bound: 1 / sizes(shape).inputs.squareRoot(), key: key)
        case .xavierUniform(let gain):
            let (inputs, outputs) = sizes(shape)
            return .uniform(shape, bound: gain * (6 / (inputs + outputs)).squareRoot(), key: key)
        case .xavierNormal(let gain):
            let (inputs, outputs) = sizes(shape)
            return .normal(shape, standardDeviation: gain * (2 / (inputs + outputs)).squareRoot(), key: key)
        case .heUniform: return .uniform(shape, bound: (6 / sizes(shape).inputs).squareRoot(), key: key)
        case .heNormal:
            return .normal(shape, standardDeviation: (2 / sizes(shape).inputs).squareRoot(), key: key)
        case .orthogonal(let gain): return orthogonal(shape, gain, key)
        }
    }

    /// Draws the bias `[O]` that goes with a weight of `shape`: zeros, but for ``standard``.
    public func bias(forWeight shape: [Int], key: RandomKey) -> Tensor {
        guard case .standard = self else { return .zeros([shape[0]]) }
        return .uniform([shape[0]], bound: 1 / sizes(shape).inputs.squareRoot(), key: key)
    }

    /// How many numbers each output reads, and each input is read by; at least 1.
    private func sizes(_ shape: [Int]) -> (inputs: Double, outputs: Double) {
        require(shape.count >= 2, "an initial weight scaled by its size needs [O, I, …], got \(shape)")
        let window = shape.dropFirst(2).reduce(1, *)
        return (Double(max(1, shape[1] * window)), Double(max(1, shape[0] * window)))
    }

    /// Gram and Schmidt's process, each vector taken through it twice, which is enough in double precision.
    private func orthogonal(_ shape: [Int], _ gain: Double, _ key: RandomKey) -> Tensor {
        require(shape.count >= 2, "an orthogonal weight needs [O, I, …], got \(shape)")
        let (outputs, inputs) = (shape[0], shape.dropFirst().reduce(1, *))
        let (vectors, width) = (min(outputs, inputs), max(outputs, inputs))
        var random = key.generator()
        var basis: [[Double]] = []
        while basis.count < vectors {
            var vector = (0..<width).map { _ in random.normal() }
            for _ in 0..<2 {
                for other in basis {
                    var overlap = 0.0
                    for i in 0..<width { overlap += vector[i] * other[i] }
                    for i in 0..<width { vector[i] -= overlap * other[i] }
                }
            }
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // A draw that lies among the others, which is all but impossible, is drawn again.
            if length > 1e-6 { basis.append(vector.map { $0 / length }) }
        }
        return Tensor(shape: shape) { y in
            for output in 0..<outputs {
                for input in 0..<inputs {
                    let value = outputs <= inputs ? basis[output][input] : basis[input][output]
                    y[output * inputs + input] = Float(gain * value)
                }
            }
        }
    }
}

extension Tensor {
    /// Numbers drawn from the normal distribution.
    public static func normal(
        _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, key: RandomKey
    ) -> Tensor {
        var random = key.generator()
        return Tensor(shape: shape) { x in
            for i in x.indices { x[i] = Float(mean + standardDeviation * random.normal()) }
        }
    }

    /// Numbers drawn uniformly from ±`bound`.
    public static func uniform(_ shape: [Int], bound: Double, key: RandomKey) -> Tensor {
        var random = key.generator()
        return Tensor(shape: shape) { x in
            for i in x.indices { x[i] = Float(bound * (2 * random.uniform() - 1)) }
        }
    }
}
