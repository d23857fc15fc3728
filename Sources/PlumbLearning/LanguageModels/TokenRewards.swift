internal import PlumbBasics

// What a score of a whole text becomes for its tokens: pure functions of one text's numbers.

/// Rewards and advantages of the tokens of one text that a policy wrote.
///
/// - Shapes: T tokens; every array [T].
public enum TokenRewards {
    /// `-β (log π - log π_ref)` at every token, and the text's score at the last (Ziegler et al. 2019, *Fine-Tuning
    /// Language Models from Human Preferences*, arXiv:1909.08593).
    ///
    /// Their sum is `score - β (log π(text) - log π_ref(text))`.
    ///
    /// - Parameters:
    ///   - score: of the whole text.
    ///   - logProbabilities: of its tokens under the policy that wrote them.
    ///   - reference: the same under the policy to stay near.
    ///   - weight: β, in units of the score a nat.
    public static func penalized(
        score: Double, logProbabilities: [Double], reference: [Double], weight: Double
    ) -> [Double] {
        require(
            logProbabilities.count == reference.count,
            "\(logProbabilities.count) tokens need as many log-probabilities of the reference, got \(reference.count)")
        var rewards = zip(logProbabilities, reference).map { -weight * ($0 - $1) }
        if let last = rewards.indices.last { rewards[last] += score }
        return rewards
    }

    /// Generalized advantages of the tokens of a text, after whose last token nothing follows.
    ///
    /// - Parameters:
    ///   - values: of the text before each token.
    ///   - discount: γ.
    ///   - lambda: λ.
    public static func advantages(
        rewards: [Double], values: [Double], discount: Double, lambda: Double
    ) -> [Double] {
        guard !rewards.isEmpty else { return [] }
        return Returns.generalizedAdvantages(
            rewards: rewards, values: values, following: values.dropFirst() + [0],
            ends: rewards.indices.map { $0 == rewards.count - 1 }, discount: discount, lambda: lambda)
    }
}

/// A weight of the penalty that follows the divergence: it grows where the policy is farther from the reference than it
/// should be, and shrinks where it is nearer (Ziegler et al. 2019, arXiv:1909.08593, section 2.2).
public struct AdaptiveKLWeight: Sendable, Equatable {
    /// The divergence to keep, in nats a text.
    public var target: Double
    /// The largest part by which one round changes the weight, times five.
    public var gain = 0.1

    /// A weight that keeps the divergence at `target`.
    ///
    /// - Precondition: the target is above 0.
    public init(target: Double) {
        require(target > 0, "a divergence to keep must be above 0, got \(target)")
        self.target = target
    }

    /// `β (1 + K clip(KL / target - 1, -0.2, 0.2))`.
    public func next(_ weight: Double, divergence: Double) -> Double {
        weight * (1 + gain * min(0.2, max(-0.2, divergence / target - 1)))
    }
}
