internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// What maximizes `E[score] - β KL(π ‖ π_ref)` where everything that may be written can be listed: `π* ∝ π_ref exp(score /
/// β)` (Korbak et al. 2022, *RL with KL penalties is better viewed as Bayesian inference*, arXiv:2205.11275).
///
/// - Shapes: N outcomes; every array [N].
public enum RegularizedOptimum {
    /// π*.
    ///
    /// - Parameters:
    ///   - reference: π_ref, which sums to 1.
    ///   - scores: of the outcomes.
    ///   - weight: β, above 0.
    public static func distribution(reference: [Double], scores: [Double], weight: Double) -> [Double] {
        check(reference, scores, weight)
        let most = scores.max() ?? 0
        let weights = zip(reference, scores).map { $0 * exp(($1 - most) / weight) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// The largest value that a policy reaches, `β log Σ π_ref exp(score / β)`, in units of the score.
    public static func value(reference: [Double], scores: [Double], weight: Double) -> Double {
        check(reference, scores, weight)
        let most = scores.max() ?? 0
        return most + weight * log(zip(reference, scores).reduce(0) { $0 + $1.0 * exp(($1.1 - most) / weight) })
    }

    private static func check(_ reference: [Double], _ scores: [Double], _ weight: Double) {
        require(
            reference.count == scores.count && weight > 0,
            "an optimum needs a score for each of \(reference.count) outcomes and a weight above 0, got \(scores.count) "
                + "and \(weight)")
    }
}

/// Distances of two distributions over the same outcomes, all of them listed.
///
/// - Shapes: N outcomes; both arrays [N].
public enum ExactDivergence {
    /// `Σ p log(p / q)`, in nats; infinite where p is above 0 and q is not.
    public static func kl(_ p: [Double], _ q: [Double]) -> Double {
        require(p.count == q.count, "distributions need as many outcomes, got \(p.count) and \(q.count)")
        return zip(p, q).reduce(0) { $1.0 > 0 ? $0 + $1.0 * log($1.0 / $1.1) : $0 }
    }

    /// `½ Σ |p - q|`, in 0...1.
    public static func totalVariation(_ p: [Double], _ q: [Double]) -> Double {
        require(p.count == q.count, "distributions need as many outcomes, got \(p.count) and \(q.count)")
        return zip(p, q).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
    }
}

/// Draws from `π* ∝ π_ref exp(score / β)` by keeping each draw of π_ref with probability `exp((score - bound) / β)` (Liu
/// et al. 2023, *Statistical Rejection Sampling Improves Preference Optimization*, arXiv:2309.06657).
public enum RejectionSampling {
    /// The probability with which a draw is kept; scores above the bound are always kept, and then what is kept is not
    /// π* but nearer to the reference.
    ///
    /// - Parameters:
    ///   - bound: a score that none is above, such as the largest that can be had.
    ///   - weight: β, above 0.
    public static func acceptance(score: Double, bound: Double, weight: Double) -> Double {
        require(weight > 0, "a weight must be above 0, got \(weight)")
        return min(1, exp((score - bound) / weight))
    }

    /// The indices of the draws that are kept, in their order.
    ///
    /// - Parameter key: of the chance of each draw.
    public static func accepted(_ scores: [Double], bound: Double, weight: Double, key: RandomKey) -> [Int] {
        var random = key.generator()
        return scores.indices.filter {
            let chance = random.uniform()
            return chance < acceptance(score: scores[$0], bound: bound, weight: weight)
        }
    }
}
