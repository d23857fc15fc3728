internal import PlumbBasics
public import PlumbTensor

/// Vectors most of whose features are zero, the input of toy models of superposition
/// (Elhage et al. 2022, arXiv:2209.10652): each feature is drawn uniformly from [0, 1) with probability 1 - S and is 0
/// otherwise, independently of the others.
public struct SparseFeatures: Sendable, Hashable {
    /// N, the number of features.
    public let features: Int
    /// S, the probability that a feature is 0.
    public let sparsity: Double
    private let key: RandomKey

    /// - Precondition: `sparsity` is from 0 to 1.
    public init(features: Int, sparsity: Double, key: RandomKey) {
        require(features > 0, "SparseFeatures needs features, got \(features)")
        require((0...1).contains(sparsity), "the sparsity is \(sparsity), not from 0 to 1")
        (self.features, self.sparsity, self.key) = (features, sparsity, key)
    }

    /// The batch of one step, a function of the key and the step alone.
    ///
    /// - Shapes: result `[rows, features]`.
    public func batch(_ rows: Int, step: Int) -> Tensor {
        var generator = key[step].generator()
        let density = 1 - sparsity
        let scale = density > 0 ? 1 / density : 0
        return Tensor(shape: [rows, features]) { target in
            for index in 0..<target.count {
                // One number decides both: below the density it is, scaled up, uniform again.
                let drawn = generator.uniform()
                target[index] = drawn < density ? min(Float(drawn * scale), Float(1).nextDown) : 0
            }
        }
    }
}
