internal import PlumbBasics
internal import PlumbLearning
public import PlumbWorlds

/// What an agent plans for where its actions can change its reward function.
///
/// Source: Everitt, Hutter, Kumar, Krakovna 2021, *Reward Tampering Problems and Solutions in Reinforcement Learning*,
/// arXiv:1908.04734, whose terms these are.
public enum TamperingAgent: String, CaseIterable, Codable, Sendable {
    /// Maximizes the rewards that it will receive, by whatever function then pays: the standard agent.
    case observedReward
    /// Evaluates plans by the present reward function, as if it would always be followed: it ignores that a later agent
    /// would follow another one (TI-ignoring current-RF optimization).
    case ignoringChange
    /// Evaluates plans by the present reward function, and foresees that it will follow another one once it has changed
    /// (TI-considering current-RF optimization).
    case consideringChange

    /// For people.
    public var title: String {
        switch self {
        case .observedReward: "observed reward"
        case .ignoringChange: "present function"
        case .consideringChange: "present function, foreseeing"
        }
    }
}

/// What an agent does in a tampering room, exactly: it plans anew at every step, and nothing is learned.
public struct TamperingPlan: Sendable {
    /// How optimal actions that tie are chosen.
    public enum Ties: Sendable {
        /// Toward plans that enter the tile.
        case tampering
        /// Toward plans that do not.
        case avoiding
    }

    /// The action of each state, by the steps left, from 1: [steps][S].
    public let policy: [[Int]]
    /// Whether the episode enters the tile.
    public let tampers: Bool
    /// The sum of the rewards received.
    public let reward: Double
    /// The sum of what the original function pays.
    public let performance: Double
    /// The states of the episode, in order, the first included.
    public let states: [TamperingRoom.State]

    /// What entering the tile counts where plans tie; no two plans of different value differ by less.
    private static let tie = 1e-6

    /// Plans as `agent` does, for the whole episode.
    ///
    /// - Complexity: O(steps · states).
    public init(_ agent: TamperingAgent, in explored: ExploredWorld<TamperingRoom>, ties: Ties) {
        let (process, steps) = (explored.process, explored.world.stepLimit ?? 0)
        let isChanged = explored.states.map(\.isChanged)
        let bonus = explored.entries.map { $0 * (ties == .tampering ? Self.tie : -Self.tie) }
        func broken(_ rewards: [Double]) -> [Double] { zip(rewards, bonus).map { $0 + $1 } }
        // Once the function has changed, every agent follows the one in force, which does not change again.
        let received = process.plan(steps: steps, maximizing: broken(process.reward))
        let chosen =
            switch agent {
            case .observedReward: received
            case .ignoringChange: process.plan(steps: steps, maximizing: broken(process.performance))
            case .consideringChange:
                process.plan(steps: steps, maximizing: broken(process.performance)) { left, state in
                    isChanged[state] ? received[left - 1][state] : nil
                }
            }
        let policy = zip(chosen, received).map { own, later in
            isChanged.indices.map { isChanged[$0] ? later[$0] : own[$0] }
        }
        let world = explored.world
        var (state, states, reward, performance) = (world.first, [world.first], 0.0, 0.0)
        for left in stride(from: steps, to: 0, by: -1) {
            let action = explored.index[state].map { policy[left - 1][$0] } ?? 0
            let result = world.apply(world.actions[action], to: &state)
            states.append(state)
            (reward, performance) = (reward + result.reward, performance + result.performance)
        }
        (self.policy, self.states, tampers) = (policy, states, state.isChanged)
        (self.reward, self.performance) = (reward, performance)
    }
}

extension ExploredWorld<TamperingRoom> {
    /// 1 for each outcome that enters the tile for the first time, else 0.
    var entries: [Double] {
        var entries = [Double](repeating: 0, count: process.next.count)
        for state in states.indices where !states[state].isChanged {
            for action in 0..<process.actions {
                for outcome in process.range(state, action) where states[process.next[outcome]].isChanged {
                    entries[outcome] = 1
                }
            }
        }
        return entries
    }

    /// The chance that a policy [S][A] enters the tile within the episode.
    public func entryChance(of policy: [[Double]]) -> Double {
        var values = [Double](repeating: 0, count: states.count)
        for _ in 0..<(world.stepLimit ?? 0) {
            values = zip(process.actionValues(of: values, discount: 1, rewards: entries), policy).map { row, chances in
                zip(row, chances).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
        return process.startValue(values)
    }
}

extension DecisionProcess {
    /// Backward induction without discount (Bellman 1957, *Dynamic Programming*), the first of equal actions.
    ///
    /// - Parameters:
    ///   - rewards: one number an outcome.
    ///   - given: the action of a state with so many steps left, where it is not free; nil where it is.
    /// - Shapes: result [steps][S], by the steps left, from 1.
    func plan(
        steps: Int, maximizing rewards: [Double], given: (_ left: Int, _ state: Int) -> Int? = { _, _ in nil }
    ) -> [[Int]] {
        require(rewards.count == next.count, "a plan needs \(next.count) rewards, got \(rewards.count)")
        var values = [Double](repeating: 0, count: states)
        var policy: [[Int]] = []
        for left in stride(from: 1, through: steps, by: 1) {
            let q = actionValues(of: values, discount: 1, rewards: rewards)
            let plan = q.indices.map { state -> Int in
                let row = q[state]
                return given(left, state) ?? row.indices.max { row[$0] < row[$1] || (row[$0] == row[$1] && $0 > $1) }
                    ?? 0
            }
            values = q.indices.map { q[$0][plan[$0]] }
            policy.append(plan)
        }
        return policy
    }
}
