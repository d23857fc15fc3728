internal import Foundation
internal import PlumbBasics

/// Drawing n answers and keeping the one that a score likes best.
public enum BestOfN {
    /// The Kullback–Leibler divergence from what is drawn to what is kept, `log n - (n - 1) / n`, in nats; exact where no
    /// two scores are equal (Stiennon et al. 2020, *Learning to summarize from human feedback*, arXiv:2009.01325).
    public static func divergence(_ n: Int) -> Double {
        require(n > 0, "the best of n needs n of 1 or more, got \(n)")
        return log(Double(n)) - Double(n - 1) / Double(n)
    }

    /// What each of N samples, in rising order of score, counts in the mean over all choices of n of the best one's value.
    ///
    /// `C(i - 1, n - 1) / C(N, n)` for the sample of rank i: the estimate is unbiased and uses every sample
    /// (Gao, Schulman, Hilton 2022, *Scaling Laws for Reward Model Overoptimization*, arXiv:2210.10760, appendix I;
    /// as Nakano et al. 2021, arXiv:2112.09332).
    ///
    /// - Shapes: result [N], which sums to 1.
    public static func weights(of n: Int, samples: Int) -> [Double] {
        require(n > 0 && n <= samples, "the best of \(n) cannot be estimated from \(samples) samples")
        let all = logBinomial(samples, n)
        return (1...samples).map { rank in rank < n ? 0 : exp(logBinomial(rank - 1, n - 1) - all) }
    }

    /// log C(n, k).
    static func logBinomial(_ n: Int, _ k: Int) -> Double {
        lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
    }

    /// The weights of several n at once, to be used for many samples of one size.
    public struct Estimator: Sendable {
        /// Each n, in the order of the results.
        public let sizes: [Int]
        /// N, the number of samples that are ranked.
        public let samples: Int
        /// For each n the first rank that counts, and the weights from there on.
        private let weights: [(first: Int, values: [Double])]

        /// The estimator of the best of each n from N samples.
        ///
        /// - Precondition: each n is in 1...N.
        public init(sizes: [Int], samples: Int) {
            (self.sizes, self.samples) = (sizes, samples)
            weights = sizes.map { n in
                let all = BestOfN.weights(of: n, samples: samples)
                // Ranks whose weights add nothing in double precision.
                let first = all.firstIndex { $0 > 1e-22 } ?? 0
                return (first, Array(all[first...]))
            }
        }

        /// The mean value of what is kept, for each n.
        ///
        /// - Parameter ranked: values in rising order of score, [N].
        public func means(_ ranked: [Double]) -> [Double] {
            require(ranked.count == samples, "the estimator is for \(samples) samples, got \(ranked.count)")
            return weights.map { first, values in
                var sum = 0.0
                for (index, weight) in values.enumerated() { sum += weight * ranked[first + index] }
                return sum
            }
        }

        /// The mean values of what `score` likes best, for each n.
        public func means(of values: [Double], by score: [Double]) -> [Double] {
            means(BestOfN.order(score).map { values[$0] })
        }
    }

    /// What the best of n draws from a known distribution is, `(F_s^n - F_<s^n) p / (F_s - F_<s)`, with `F_s` the
    /// probability of a score of s or less; of equal scores the first drawn is kept.
    ///
    /// ``divergence(_:)`` is the divergence of a distribution without atoms; with some it is an upper bound (Beirami et
    /// al. 2024, *Theoretical guarantees on the best-of-n alignment policy*, arXiv:2401.01879).
    ///
    /// - Parameters:
    ///   - probabilities: of what may be drawn, which sum to 1.
    ///   - scores: what decides which draw is kept.
    /// - Shapes: N outcomes; `probabilities`, `scores` and result [N].
    public static func kept(of n: Int, probabilities: [Double], scores: [Double]) -> [Double] {
        require(
            n > 0 && probabilities.count == scores.count,
            "the best of \(n) needs n of 1 or more and a score for each of \(probabilities.count) outcomes, got "
                + "\(scores.count)")
        let ranked = order(scores)
        var result = [Double](repeating: 0, count: scores.count)
        var (below, start) = (0.0, 0)
        while start < ranked.count {
            let group = ranked[start...].prefix { scores[$0] == scores[ranked[start]] }
            let mass = group.reduce(0) { $0 + probabilities[$1] }
            let share = pow(below + mass, Double(n)) - pow(below, Double(n))
            for index in group where mass > 0 { result[index] = share * probabilities[index] / mass }
            (below, start) = (below + mass, group.endIndex)
        }
        return result
    }

    /// The samples in rising order of score; equal scores keep their order.
    public static func order(_ score: [Double]) -> [Int] {
        score.indices.sorted { score[$0] == score[$1] ? $0 < $1 : score[$0] < score[$1] }
    }
}
