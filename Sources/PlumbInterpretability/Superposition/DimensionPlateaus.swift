internal import Foundation
internal import PlumbBasics

/// How long the dimensions per feature, D*, stay near one level while the density of the features falls: on a plateau they
/// do over a large range (Elhage et al. 2022, arXiv:2209.10652).
public struct DimensionPlateaus: Sendable, Equatable {
    private let densities: [Double]
    private let levels: [Double]

    /// - Precondition: there are two densities or more, all above 0, and as many values of D*.
    /// - Parameters:
    ///   - densities: from the highest to the lowest.
    ///   - dimensionsPerFeature: D* at each.
    public init(densities: [Double], dimensionsPerFeature: [Double]) {
        require(
            densities.count == dimensionsPerFeature.count && densities.count > 1 && densities.allSatisfy { $0 > 0 },
            "plateaus need D* at two densities or more, got \(densities.count) and \(dimensionsPerFeature.count)")
        (self.densities, levels) = (densities, dimensionsPerFeature)
    }

    /// By which factor the density falls while D* is within the factor `width` of `level`, D* being drawn as straight lines
    /// between the densities on logarithmic axes: 1 where it never is.
    public func range(at level: Double, width: Double = 1.1) -> Double {
        let (low, high) = (log(level / width), log(level * width))
        var total = 0.0
        for index in 1..<levels.count {
            let (from, to) = (log(levels[index - 1]), log(levels[index]))
            let length = abs(log(densities[index - 1] / densities[index]))
            guard from.isFinite, to.isFinite else { continue }
            let (least, most) = (min(from, to), max(from, to))
            if most - least < 1e-12 {
                total += least >= low && most <= high ? length : 0
            } else {
                total += length * max(0, min(most, high) - max(least, low)) / (most - least)
            }
        }
        return exp(total)
    }

    /// The largest ``range(at:width:)`` of levels between the lowest D* and 1 whose bands overlap no band of `others`.
    public func largestRange(beside others: [Double], width: Double = 1.1) -> Double {
        let least = levels.filter { $0 > 0 }.min() ?? 1
        let candidates = stride(from: 0.0, through: max(0, -log(least)), by: 0.01).map { exp(-$0) }
        return candidates.filter { level in others.allSatisfy { abs(log(level / $0)) >= 2 * log(width) } }
            .map { range(at: $0, width: width) }.max() ?? 1
    }
}
