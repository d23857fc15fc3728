internal import Foundation
internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// A classifier that gives the class which a base classifier gives most often under Gaussian noise, with an L2 radius within
/// which that class cannot change (Cohen, Rosenfeld, Kolter 2019, arXiv:1902.02918).
///
/// The certificate holds with confidence 1 - α, over the noise drawn; it is one of the smoothed classifier and says nothing
/// of the base classifier.
public struct RandomizedSmoothing: Sendable {
    /// σ, the standard deviation of the noise.
    public var deviation: Double
    /// n₀, the draws by which the class is chosen.
    public var selectionDraws: Int
    /// n, the draws by which its probability is estimated.
    public var draws: Int
    /// α, the probability with which a certificate may be wrong.
    public var alpha: Double
    /// Rows that pass through the classifier at once.
    private static let chunk = 4096

    /// Smoothing with noise of a standard deviation.
    ///
    /// - Precondition: the deviation and the draws are above 0, and α is in (0, 1).
    public init(deviation: Double, selectionDraws: Int = 100, draws: Int = 100_000, alpha: Double = 0.001) {
        require(
            deviation > 0 && selectionDraws > 0 && draws > 0 && alpha > 0 && alpha < 1,
            "smoothing needs noise, draws and α in (0, 1), got \(deviation), \(selectionDraws), \(draws) and \(alpha)")
        (self.deviation, self.selectionDraws, self.draws, self.alpha) = (deviation, selectionDraws, draws, alpha)
    }

    /// A class and the radius within which it cannot change.
    public struct Certificate: Sendable, Equatable {
        /// The class.
        public let label: Int
        /// The L2 radius.
        public let radius: Double

        /// A certificate of given class and radius.
        public init(label: Int, radius: Double) { (self.label, self.radius) = (label, radius) }
    }

    /// The certified class and radius at one input; nil where no class is certain enough.
    ///
    /// - Shapes: `x` `[…]`, one sample.
    public func certify(_ model: some HookedModel<Tensor>, _ x: Tensor, key: RandomKey) -> Certificate? {
        let guesses = counts(model, x, selectionDraws, key["selection"])
        guard let label = guesses.indices.max(by: { guesses[$0] < guesses[$1] }) else { return nil }
        let found = counts(model, x, draws, key["estimation"])[label]
        return radius(successes: found, of: draws).map { Certificate(label: label, radius: $0) }
    }

    /// The class at one input by a two-sided binomial test of the two most frequent ones; nil where they cannot be told
    /// apart.
    ///
    /// - Shapes: `x` `[…]`, one sample.
    public func predict(_ model: some HookedModel<Tensor>, _ x: Tensor, key: RandomKey) -> Int? {
        let found = counts(model, x, draws, key["prediction"])
        let order = found.indices.sorted { (found[$0], $1) > (found[$1], $0) }
        guard let first = order.first else { return nil }
        let second = order.count > 1 ? found[order[1]] : 0
        let total = found[first] + second
        // P(X ≥ k) of a fair coin is I_{1/2}(k, n - k + 1); twice that is the two-sided test's p.
        let tail = Statistics.regularizedIncompleteBeta(
            0.5, a: Double(found[first]), b: Double(total - found[first] + 1))
        return min(1, 2 * tail) <= alpha ? first : nil
    }

    /// The radius that so many draws of a class certify, `σ Φ⁻¹(p)` with p the one-sided lower bound of Clopper and Pearson;
    /// nil where p is not above one half.
    public func radius(successes: Int, of draws: Int) -> Double? {
        // The two-sided interval of level 1 - 2α ends where the one-sided one of level 1 - α does.
        let lower = Statistics.proportionInterval(successes: successes, of: draws, level: 1 - 2 * alpha).lower
        return lower > 0.5 ? deviation * Statistics.normalQuantile(lower) : nil
    }

    /// How often each class is given under noise.
    private func counts(_ model: some HookedModel<Tensor>, _ x: Tensor, _ draws: Int, _ key: RandomKey) -> [Int] {
        var counts: [Int] = []
        for (index, start) in stride(from: 0, to: draws, by: Self.chunk).enumerated() {
            let rows = min(Self.chunk, draws - start)
            var random = key[index].generator()
            let noisy = Tensor(shape: [rows, x.count]) { y in
                x.withUnsafeElements { x in
                    for i in stride(from: 0, to: rows * x.count, by: 2) {
                        let (a, b) = random.normalPair()
                        y[i] = x[i % x.count] + Float(a * deviation)
                        if i + 1 < rows * x.count { y[i + 1] = x[(i + 1) % x.count] + Float(b * deviation) }
                    }
                }
            }
            var idle = HookRunner.idle
            let logits = model.forward(noisy, &idle)
            if counts.isEmpty { counts = [Int](repeating: 0, count: logits.shape[1]) }
            for label in logits.argmaxOfRows() { counts[label] += 1 }
        }
        return counts
    }
}
