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
        var (nextFirsts, nextSeconds) = (firsts, seconds)
        var (one, two) = ([Double](repeating: 0, count: actions), [Double](repeating: 0, count: actions))
        var policy: [[Int]] = []
        for _ in 0..<steps {
            var plan = [Int](repeating: 0, count: states)
            for state in 0..<states {
                var best = -Double.infinity
                for action in 0..<actions {
                    (one[action], two[action]) = (0, 0)
                    for outcome in range(state, action) {
                        let (following, chance) = (next[outcome], probability[outcome])
                        one[action] += chance * (first[outcome] + (following >= 0 ? firsts[following] : 0))
                        two[action] += chance * (second[outcome] + (following >= 0 ? seconds[following] : 0))
                    }
                    best = max(best, one[action])
                }
                var chosen: Int?
                for action in 0..<actions where one[action] >= best - tolerance {
                    guard let kept = chosen, sign * (two[action] - two[kept]) <= tolerance else {
                        chosen = action
                        continue
                    }
                }
                plan[state] = chosen ?? 0
                (nextFirsts[state], nextSeconds[state]) = (best, two[plan[state]])
            }
            swap(&firsts, &nextFirsts)
            swap(&seconds, &nextSeconds)
            policy.append(plan)
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
