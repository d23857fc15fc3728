// Which families of distributions have a summary of fixed size, however many observations there are? Exponential families
// alone (Koopman, Pitman, Darmois). Then log-likelihoods as functions of the parameter span few dimensions.

internal import Foundation
internal import PlumbLinearAlgebra
public import PlumbTensor

/// How many numbers summarize samples for the location of a family of distributions.
public struct SummaryRank: Sendable {
    /// A family of distributions that differ in their location.
    public enum Family: String, Sendable, CaseIterable, Codable {
        /// Normal, with variance 1.
        case gaussian = "Gaussian"
        /// Cauchy, with scale 1.
        case cauchy = "Cauchy"
    }

    /// How many samples, each of so many observations.
    public var samples = 400
    /// Observations in a sample.
    public var size = 4

    /// 400 samples of 4.
    public init() {}

    /// The numerical rank of log p(sample | θ) - log p(sample | θ₀), a row a sample and a column for each other θ of `grid`
    /// values from -2 to 2: singular values above 1e-8 of the largest.
    ///
    /// - Throws: `LinearAlgebraError`, which does not happen.
    public func rank(_ family: Family, grid: Int, key: RandomKey) throws -> Int {
        var random = key.generator()
        let thetas = (0..<grid).map { -2 + 4 * Double($0) / Double(grid - 1) }
        var elements: [Double] = []
        for _ in 0..<samples {
            let sample = (0..<size).map { _ in
                family == .gaussian ? random.normal() : tan(.pi * (random.uniform() - 0.5))
            }
            let likelihoods = thetas.map { theta in
                sample.reduce(0.0) { sum, x in
                    let distance = x - theta
                    return sum - (family == .gaussian ? distance * distance / 2 : log1p(distance * distance))
                }
            }
            elements += likelihoods.dropFirst().map { $0 - likelihoods[0] }
        }
        let values = try DoubleMatrix(elements, rows: samples, columns: grid - 1).singularValues().values
        return values.count { $0 > 1e-8 * (values.first ?? 0) }
    }
}
