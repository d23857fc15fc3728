internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// The gold reward as a function of how far a policy was moved, `d = √KL`, in two parameters
/// (Gao, Schulman, Hilton 2022, *Scaling Laws for Reward Model Overoptimization*, arXiv:2210.10760).
public struct FrontierFit: Sendable, Hashable, Codable {
    /// The form of the curve.
    public enum Form: String, Sendable, Hashable, Codable, CaseIterable {
        /// `d (α - β d)`, which the paper finds for the best of n.
        case quadratic
        /// `d (α - β log d)`, which it finds for reinforcement learning.
        case logarithmic

        func second(_ d: Double) -> Double {
            switch self {
            case .quadratic: -d * d
            case .logarithmic: d > 0 ? -d * log(d) : 0
            }
        }
    }

    /// Which of the two curves was fitted.
    public let form: Form
    /// α, the factor of the distance: in the quadratic form the slope at distance 0.
    public let alpha: Double
    /// β, what further distance takes away; it is negative where the values bend upwards.
    public let beta: Double
    /// The part of the variance of the values that the curve explains; negative where it does worse than their mean,
    /// and not finite where all values are equal.
    public let explained: Double

    /// The least squares fit.
    ///
    /// - Precondition: as many distances as values, two different ones above 0 at least.
    public init(_ form: Form, distances: [Double], values: [Double]) {
        require(
            distances.count == values.count && Set(distances.filter { $0 > 0 }).count >= 2,
            "a fit of two parameters needs two distances above 0 and as many values")
        let second = distances.map(form.second)
        var (xx, xz, zz, xy, zy) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for ((x, z), y) in zip(zip(distances, second), values) {
            xx += x * x
            xz += x * z
            zz += z * z
            xy += x * y
            zy += z * y
        }
        let determinant = xx * zz - xz * xz
        let alpha = (xy * zz - zy * xz) / determinant
        let beta = (zy * xx - xy * xz) / determinant
        let mean = Statistics.mean(values)
        var (left, all) = (0.0, 0.0)
        for ((x, z), y) in zip(zip(distances, second), values) {
            left += (y - alpha * x - beta * z) * (y - alpha * x - beta * z)
            all += (y - mean) * (y - mean)
        }
        (self.form, self.alpha, self.beta, explained) = (form, alpha, beta, 1 - left / all)
    }

    /// The curve at a distance.
    public func value(at d: Double) -> Double { alpha * d + beta * form.second(d) }
}

/// Where a curve has its highest point.
public enum Peak {
    /// The index of the largest value, the first of equals; nil of nothing or where a value is NaN.
    public static func index(of values: [Double]) -> Int? {
        guard !values.isEmpty, !values.contains(where: \.isNaN) else { return nil }
        return values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) }
    }

    /// The place of the peak between the values, in steps of the index: the top of the parabola through the largest value
    /// and its neighbors; an end of the curve where that is the largest.
    public static func place(of values: [Double]) -> Double {
        guard let top = index(of: values) else { return .nan }
        guard top > 0 && top + 1 < values.count else { return Double(top) }
        let (before, at, after) = (values[top - 1], values[top], values[top + 1])
        return Double(top) + (before - after) / (2 * (before - 2 * at + after))
    }
}
