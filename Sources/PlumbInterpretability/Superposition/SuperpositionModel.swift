internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// A toy model that must keep more features than it has dimensions: `x̂ = ReLU(W Wᵀ x + b)` (Elhage et al. 2022,
/// arXiv:2209.10652, where W is the transpose).
///
/// - Shapes: ``directions`` `[N, M]`, a row for each feature; ``bias`` `[N]`.
public struct SuperpositionModel: HookedModel, SavableModel {
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
        directions = .normal([features, dimensions], standardDeviation: scale, key: key["directions"])
        bias = .zeros([features])
        self.isRectified = isRectified
    }

    /// Whether the output is rectified.
    public var traits: [String: String] { ["rectified": "\(isRectified)"] }

    /// The model that the file holds.
    ///
    /// - Throws: `ModelError` where the tensors do not fit together.
    public init(_ file: ModelFile) throws {
        directions = try file.tensor("W", [nil, nil])
        bias = try file.tensor("b", [directions.shape[0]])
        isRectified = try file.trait("rectified", as: Bool.self)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("W", &directions)
        visitor("b", &bias)
    }

    /// The features reconstructed from their image in the hidden space.
    ///
    /// - Shapes: `x` `[B, N]`; result `[B, N]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        var hooks = HookRunner.idle
        return forward(x, &hooks)
    }

    /// The reconstruction, every activation on the way handed to `hooks`: the image at ``hiddenPoint`` `[B, M]`, the sums
    /// before the ReLU at ``sumsPoint`` `[B, N]`.
    ///
    /// - Shapes: `x` and result `[B, N]`.
    public func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
        let hidden = hooks(x.matmul(directions), at: Self.hiddenPoint)
        let output = hooks(hidden.matmul(transposed: directions) + bias, at: Self.sumsPoint)
        return isRectified ? output.relu() : output
    }

    /// Where the image of the features in the hidden space is, `[B, M]`.
    public static let hiddenPoint = HookPoint.outside(Site(rawValue: "hook_hidden"))
    /// Where the reconstruction before the ReLU is, `[B, N]`.
    public static let sumsPoint = HookPoint.outside(Site(rawValue: "hook_pre"))

    /// The squared error of the reconstruction, each feature's times its importance, averaged over rows and features.
    ///
    /// - Shapes: `x` `[B, N]`, `importance` `[N]`; result `[]`.
    public func loss(_ x: Tensor, importance: Tensor) -> Tensor {
        ((x - self(x)).squared() * importance).mean()
    }

    /// How the features lie in the hidden space.
    public var geometry: FeatureGeometry { FeatureGeometry(directions) }
}
