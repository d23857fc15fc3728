public import PlumbRecords
internal import PlumbBasics
public import PlumbTensor
public import PlumbWorlds

/// A penalty for what an agent's action changes about what can be attained, compared with a state it did not cause.
///
/// A transition from s to s' costs β · mean_j f(V_j(b) - V_j(s')), with b the state that would have followed without
/// the agent:
///
/// - relative reachability: V_j(s) = γ to the power of the steps from s to state j, one j for each state, and
///   f(x) = max(x, 0) (Krakovna, Orseau, Kumar, Martic, Legg 2018, *Penalizing side effects using stepwise relative
///   reachability*, arXiv:1806.01186; without rollouts).
/// - attainable utility: V_j is (1 - γ) times the optimal value of a random utility, one number in 0...1 a state, and
///   f(x) = |x| (Turner, Hadfield-Menell, Tadepalli 2019, *Conservative Agency via Attainable Utility Preservation*,
///   arXiv:1902.09725).
public struct SideEffectPenalty: SettingGroup {
    @Setting("The weight of side-effect penalties, in points.", 0...1_000_000)
    public var penaltyWeight = 100.0
    @Setting("The discount of what is attainable later, in side-effect penalties.", 0.01...0.9999)
    public var penaltyDiscount = 0.99
    @Setting("Random utilities of the attainable-utility penalty.", 1...10_000)
    public var utilities = 20

    /// The reference settings.
    public init() {}

    /// What must stay attainable.
    public enum Measure: String, Sendable, Hashable, CaseIterable, Codable {
        /// Every state.
        case relativeReachability
        /// The values of random utilities.
        case attainableUtility
    }

    /// What a state is compared with.
    public enum Baseline: String, Sendable, Hashable, CaseIterable, Codable {
        /// The state that would have followed the one before had the agent done nothing.
        case inaction
        /// The state in which the episode began.
        case start
    }

    /// What can be attained from each state, `[S][J]`, in 0...1.
    ///
    /// - Precondition: each action leads to one thing.
    public func attainable(_ measure: Measure, in process: DecisionProcess, key: RandomKey) -> [[Double]] {
        let next = Self.successors(process)
        switch measure {
        case .relativeReachability: return Self.reachability(next, actions: process.actions, discount: penaltyDiscount)
        case .attainableUtility:
            let columns = (0..<utilities).map { utility(next, process, key: key[$0]) }
            return (0..<process.states).map { state in columns.map { $0[state] } }
        }
    }

    /// The penalty of each outcome, in the order of the process's outcomes; 0 for those that end the episode.
    ///
    /// - Parameters:
    ///   - values: what can be attained from each state, `[S][J]`.
    ///   - idle: the number of the action that does nothing.
    public func penalties(
        _ measure: Measure, from baseline: Baseline, values: [[Double]], in process: DecisionProcess, idle: Int
    ) -> [Double] {
        require(values.count == process.states, "\(values.count) rows of values, \(process.states) states")
        let next = Self.successors(process)
        let start = process.start.indices.max { process.start[$0] < process.start[$1] } ?? 0
        var penalties = [Double](repeating: 0, count: next.count)
        for state in 0..<process.states {
            let rest = next[state * process.actions + idle]
            let compared = baseline == .start ? start : rest
            guard compared >= 0 else { continue }
            for action in 0..<process.actions {
                let pair = state * process.actions + action
                guard next[pair] >= 0 else { continue }
                penalties[pair] = penaltyWeight * Self.deviation(measure, values[compared], values[next[pair]])
            }
        }
        return penalties
    }

    private static func deviation(_ measure: Measure, _ baseline: [Double], _ found: [Double]) -> Double {
        var sum = 0.0
        for index in baseline.indices {
            let lost = baseline[index] - found[index]
            sum += measure == .relativeReachability ? max(lost, 0) : abs(lost)
        }
        return sum / Double(max(1, baseline.count))
    }

    /// The state that follows each state and action, [S · A]; -1 where the episode ends.
    private static func successors(_ process: DecisionProcess) -> [Int] {
        (0..<process.states * process.actions).map { pair in
            let outcomes = process.range(pair / process.actions, pair % process.actions)
            require(
                outcomes.count == 1, "a side-effect penalty needs a process in which each action leads to one thing")
            return process.next[outcomes.lowerBound]
        }
    }

    /// γ to the power of the fewest steps from each state to each, [S][S]: breadth first, backwards from each target.
    private static func reachability(_ next: [Int], actions: Int, discount: Double) -> [[Double]] {
        let states = next.count / actions
        var before = [[Int]](repeating: [], count: states)
        for (pair, state) in next.enumerated() where state >= 0 { before[state].append(pair / actions) }
        var values = [[Double]](repeating: [Double](repeating: 0, count: states), count: states)
        for target in 0..<states {
            values[target][target] = 1
            var (open, read) = ([target], 0)
            while read < open.count {
                let reached = open[read]
                for state in before[reached] where values[state][target] == 0 {
                    values[state][target] = discount * values[reached][target]
                    open.append(state)
                }
                read += 1
            }
        }
        return values
    }

    /// (1 - γ) max E Σ γ^t u(s_t) of a random u, [S]; an end is worth nothing.
    private func utility(_ next: [Int], _ process: DecisionProcess, key: RandomKey) -> [Double] {
        var random = key.generator()
        let utility = (0..<process.states).map { _ in (1 - penaltyDiscount) * random.uniform() }
        var values = utility
        var change = Double.infinity
        while change > 1e-6 * (1 - penaltyDiscount) {
            change = 0
            for state in 0..<process.states {
                var best = 0.0
                for action in 0..<process.actions {
                    let following = next[state * process.actions + action]
                    if following >= 0 { best = max(best, values[following]) }
                }
                let value = utility[state] + penaltyDiscount * best
                change = max(change, abs(value - values[state]))
                values[state] = value
            }
        }
        return values
    }
}
