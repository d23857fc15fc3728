internal import PlumbBasics
public import PlumbTensor
public import PlumbWorlds

/// The best that can be done in a number of steps, and what else comes of it: of all policies that get the most of one
/// function, the one that gets most, or least, of another.
///
/// Where optimal actions tie in the observed reward, the hidden performance is decided by nothing; the two ends of
/// that range say how far the reward leaves it open.
///
/// - Shapes: S states; policy [steps][S].
public struct LexicographicPlan: Sendable {
    /// Which end of the range of the second function.
    public enum Preference: String, Sendable, Hashable, CaseIterable, Codable { case lowest, highest }

    /// The expected sum of the first function from the start: the most there is.
    public var first: Double
    /// The expected sum of the second function from the start.
    public var second: Double
    /// The action of each state, by the steps left, from 1: [steps][S].
    public var policy: [[Int]]
}

extension DecisionProcess {
    /// Backward induction with two values (Bellman 1957, *Dynamic Programming*), without discount.
    ///
    /// Q₁ = Σ p (r₁ + V₁'), the actions with Q₁ ≥ max Q₁ - `tolerance` are kept, and among them Q₂ = Σ p (r₂ + V₂')
    /// decides; the first action of equals is taken.
    ///
    /// - Parameters:
    ///   - first: one number an outcome: ``reward`` or ``performance``.
    ///   - second: likewise.
    /// - Complexity: O(steps · outcomes).
    public func lexicographic(
        steps: Int, first: [Double], second: [Double], preferring preference: LexicographicPlan.Preference,
        tolerance: Double = 1e-9
    ) -> LexicographicPlan {
        require(steps > 0, "a plan needs at least one step, got \(steps)")
        require(
            first.count == next.count && second.count == next.count, "two functions of \(next.count) outcomes")
        let sign = preference == .highest ? 1.0 : -1.0
        var firsts = [Double](repeating: 0, count: states)
        var seconds = firsts
        var policy: [[Int]] = []
        for _ in 0..<steps {
            let (one, two) = (
                actionValues(of: firsts, discount: 1, rewards: first),
                actionValues(of: seconds, discount: 1, rewards: second)
            )
            let chosen = (0..<states).map { state in
                let best = one[state].max() ?? 0
                let kept = one[state].indices.filter { one[state][$0] >= best - tolerance }
                return kept.dropFirst().reduce(kept[0]) { chosen, action in
                    sign * (two[state][action] - two[state][chosen]) > tolerance ? action : chosen
                }
            }
            firsts = chosen.indices.map { one[$0].max() ?? 0 }
            seconds = chosen.indices.map { two[$0][chosen[$0]] }
            policy.append(chosen)
        }
        return LexicographicPlan(first: startValue(firsts), second: startValue(seconds), policy: policy)
    }
}

extension ExploredWorld {
    /// An episode that follows a plan of as many steps.
    public func episode(following plan: LexicographicPlan, key: RandomKey) throws -> Episode<W> {
        let actions = world.actions
        var random = key.generator()
        var state = world.start(using: &random)
        var episode = Episode<W>(start: state)
        for left in stride(from: plan.policy.count, to: 0, by: -1) {
            guard let number = index[state] else {
                throw WorldError("\(W.self) came to a state that its outcomes do not list: \(state)")
            }
            let action = actions[plan.policy[left - 1][number]]
            let result = try world.checked(
                world.step(&state, action, using: &random), step: episode.actions.count + 1)
            episode.states.append(state)
            episode.actions.append(action)
            episode.results.append(result)
            if result.isOver { return episode }
        }
        episode.isCut = true
        return episode
    }
}
