internal import Foundation
internal import PlumbBasics
public import PlumbWorlds

/// Exact planning in a listed process (Bellman 1957, *Dynamic Programming*).
///
/// - Shapes: values [S]; action values and policies [S][A].
extension DecisionProcess {
    /// What a plan is worth.
    public struct Values: Sendable {
        /// The value of each state, [S].
        public var states: [Double]
        /// The value of each action, [S][A].
        public var actions: [[Double]]

        /// The best action of each state, the first of equals.
        public var greedy: [Int] {
            actions.map { row in row.indices.max { row[$0] < row[$1] || (row[$0] == row[$1] && $0 > $1) } ?? 0 }
        }
    }

    /// Q(s, a) = Σ p (r + γ V(s')), [S][A].
    ///
    /// - Parameter rewards: one number an outcome: ``reward`` or ``performance``.
    public func actionValues(of values: [Double], discount: Double, rewards: [Double]? = nil) -> [[Double]] {
        let rewards = rewards ?? reward
        return (0..<states).map { state in
            (0..<actions).map { action in
                var sum = 0.0
                for outcome in range(state, action) {
                    let following = next[outcome] >= 0 ? discount * values[next[outcome]] : 0
                    sum += probability[outcome] * (rewards[outcome] + following)
                }
                return sum
            }
        }
    }

    /// The optimal values, discounted by γ < 1 for ever: V(s) = max Q(s, a), to `tolerance`.
    public func optimal(discount: Double, tolerance: Double = 1e-9) -> Values {
        require(discount >= 0 && discount < 1, "a discount without a last step must be in 0..<1, got \(discount)")
        return fixedPoint(tolerance) { values in
            let q = actionValues(of: values, discount: discount)
            return Values(states: q.map { $0.max() ?? 0 }, actions: q)
        }
    }

    /// The values of maximum-entropy planning: V(s) = log Σ exp Q(s, a), whose policy is exp(Q - V)
    /// (Ziebart 2010, *Modeling Purposeful Adaptive Behavior with the Principle of Maximum Causal Entropy*).
    public func softOptimal(discount: Double, tolerance: Double = 1e-9) -> Values {
        require(discount >= 0 && discount < 1, "a discount without a last step must be in 0..<1, got \(discount)")
        return fixedPoint(tolerance) { values in
            let q = actionValues(of: values, discount: discount)
            return Values(
                states: q.map { row in
                    let largest = row.max() ?? 0
                    return largest + log(row.reduce(0) { $0 + exp($1 - largest) })
                }, actions: q)
        }
    }

    private func fixedPoint(_ tolerance: Double, _ improve: ([Double]) -> Values) -> Values {
        require(
            reward.allSatisfy(\.isFinite) && tolerance >= 0,
            "values that settle need finite rewards and a tolerance of 0 or more, got \(tolerance)")
        var values = improve([Double](repeating: 0, count: states))
        while true {
            let better = improve(values.states)
            let change = zip(values.states, better.states).map { abs($0 - $1) }.max() ?? 0
            values = better
            // Large values cannot settle below their last bits.
            let largest = values.states.map(abs).max() ?? 0
            if !(change > max(tolerance, 4 * largest.ulp)) { return values }
        }
    }

    /// The optimal values with `steps` left and no discount, one a number of steps left from 1, soonest to end first.
    public func optimal(steps: Int) -> [Values] {
        var plans: [Values] = []
        var values = [Double](repeating: 0, count: states)
        for _ in 0..<steps {
            let q = actionValues(of: values, discount: 1)
            values = q.map { $0.max() ?? 0 }
            plans.append(Values(states: values, actions: q))
        }
        return plans
    }

    /// The values of a policy [S][A], discounted by γ < 1 for ever.
    public func values(of policy: [[Double]], discount: Double, tolerance: Double = 1e-9) -> [Double] {
        require(discount >= 0 && discount < 1, "a discount without a last step must be in 0..<1, got \(discount)")
        return fixedPoint(tolerance) { values in
            let q = actionValues(of: values, discount: discount)
            return Values(
                states: zip(q, policy).map { row, part in zip(row, part).reduce(0) { $0 + $1.0 * $1.1 } }, actions: q)
        }.states
    }

    /// The policy of random actions, [S][A].
    public var uniformPolicy: [[Double]] {
        [[Double]](repeating: [Double](repeating: 1 / Double(actions), count: actions), count: states)
    }

    /// The policy that takes one action in each state, [S][A].
    public func policy(of plan: [Int]) -> [[Double]] {
        plan.map { best in (0..<actions).map { $0 == best ? 1 : 0 } }
    }

    /// How often a policy [S][A] is in each state in `steps` steps, weighted by γ to the power of the step, [S].
    public func visits(of policy: [[Double]], steps: Int, discount: Double = 1) -> [Double] {
        var present = start
        var sum = [Double](repeating: 0, count: states)
        var weight = 1.0
        for _ in 0..<steps {
            var following = [Double](repeating: 0, count: states)
            for state in 0..<states where present[state] > 0 {
                sum[state] += weight * present[state]
                for action in 0..<actions where policy[state][action] > 0 {
                    for outcome in range(state, action) where next[outcome] >= 0 {
                        following[next[outcome]] += present[state] * policy[state][action] * probability[outcome]
                    }
                }
            }
            present = following
            weight *= discount
        }
        return sum
    }

    /// The value of beginning: the mean of state values over the starts.
    public func startValue(_ values: [Double]) -> Double { zip(start, values).reduce(0) { $0 + $1.0 * $1.1 } }
}
