internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

/// Whether the dimensionalities of features stick at simple fractions, as those of regular arrangements do (Elhage et al.
/// 2022, arXiv:2209.10652), compared with numbers that are spread about as wide but smoothly.
///
/// A smooth draw adds normal noise to every dimensionality, and reflects what is above 1: peaks narrower than the noise are
/// gone, and the wide shape of the distribution stays.
public struct FractionSticking: Sendable, Equatable {
    /// A dimension of its own, a tetrahedron, a triangle, an antipodal pair, a pentagon, a square antiprism.
    public static let fractions = [1, 3.0 / 4, 2.0 / 3, 1.0 / 2, 2.0 / 5, 3.0 / 8]

    /// How many dimensionalities there are.
    public let count: Int
    /// The share within the tolerance of one of the fractions.
    public let share: Double
    /// The same share in each smooth draw.
    public let smoothShares: [Double]

    /// - Parameters:
    ///   - dimensionalities: D_i of represented features, of one model or of several.
    ///   - fractions: where they may stick.
    ///   - tolerance: how far from a fraction still counts.
    ///   - spread: the standard deviation of the noise in smooth draws.
    ///   - draws: how many smooth draws there are.
    ///   - key: of the noise.
    public init(
        _ dimensionalities: [Double], fractions: [Double] = Self.fractions, tolerance: Double = 0.01,
        spread: Double = 0.05, draws: Int = 999, key: RandomKey
    ) {
        require(
            tolerance >= 0 && spread >= 0 && draws > 0,
            "sticking needs a tolerance and a spread of 0 or more and at least one draw, got \(tolerance), \(spread), "
                + "\(draws)")
        func share(_ values: [Double]) -> Double {
            let near = values.count { value in fractions.contains { abs(value - $0) <= tolerance } }
            return values.isEmpty ? .nan : Double(near) / Double(values.count)
        }
        count = dimensionalities.count
        self.share = share(dimensionalities)
        smoothShares = (0..<draws).map { draw in
            let noise = Tensor.normal([dimensionalities.count], standardDeviation: spread, key: key[draw]).elements
            return share(
                zip(dimensionalities, noise).map { value, noise in
                    let moved = value + Double(noise)
                    return moved > 1 ? 2 - moved : moved
                })
        }
    }

    /// The mean share of the smooth draws.
    public var smoothShare: Double { Statistics.mean(smoothShares) }

    /// The probability of a share as large, or larger, where dimensionalities are spread smoothly: at least 1 / (draws + 1).
    public var pValue: Double {
        Double(1 + smoothShares.count { $0 >= share }) / Double(1 + smoothShares.count)
    }
}
