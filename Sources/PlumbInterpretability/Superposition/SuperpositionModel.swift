internal import PlumbBasics
public import PlumbTensor

/// A toy model that must keep more features than it has dimensions: `x̂ = ReLU(W Wᵀ x + b)` (Elhage et al. 2022,
/// arXiv:2209.10652, where W is the transpose).
///
/// - Shapes: ``directions`` `[N, M]`, a row for each feature; ``bias`` `[N]`.
public struct SuperpositionModel: ParameterTree {
    /// W: the direction of each feature in the hidden space.
    public var directions: Tensor
    /// b.
    public var bias: Tensor
    /// Whether the output is cut off below zero; without it the model is linear, and finds principal components.
    public var isRectified: Bool

    /// Directions drawn from a normal distribution of standard deviation `scale`, 1 / √N unless it is given; no bias.
    public init(features: Int, dimensions: Int, isRectified: Bool = true, scale: Double? = nil, key: RandomKey) {
        require(
            features > 0 && dimensions > 0, "a toy model needs features and dimensions, got \(features), \(dimensions)")
        let scale = scale ?? 1 / Double(features).squareRoot()
        var random = key["directions"].generator()
        directions = Tensor(shape: [features, dimensions]) { target in
            for index in target.indices { target[index] = Float(random.normal() * scale) }
        }
        bias = .zeros([features])
        self.isRectified = isRectified
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("W", &directions)
        visitor("b", &bias)
    }

    /// The features reconstructed from their image in the hidden space.
    ///
    /// - Shapes: `x` `[B, N]`; result `[B, N]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let output = x.matmul(directions).matmul(transposed: directions) + bias
        return isRectified ? output.relu() : output
    }

    /// The squared error of the reconstruction, each feature's times its importance, averaged over rows and features.
    ///
    /// - Shapes: `x` `[B, N]`, `importance` `[N]`; result `[]`.
    public func loss(_ x: Tensor, importance: Tensor) -> Tensor {
        ((x - self(x)).squared() * importance).mean()
    }

    /// How the features lie in the hidden space.
    public var geometry: FeatureGeometry { FeatureGeometry(directions) }
}
