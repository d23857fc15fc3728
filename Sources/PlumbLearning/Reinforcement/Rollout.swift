public import PlumbTensor

/// What the lanes of a world lived through in one round: steps with what was seen, done and given.
///
/// - Shapes: R steps in all, in the order in which they were made, of every lane in turn.
public struct Rollout: Sendable {
    /// What a step led to.
    public enum Following: Sendable, Equatable {
        /// Another step of this round, by its position.
        case step(Int)
        /// Nothing: the episode was over.
        case over
        /// The observation of this position in ``Rollout/last``: the episode was cut off there, or goes on in the next
        /// round.
        case observation(Int)
    }

    /// How long a round is.
    public enum Span: Sendable, Equatable {
        /// A number of steps in every lane; episodes go on in the next round.
        case steps(Int)
        /// One whole episode in every lane.
        case episodes
    }

    /// What the agent saw before each step, `[R, …]`.
    public var observations: Tensor
    /// What it did, by the number of the action.
    public var actions: [Int]
    /// What it was given.
    public var rewards: [Double]
    /// What each step led to.
    public var following: [Following]
    /// Whether the episode ended with the step, over or cut off.
    public var ends: [Bool]
    /// What the agent saw at the end of episodes that were cut off and of the round, `[K, …]`.
    public var last: Tensor
    /// The steps of each lane, in order, by their positions.
    public var lanes: [[Int]]

    /// A round that a loop of one's own lived through, for example with several players in a world.
    ///
    /// - Shapes: R steps; see the properties.
    public init(
        observations: Tensor, actions: [Int], rewards: [Double], following: [Following], ends: [Bool], last: Tensor,
        lanes: [[Int]]
    ) {
        (self.observations, self.actions, self.rewards) = (observations, actions, rewards)
        (self.following, self.ends, self.last, self.lanes) = (following, ends, last, lanes)
    }

    /// The number of steps, R.
    public var count: Int { actions.count }

    /// The advantages of all steps by ``Returns/generalizedAdvantages(rewards:values:following:ends:discount:lambda:)``,
    /// lane by lane, [R].
    ///
    /// - Parameters:
    ///   - rewards: in place of the rollout's own, where something was added to them.
    ///   - values: of ``observations``, [R].
    ///   - lastValues: of ``last``, [K].
    ///   - discount: γ.
    ///   - lambda: λ, in 0...1.
    public func advantages(
        rewards: [Double]? = nil, values: [Double], lastValues: [Double], discount: Double, lambda: Double
    ) -> [Double] {
        let rewards = rewards ?? self.rewards
        var result = [Double](repeating: 0, count: count)
        for lane in lanes {
            let following = lane.map { step in
                switch self.following[step] {
                case .step(let next): values[next]
                case .over: 0.0
                case .observation(let index): lastValues[index]
                }
            }
            let advantages = Returns.generalizedAdvantages(
                rewards: lane.map { rewards[$0] }, values: lane.map { values[$0] }, following: following,
                ends: lane.map { ends[$0] }, discount: discount, lambda: lambda)
            for (step, advantage) in zip(lane, advantages) { result[step] = advantage }
        }
        return result
    }
}
