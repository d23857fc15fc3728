// What does somebody want, judging by what they do?
//
// A reward is sought under which the demonstrations would be likely, from someone who mostly but not always acts well.
// Many rewards explain the same acts, and among policies that visit states as often as the demonstrations do the most
// random one commits to least: that is the soft-optimal policy of a reward, and the reward is found by gradient ascent.
// It fails where the demonstrator's errors are not of this kind: whoever acts at random wants nothing that could be found.

internal import Foundation
internal import PlumbBasics
public import PlumbRecords
public import PlumbWorlds

/// Maximum causal entropy inverse reinforcement learning, with one reward for each state (Ziebart, Maas, Bagnell, Dey 2008,
/// *Maximum Entropy Inverse Reinforcement Learning*; Ziebart 2010, *Modeling Purposeful Adaptive Behavior with the Principle
/// of Maximum Causal Entropy*).
///
/// `V(s) = log Σ exp Q(s, a)`, `Q(s, a) = θ(s) + γ Σ p V(s')`, `π = exp(Q - V)`; θ is moved along how often the
/// demonstrations visit each state less how often π does.
///
/// The visits are sums over the first T steps, which all count alike, while π is planned with γ < 1 and without a last
/// step. The gradient of the discounted causal log-likelihood weighs the visits of step t by γᵗ and leaves none out.
/// What is followed here is an approximation of it, which would be exact with γ = 1 and episodes that end within T
/// steps. Ascent comes to rest where π visits the states as often as the demonstrations do: ``Recovered/visitGap`` says
/// how near it came.
///
/// - Shapes: S states, A actions; θ and visits `[S]`.
public struct MaximumEntropyIRL: SettingGroup {
    @Setting("The discount factor γ.", 0.01...0.9999)
    public var discount = 0.9
    @Setting("Steps of a demonstration.", 2...100_000)
    public var horizon = 40
    @Setting("Steps of gradient ascent on the recovered reward.", 1...1_000_000)
    public var iterations = 400
    @Setting("The learning rate of gradient ascent; the gradient is in visits per demonstration.", 1e-9...1000)
    public var learningRate = 0.05
    /// How far values may be from their fixed point.
    public var tolerance = 1e-6

    /// The reference settings.
    public init() {}

    private enum CodingKeys: String, CodingKey { case discount, horizon, iterations, learningRate }

    /// What was found.
    public struct Recovered: Sendable, Codable, Equatable {
        /// θ.
        public var reward: [Double]
        /// How often the demonstrations visit each state in their first T steps, not discounted, a mean over them.
        public var demonstrated: [Double]
        /// How often the soft-optimal policy of θ is expected to, in as many steps.
        public var visited: [Double]

        /// Half of the sum of differences, as a part of all visits: 0 where they agree, 1 where they never meet.
        public var visitGap: Double {
            let total = demonstrated.reduce(0, +)
            return zip(demonstrated, visited).reduce(0) { $0 + abs($1.0 - $1.1) } / (2 * total)
        }
    }

    /// How often demonstrations visit each state, not discounted, a mean over them.
    ///
    /// - Parameters:
    ///   - demonstrations: the states of each, in order; those beyond the horizon do not count.
    ///   - states: S, how many states there are.
    /// - Throws: `WorldError` where there is none, or one names a state that does not exist.
    public func visits(of demonstrations: [[Int]], states: Int) throws -> [Double] {
        require(horizon > 0, "demonstrations need steps that count, got \(horizon)")
        guard !demonstrations.isEmpty else { throw WorldError("there are no demonstrations to learn from") }
        var counts = [Double](repeating: 0, count: states)
        for (index, demonstration) in demonstrations.enumerated() {
            for (step, state) in demonstration.prefix(horizon).enumerated() {
                guard counts.indices.contains(state) else {
                    throw WorldError(
                        "demonstration \(index + 1) is in state \(state) at step \(step + 1), and there are states from 0 "
                            + "to \(states - 1)")
                }
                counts[state] += 1
            }
        }
        return counts.map { $0 / Double(demonstrations.count) }
    }

    /// The reward whose soft-optimal policy visits states as often as the demonstrations do, as near as the iterations
    /// come.
    ///
    /// - Precondition: γ is in 0..<1, and the tolerance above 0.
    /// - Parameters:
    ///   - demonstrations: the states of each, in order; those beyond the horizon do not count.
    ///   - process: what can happen; its rewards are not looked at.
    ///   - watch: called with the steps made.
    /// - Throws: `WorldError` for demonstrations that cannot be used, or a reward that diverges; what `watch` throws.
    public func recover(
        from demonstrations: [[Int]], in process: DecisionProcess, watch: (Int) throws -> Void = { _ in }
    ) throws -> Recovered {
        let demonstrated = try visits(of: demonstrations, states: process.states)
        var planner = SoftPlanner(process, discount: discount, tolerance: tolerance)
        var reward = [Double](repeating: 0, count: process.states)
        var visited = planner.visits(of: reward, steps: horizon)
        for iteration in 0..<iterations {
            try watch(iteration)
            for state in reward.indices { reward[state] += learningRate * (demonstrated[state] - visited[state]) }
            visited = planner.visits(of: reward, steps: horizon)
        }
        guard (reward + visited).allSatisfy(\.isFinite) else {
            throw WorldError("the recovered reward is no longer finite: take a learning rate below \(learningRate)")
        }
        return Recovered(reward: reward, demonstrated: demonstrated, visited: visited)
    }
}

/// Soft-optimal planning for rewards that change little from one call to the next: it goes on from the values it has.
///
/// The values are those of `DecisionProcess.softOptimal(discount:)`, for rewards of states.
struct SoftPlanner {
    private let states: Int
    private let actions: Int
    private let start: [Double]
    /// Where the outcomes of each state and action begin, [S · A + 1].
    private var offsets = [0]
    private var next: [Int] = []
    private var chance: [Double] = []
    private let discount: Double
    private let tolerance: Double
    /// V, [S].
    private var values: [Double]
    /// Q and then π, [S · A].
    private var policy: [Double]

    init(_ process: DecisionProcess, discount: Double, tolerance: Double) {
        require(discount >= 0 && discount < 1, "a discount without a last step must be in 0..<1, got \(discount)")
        require(tolerance > 0, "values need a tolerance above 0, got \(tolerance)")
        (states, actions, start) = (process.states, process.actions, process.start)
        (self.discount, self.tolerance) = (discount, tolerance)
        for state in 0..<process.states {
            for action in 0..<process.actions {
                // An outcome that ends the episode has no value to add.
                for outcome in process.range(state, action) where process.next[outcome] >= 0 {
                    next.append(process.next[outcome])
                    chance.append(process.probability[outcome])
                }
                offsets.append(next.count)
            }
        }
        values = [Double](repeating: 0, count: states)
        policy = [Double](repeating: 0, count: states * actions)
    }

    /// The soft-optimal policy of the rewards of states, [S · A].
    mutating func plan(_ reward: [Double]) -> [Double] {
        while sweep(reward) > tolerance {}
        for state in 0..<states {
            for pair in state * actions..<(state + 1) * actions { policy[pair] = exp(policy[pair] - values[state]) }
        }
        return policy
    }

    /// One improvement of all values; how far the farthest moved. A change that is no number ends planning.
    private mutating func sweep(_ reward: [Double]) -> Double {
        var change = 0.0
        let old = values
        for state in 0..<states {
            var largest = -Double.infinity
            for pair in state * actions..<(state + 1) * actions {
                var sum = 0.0
                for outcome in offsets[pair]..<offsets[pair + 1] { sum += chance[outcome] * old[next[outcome]] }
                policy[pair] = reward[state] + discount * sum
                largest = max(largest, policy[pair])
            }
            var total = 0.0
            for pair in state * actions..<(state + 1) * actions { total += exp(policy[pair] - largest) }
            values[state] = largest + log(total)
            change = max(change, abs(values[state] - old[state]))
        }
        return change
    }

    /// How often the soft-optimal policy of the rewards is in each state in `steps` steps, [S].
    mutating func visits(of reward: [Double], steps: Int) -> [Double] {
        let policy = plan(reward)
        var present = start
        var sum = [Double](repeating: 0, count: states)
        for _ in 0..<steps {
            var following = [Double](repeating: 0, count: states)
            for state in 0..<states where present[state] > 0 {
                sum[state] += present[state]
                for pair in state * actions..<(state + 1) * actions {
                    let share = present[state] * policy[pair]
                    for outcome in offsets[pair]..<offsets[pair + 1] {
                        following[next[outcome]] += share * chance[outcome]
                    }
                }
            }
            present = following
        }
        return sum
    }
}
