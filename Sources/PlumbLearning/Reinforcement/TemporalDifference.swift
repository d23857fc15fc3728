internal import PlumbBasics
public import PlumbTensor

/// What action values should be, by what one step gave and the values of what it led to.
public enum TemporalDifference {
    /// `r + γ max_a Q'(s', a)`, and `r` where the episode was over (Mnih et al. 2015, *Human-level control through deep
    /// reinforcement learning*). With `choosing`, the double form `r + γ Q'(s', argmax_a Q(s', a))`, in which one network
    /// picks the action and the other says what it is worth, against overestimation (van Hasselt, Guez, Silver 2015,
    /// *Deep Reinforcement Learning with Double Q-learning*, arXiv:1509.06461).
    ///
    /// - Parameters:
    ///   - rewards: r of each step.
    ///   - isOver: 1 where the episode was over, 0 where it went on or was only cut off.
    ///   - next: Q'(s', ·) of the target network.
    ///   - choosing: Q(s', ·) of the network that learns.
    ///   - discount: γ.
    /// - Shapes: `rewards` and `isOver` `[B]`, `next` and `choosing` `[B, A]`; result `[B]`, a constant.
    public static func targets(
        rewards: Tensor, isOver: Tensor, next: Tensor, choosing: Tensor? = nil, discount: Double
    ) -> Tensor {
        let discounts = Tensor([Float](repeating: Float(discount), count: rewards.count))
        return targets(rewards: rewards, isOver: isOver, next: next, choosing: choosing, discounts: discounts)
    }

    /// The same with a discount of its own for each row: γᵐ where the rewards are those of m steps,
    /// `Σₖ γᵏ rₖ + γᵐ max_a Q'(s', a)` (Sutton 1988, *Learning to Predict by the Methods of Temporal Differences*).
    ///
    /// - Shapes: `rewards`, `isOver` and `discounts` `[B]`, `next` and `choosing` `[B, A]`; result `[B]`, a constant.
    public static func targets(
        rewards: Tensor, isOver: Tensor, next: Tensor, choosing: Tensor? = nil, discounts: Tensor
    ) -> Tensor {
        let best = (choosing ?? next).argmaxOfRows()
        require(
            next.shape.count == 2 && rewards.shape == [next.shape[0]] && isOver.shape == rewards.shape
                && discounts.count == rewards.count && choosing.map { $0.shape == next.shape } ?? true,
            "targets need rewards, endings and discounts [B] and values [B, A], got \(rewards.shape), "
                + "\(isOver.shape), \(discounts.shape), \(next.shape) and \(choosing?.shape ?? next.shape)")
        let width = next.shape[1]
        let gamma = discounts.elements
        let (rewards, isOver, values) = (rewards.elements, isOver.elements, next.elements)
        return Tensor(
            rewards.indices.map { row in
                // A product with 0 would let an infinite value through.
                rewards[row] + (isOver[row] > 0 ? 0 : gamma[row] * values[row * width + best[row]])
            })
    }
}
