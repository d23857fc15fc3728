public import PlumbTensor

/// What happened from a start to an end.
public struct Episode<W: World>: Sendable {
    /// The states, one more than there are actions.
    public var states: [W.State]
    /// What the agent did at each step, in order.
    public var actions: [W.Action] = []
    /// What each step gave: `results[t]` is what `actions[t]` led to in `states[t]`.
    public var results: [StepResult] = []
    /// Whether the episode was cut off at a number of steps rather than over.
    public var isCut = false

    /// An episode that begins in `start`.
    public init(start: W.State) { states = [start] }

    /// The sum of rewards, not discounted.
    public var totalReward: Double { results.reduce(0) { $0 + $1.reward } }
    /// The sum of the hidden performance.
    public var totalPerformance: Double { results.reduce(0) { $0 + $1.performance } }
}

extension World {
    /// Steps after which an episode that nothing cuts off counts as endless.
    static var patience: Int { 1_000_000 }

    /// Lets `policy` act from a start until the episode is over or cut off at ``stepLimit``.
    ///
    /// - Parameters:
    ///   - key: of all chance, the world's and the policy's.
    ///   - limit: steps after which the episode is cut off, in place of the world's own.
    ///   - policy: the action for what the agent sees.
    /// - Throws: what `policy` throws, and ``WorldError`` for a reward that is no number or an episode that does not end.
    public func episode(
        key: RandomKey, limit: Int? = nil,
        policy: (Observation, inout RandomKey.Generator) throws -> Action
    ) throws -> Episode<Self> {
        var chance = key["world"].generator()
        var choice = key["policy"].generator()
        var state = start(using: &chance)
        var episode = Episode<Self>(start: state)
        let last = limit ?? stepLimit
        while true {
            guard episode.actions.count < last ?? Self.patience else {
                guard last != nil else {
                    throw WorldError(
                        "the policy did not end the episode of \(Self.self) in \(Self.patience) steps, and the world "
                            + "does not cut episodes off: give the world a stepLimit or the episode a limit")
                }
                episode.isCut = true
                return episode
            }
            let action = try policy(observation(of: state), &choice)
            let result = try checked(step(&state, action, using: &chance), step: episode.actions.count + 1)
            episode.states.append(state)
            episode.actions.append(action)
            episode.results.append(result)
            if result.isOver { return episode }
        }
    }

    /// `result`, after a check of its numbers.
    ///
    /// - Throws: ``WorldError`` where reward or performance is no number or infinite.
    public func checked(_ result: StepResult, step: Int) throws -> StepResult {
        guard result.reward.isFinite, result.performance.isFinite else {
            throw WorldError(
                "\(Self.self) gave the reward \(result.reward) and the performance \(result.performance) at step \(step): "
                    + "an agent can learn from finite numbers only")
        }
        return result
    }
}
