internal import PlumbBasics
public import PlumbTensor

/// The distance to the k-th nearest training sample in features of length 1 (Sun, Ming, Zhu, Li 2022,
/// *Out-of-Distribution Detection with Deep Nearest Neighbors*, arXiv:2204.06507).
public struct NearestNeighborDetector: Sendable {
    private let training: Tensor
    /// k.
    public let neighbors: Int

    /// Keeps the training features.
    ///
    /// - Shapes: `features` `[N, D]`.
    /// - Precondition: k is from 1 to N.
    public init(_ features: Tensor, neighbors: Int) {
        require(
            features.shape.count == 2 && (1...max(1, features.shape[0])).contains(neighbors),
            "the \(neighbors)-th neighbor needs features [N, D] of as many samples, got \(features.shape)")
        (training, self.neighbors) = (Self.normalized(features), neighbors)
    }

    /// The distances, N numbers for `[N, D]`; they rise with how far from the training distribution a sample seems to
    /// be.
    ///
    /// - Complexity: O(samples · training samples · D).
    public func distances(_ features: Tensor) -> [Double] {
        let products = Self.normalized(features).matmul(transposed: training)
        let width = products.shape[1]
        return products.withUnsafeElements { elements in
            (0..<products.shape[0]).map { row in
                let sorted = elements[row * width..<(row + 1) * width].sorted(by: >)
                return max(0, 2 - 2 * Double(sorted[neighbors - 1])).squareRoot()
            }
        }
    }

    /// Rows of length 1; rows of zeros stay as they are.
    private static func normalized(_ features: Tensor) -> Tensor {
        let rows = LogitScores.rows(features).map { row in
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { Float($0 / max(norm, 1e-12)) }
        }
        return Tensor(rows.flatMap { $0 }, shape: features.shape)
    }
}
