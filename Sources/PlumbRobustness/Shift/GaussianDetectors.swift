internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbTensor

/// The distance to the nearest class in features, by Gaussians with one covariance (Lee, Lee, Lee, Shin 2018, *A Simple
/// Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks*, arXiv:1807.03888), and what
/// remains of it beyond the distance to a Gaussian of all training data, the relative distance (Ren, Fort, Liu, Roy,
/// Padhy, Lakshminarayanan 2021, arXiv:2106.09022).
///
/// Distances are squared and in units of the covariance. The sums of squares are regularized before they are
/// inverted, as
/// neurons that never fire in training have none.
public struct MahalanobisDetector: Sendable {
    private let classes: [[Double]]
    private let tied: DoubleMatrix
    private let mean: [Double]
    private let background: DoubleMatrix

    /// Fits the Gaussians.
    ///
    /// - Parameters:
    ///   - features: `[N, D]`, of training samples.
    ///   - labels: their classes.
    ///   - ridge: added to the diagonal of the sums of squares over all N samples.
    /// - Throws: `LinearAlgebraError` where the features are not finite or, with a small ridge, lie in a subspace.
    /// - Complexity: O(N D² + D³).
    public init(_ features: Tensor, labels: [Int], ridge: Double = 1e-6) throws {
        let data = DoubleMatrix(features)
        require(
            data.rows == labels.count && data.rows > 0, "\(data.rows) features need as many labels, got \(labels.count)"
        )
        let groups = Set(labels).sorted().map { label in labels.indices.filter { labels[$0] == label } }
        var within = DoubleMatrix(rows: data.columns, columns: data.columns)
        var classes: [[Double]] = []
        for rows in groups {
            let group = data.gathered(rows)
            let mean = group.columnMeans
            classes.append(mean)
            within = within.sum(group.addingToRows(mean, scale: -1).squares)
        }
        let mean = data.columnMeans
        let whole = data.addingToRows(mean, scale: -1).squares
        (self.classes, self.mean) = (classes, mean)
        tied = try within.whitener(samples: data.rows, ridge: ridge)
        background = try whole.whitener(samples: data.rows, ridge: ridge)
    }

    /// The squared distance to the nearest class.
    ///
    /// - Shapes: `features` `[N, D]`; result N numbers.
    public func distances(_ features: Tensor) -> [Double] {
        let white = DoubleMatrix(features).product(tied)
        let centers = DoubleMatrix(classes.flatMap { $0 }, rows: classes.count, columns: mean.count).product(tied)
        return (0..<white.rows).map { row in
            Statistics.least((0..<centers.rows).map { Self.squaredDistance(white.row(row), centers.row($0)) })
        }
    }

    /// The squared distance to the nearest class minus that to the mean of all training samples.
    ///
    /// - Shapes: `features` `[N, D]`; result N numbers.
    public func relativeDistances(_ features: Tensor) -> [Double] {
        let white = DoubleMatrix(features).addingToRows(mean, scale: -1).product(background)
        let origin = [Double](repeating: 0, count: mean.count)
        return zip(distances(features), 0..<white.rows).map { $0 - Self.squaredDistance(white.row($1), origin[...]) }
    }

    private static func squaredDistance(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
}

extension DoubleMatrix {
    /// `Aᵀ · A`.
    var squares: DoubleMatrix { transposedProduct(self) }

    func sum(_ other: DoubleMatrix) -> DoubleMatrix {
        DoubleMatrix(zip(elements, other.elements).map(+), rows: rows, columns: columns)
    }

    /// W with `W Wᵀ = (S / N)⁻¹`, S the sums of squares with a ridge: rows times W have distances in units of the
    /// covariance.
    func whitener(samples: Int, ridge: Double) throws -> DoubleMatrix {
        var regular = self
        for index in 0..<rows { regular[index, index] += ridge }
        // L⁻¹ by solving L X = 1; rows x become x · L⁻ᵀ.
        let factor = try regular.choleskyFactor()
        var identity = DoubleMatrix(rows: rows, columns: rows)
        for index in 0..<rows { identity[index, index] = Double(samples).squareRoot() }
        return try factor.solved(identity).transposed()
    }
}
