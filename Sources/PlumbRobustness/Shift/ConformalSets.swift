internal import Foundation
internal import PlumbBasics

/// Sets of classes that hold the right one with a stated probability, whatever the classifier, as long as calibration
/// samples and new ones are exchangeable (Vovk, Gammerman, Shafer 2005; Sadinle, Lei, Wasserman 2016, *Least Ambiguous
/// Set-Valued Classifiers with Bounded Error Levels*, arXiv:1609.00451).
///
/// The nonconformity of a class is one minus its probability; a set holds the classes whose nonconformity is at most
/// the
/// k-th smallest of n calibration samples, `k = ⌈(n + 1) (1 - α)⌉`. Coverage then has the mean k / (n + 1), and given
/// the
/// calibration samples it follows the distribution Beta(k, n + 1 - k).
public struct ConformalSets: Sendable, Equatable {
    /// The largest nonconformity of a class in a set; infinite where n is too small for α, and every class is in.
    public let limit: Double
    /// k.
    public let rank: Int
    /// n.
    public let calibrated: Int

    /// Calibrates the sets.
    ///
    /// - Parameters:
    ///   - probabilities: of n samples that the classifier was not trained on, a row each.
    ///   - labels: their classes.
    ///   - error: α, above 0 and below 1.
    public init(_ probabilities: [[Double]], labels: [Int], error: Double) {
        require(
            probabilities.count == labels.count && error > 0 && error < 1,
            "conformal sets need a label for each sample and an error in (0, 1), got \(error)")
        calibrated = labels.count
        // 300 · 0.9 must not become 271.00000000000006.
        rank = Int((Double(labels.count + 1) * (1 - error) - 1e-9).rounded(.up))
        let scores = zip(probabilities, labels).map { Self.nonconformity($0, $1) }.sorted()
        limit = rank <= scores.count ? scores[rank - 1] : .infinity
    }

    /// The classes that may be right, given their probabilities.
    public func classes(_ probabilities: [Double]) -> [Int] {
        probabilities.indices.filter { Self.nonconformity(probabilities, $0) <= limit }
    }

    /// The share of samples whose set holds their class; NaN of none.
    public func coverage(_ probabilities: [[Double]], labels: [Int]) -> Double {
        Double(zip(probabilities, labels).count { Self.nonconformity($0, $1) <= limit }) / Double(labels.count)
    }

    /// The mean and the standard deviation of coverage on endlessly many new samples, over calibration samples.
    public var expected: (mean: Double, deviation: Double) {
        let (a, b) = (Double(rank), Double(calibrated + 1 - rank))
        return (a / (a + b), (a * b / ((a + b) * (a + b) * (a + b + 1))).squareRoot())
    }

    /// The standard deviation that coverage would have on endlessly many samples, where it is `deviation` around
    /// `mean` on
    /// `count` of them: what their number adds is taken away.
    public static func deviation(beyondSampling deviation: Double, mean: Double, count: Int) -> Double {
        let sampling = mean * (1 - mean) / Double(count)
        return (max(0, deviation * deviation - sampling) / (1 - 1 / Double(count))).squareRoot()
    }

    /// One minus the probability, summed over the other classes: near 1 the difference would lose its digits.
    static func nonconformity(_ probabilities: [Double], _ label: Int) -> Double {
        probabilities.indices.reduce(0) { $1 == label ? $0 : $0 + probabilities[$1] }
    }
}
