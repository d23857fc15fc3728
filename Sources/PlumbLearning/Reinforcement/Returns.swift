internal import PlumbBasics
internal import PlumbTensor

/// What steps of an episode were worth: pure functions of one lane's rewards, in the order of its steps.
///
/// An episode may end within the lane, in one of two ways. Where it is over, nothing follows. Where it was only cut off at
/// a number of steps, what would have followed is still worth something, which is estimated by the value of the state it
/// was cut off in (Pardo et al. 2018, *Time Limits in Reinforcement Learning*, arXiv:1712.00378).
///
/// - Shapes: T steps; every array [T].
public enum Returns {
    /// The discounted sum of what comes, `G_t = r_t + γ G_{t+1}`, of one episode.
    ///
    /// - Parameters:
    ///   - rewards: r_t, one a step.
    ///   - discount: γ.
    ///   - following: what is worth having after the last step: 0 where the episode was over.
    public static func discounted(_ rewards: [Double], discount: Double, following: Double = 0) -> [Double] {
        var sum = following
        var result = rewards
        for step in rewards.indices.reversed() {
            sum = rewards[step] + discount * sum
            result[step] = sum
        }
        return result
    }

    /// Generalized advantage estimation, `δ_t = r_t + γ V(s_{t+1}) - V(s_t)`, `A_t = δ_t + γ λ A_{t+1}`, whose sum stops
    /// where an episode ends (Schulman et al. 2015, *High-Dimensional Continuous Control Using Generalized Advantage
    /// Estimation*, arXiv:1506.02438).
    ///
    /// λ = 0 trusts the values, λ = 1 the rewards. The returns that go with the advantages are `A_t + V(s_t)`.
    ///
    /// - Parameters:
    ///   - rewards: r_t, one a step.
    ///   - values: V(s_t).
    ///   - following: the value of what each step led to: 0 where the episode was over with it, that of the last state
    ///     where it was cut off, otherwise V(s_{t+1}).
    ///   - ends: whether the episode ended with the step, over or cut off.
    ///   - discount: γ.
    ///   - lambda: λ, in 0...1.
    public static func generalizedAdvantages(
        rewards: [Double], values: [Double], following: [Double], ends: [Bool], discount: Double, lambda: Double
    ) -> [Double] {
        require(
            values.count == rewards.count && following.count == rewards.count && ends.count == rewards.count,
            "advantages of \(rewards.count) steps need as many values, got \(values.count), \(following.count) that "
                + "follow and \(ends.count) ends")
        var result = rewards
        var advantage = 0.0
        for step in rewards.indices.reversed() {
            let surprise = rewards[step] + discount * following[step] - values[step]
            advantage = surprise + (ends[step] ? 0 : discount * lambda * advantage)
            result[step] = advantage
        }
        return result
    }

    /// The numbers less their mean and divided by their standard deviation, `(x - mean) / (std + 1e-8)`, where there are
    /// two or more of them; one alone is left as it is. Numbers that differ by no more than rounding become 0.
    public static func whitened(_ values: [Double]) -> [Double] {
        guard values.count > 1 else { return values }
        let (centered, deviation) = Statistics.centered(values, correction: 1)
        let scale = 1 / (deviation + 1e-8)
        return centered.map { $0 * scale }
    }
}
