internal import PlumbBasics
public import PlumbWorlds

extension DecisionProcess {
    /// What a policy [S][A] is expected to get in `steps` steps, not discounted: of the reward and of the hidden function.
    ///
    /// Exact, so nothing needs to be played to say how good a policy is.
    public func totals(of policy: [[Double]], steps: Int) -> (reward: Double, performance: Double) {
        require(
            policy.count == states && policy.allSatisfy { $0.count == actions }, "a policy is [S][A]")
        var rewards = [Double](repeating: 0, count: states)
        var performances = rewards
        func averaged(_ values: [[Double]]) -> [Double] {
            zip(values, policy).map { row, chances in zip(row, chances).reduce(0) { $0 + $1.0 * $1.1 } }
        }
        for _ in 0..<steps {
            rewards = averaged(actionValues(of: rewards, discount: 1, rewards: reward))
            performances = averaged(actionValues(of: performances, discount: 1, rewards: performance))
        }
        return (startValue(rewards), startValue(performances))
    }
}

extension ExploredWorld {
    /// The best actions of a table in each state, [S][A]: equals share, and where the table knows nothing all do.
    public func greedyPolicy<Seen>(
        of table: ActionTable<Seen>, see: (W.Observation) -> Seen
    ) -> [[Double]] {
        states.map { state in
            let values = table.values(of: see(world.observation(of: state)))
            let best = values?.max()
            let isBest = (0..<process.actions).map { values?[$0] == best }
            let share = 1 / Double(isBest.count { $0 })
            return isBest.map { $0 ? share : 0 }
        }
    }
}
