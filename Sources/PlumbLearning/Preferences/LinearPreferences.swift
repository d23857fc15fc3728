internal import Foundation
internal import PlumbBasics
internal import PlumbLinearAlgebra
internal import PlumbTensor

/// A reward that is linear in its features, fitted to comparisons exactly.
///
/// It minimizes `-Σ [μ log σ(w·d) + (1 - μ) log σ(-w·d)] + λ/2 |w|²`, where d is the difference of the features of what was
/// compared: logistic regression without intercept (Bradley, Terry 1952). The penalty, which is a normal prior on w, keeps
/// the minimum finite where the answers can be separated by a plane.
///
/// - Shapes: m comparisons of F features.
public struct LinearPreferences: Sendable, Hashable, Codable {
    /// w, [F].
    public var weights: [Double]

    /// A reward of given weights, `[F]`.
    public init(weights: [Double]) { self.weights = weights }

    /// The weights by Newton's method; the minimum is unique, so nothing depends on where it starts.
    ///
    /// - Parameters:
    ///   - differences: features of the first less those of the second, [m][F].
    ///   - mu: the part of the preference that falls to the first, [m].
    ///   - penalty: λ, above 0.
    ///   - tolerance: the steps end once no weight would move by more than this.
    /// - Complexity: O(m F² + F³) a step, and seldom ten steps.
    /// - Throws: ``PreferenceError`` where a number is not finite, μ lies outside 0...1, or differences are so large that
    ///   the penalty is lost beside them.
    public init(differences: [[Double]], mu: [Double], penalty: Double = 1, tolerance: Double = 1e-10) throws {
        require(
            differences.count == mu.count && Set(differences.map(\.count)).count <= 1 && penalty > 0,
            "a linear reward needs one answer a difference, differences of one length and a penalty above 0")
        guard mu.allSatisfy({ $0 >= 0 && $0 <= 1 }), differences.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw PreferenceError("comparisons must hold finite numbers and answers from 0 to 1")
        }
        let width = differences.first?.count ?? 0
        var weights = [Double](repeating: 0, count: width)
        var value = Self.objective(weights, differences, mu, penalty)
        for _ in 0..<200 {
            let (gradient, curvature) = Self.slope(weights, differences, mu, penalty)
            let right = DoubleMatrix(gradient, rows: width, columns: 1)
            guard let step = try? curvature.solvedPositiveDefinite(right).elements else {
                throw PreferenceError(
                    "the differences are too large beside the penalty \(penalty): scale features down")
            }
            // Where the full step would overshoot, a shorter one does not.
            var scale = 1.0
            var next = zip(weights, step).map { $0 - scale * $1 }
            var nextValue = Self.objective(next, differences, mu, penalty)
            while nextValue > value && scale > 1e-10 {
                scale /= 2
                next = zip(weights, step).map { $0 - scale * $1 }
                nextValue = Self.objective(next, differences, mu, penalty)
            }
            (weights, value) = (next, nextValue)
            if (step.map { abs($0) }.max() ?? 0) <= tolerance { break }
        }
        self.weights = weights
    }

    /// w·x.
    public func reward(_ features: [Double]) -> Double { zip(weights, features).reduce(0) { $0 + $1.0 * $1.1 } }

    private static func objective(
        _ weights: [Double], _ differences: [[Double]], _ mu: [Double], _ penalty: Double
    ) -> Double {
        var sum = penalty / 2 * weights.reduce(0) { $0 + $1 * $1 }
        for (row, answer) in zip(differences, mu) {
            let logit = zip(weights, row).reduce(0) { $0 + $1.0 * $1.1 }
            sum += max(logit, 0) + log1p(exp(-abs(logit))) - answer * logit
        }
        return sum
    }

    /// The gradient [F] and the lower triangle of the second derivatives [F, F].
    private static func slope(
        _ weights: [Double], _ differences: [[Double]], _ mu: [Double], _ penalty: Double
    ) -> (gradient: [Double], curvature: DoubleMatrix) {
        let width = weights.count
        var gradient = weights.map { penalty * $0 }
        var curvature = DoubleMatrix(rows: width, columns: width)
        for (row, answer) in zip(differences, mu) {
            let chance = 1 / (1 + exp(-zip(weights, row).reduce(0) { $0 + $1.0 * $1.1 }))
            let weight = chance * (1 - chance)
            for i in 0..<width {
                gradient[i] += (chance - answer) * row[i]
                for j in 0...i { curvature[i, j] += weight * row[i] * row[j] }
            }
        }
        for i in 0..<width { curvature[i, i] += penalty }
        return (gradient, curvature)
    }
}
