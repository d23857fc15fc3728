internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// How features share a space: their lengths, and the dimensions that each has for itself
/// (Elhage et al. 2022, arXiv:2209.10652).
public struct FeatureGeometry: Sendable, Equatable {
    /// W_i, the direction of each feature.
    public let directions: [[Double]]
    /// ‖W_i‖.
    public let norms: [Double]
    /// D_i = ‖W_i‖² / Σ_j (Ŵ_i · W_j)²: 1 for a direction of its own, ½ for one of an antipodal pair.
    public let dimensionality: [Double]

    /// - Shapes: `directions` `[N, M]`, a row for each feature.
    public init(_ directions: Tensor) {
        require(directions.shape.count == 2, "a geometry needs directions [N, M], got \(directions.shape)")
        let (count, width) = (directions.shape[0], directions.shape[1])
        let elements = directions.elements.map(Double.init)
        let rows = (0..<count).map { Array(elements[$0 * width..<($0 + 1) * width]) }
        let norms = rows.map { Self.dot($0, $0).squareRoot() }
        self.directions = rows
        self.norms = norms
        dimensionality = rows.indices.map { i in
            let shared = rows.indices.reduce(0) { sum, j in
                let product = Self.dot(rows[i], rows[j])
                return sum + product * product
            }
            // ‖W_i‖² / Σ (W_i · W_j / ‖W_i‖)²
            return shared > 0 ? norms[i] * norms[i] * norms[i] * norms[i] / shared : 0
        }
    }

    /// The features that the model keeps: those longer than `threshold`.
    public func represented(above threshold: Double = 0.5) -> [Int] { norms.indices.filter { norms[$0] > threshold } }

    /// D* = M / ‖W‖²: the dimensions for each feature, if every kept feature has length 1.
    public var dimensionsPerFeature: Double {
        let total = norms.reduce(0) { $0 + $1 * $1 }
        return total > 0 ? Double(directions.first?.count ?? 0) / total : .infinity
    }

    /// The cosine of the angle between two features.
    public func cosine(_ i: Int, _ j: Int) -> Double {
        let scale = norms[i] * norms[j]
        return scale > 0 ? Self.dot(directions[i], directions[j]) / scale : 0
    }

    /// Features in pairs that point in opposite directions, within `tolerance` degrees.
    public func antipodalPairs(among features: [Int], tolerance: Double = 15) -> [(Int, Int)] {
        let limit = -cos(tolerance * .pi / 180)
        return features.indices.flatMap { first in
            features[(first + 1)...].compactMap { other in
                cosine(features[first], other) <= limit ? (features[first], other) : nil
            }
        }
    }

    /// In a plane: the angles in degrees from each feature to the next around the origin; they add up to 360.
    public func anglesBetweenNeighbors(among features: [Int]) -> [Double] {
        require(
            features.allSatisfy { directions[$0].count == 2 }, "angles between neighbors need two dimensions")
        let angles = features.map { atan2(directions[$0][1], directions[$0][0]) * 180 / .pi }.sorted()
        return angles.indices.map { index in
            index + 1 < angles.count ? angles[index + 1] - angles[index] : angles[0] + 360 - angles[index]
        }
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}
