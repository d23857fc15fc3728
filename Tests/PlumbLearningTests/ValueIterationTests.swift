import Foundation
import PlumbLearning
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct ValueIterationTests {
    /// Two states: staying in the first pays 1, leaving pays 0; in the second every action pays 2.
    private let process = DecisionProcess(states: 2, actions: 2, start: [1, 0]) { state, action in
        state == 0
            ? [.init(next: action == 0 ? 0 : 1, reward: action == 0 ? 1 : 0, performance: 5)]
            : [.init(next: 1, reward: 2)]
    }

    @Test func valuesSolveBellmansEquation() {
        // γ = 0.9: V(1) = 2 / 0.1 = 20, V(0) = max(1 + 0.9 V(0), 18) = 18.
        let plan = process.optimal(discount: 0.9)
        #expect(abs(plan.states[1] - 20) < 1e-6 && abs(plan.states[0] - 18) < 1e-6)
        #expect(plan.greedy == [1, 0])
        // γ = 0.3: staying gives 1 / 0.7, leaving 0.3 · 2 / 0.7.
        #expect(process.optimal(discount: 0.3).greedy[0] == 0)
        #expect(process.rewardingPerformance.optimal(discount: 0.3).states[0] > 5)
    }

    @Test func aPlanKnowsHowManyStepsAreLeft() {
        let plans = process.optimal(steps: 3)
        #expect(plans.map { $0.states[0] } == [1, 2, 4])
        #expect(plans.map(\.greedy[0]) == [0, 0, 1])
    }

    @Test func softValuesWeighActionsByTheirExponentials() {
        let alone = DecisionProcess(states: 1, actions: 2, start: [1]) { _, action in
            [.init(next: nil, reward: Double(action))]
        }
        #expect(abs(alone.softOptimal(discount: 0.5).states[0] - log(1 + exp(1))) < 1e-12)
    }

    @Test func policiesAreValuedAndFollowed() {
        let half = [[0.5, 0.5], [1, 0]]
        // V(1) = 20; V(0) = 0.5 (1 + 0.9 V(0)) + 0.5 · 18, so V(0) = 9.5 / 0.55.
        #expect(abs(process.values(of: half, discount: 0.9)[0] - 9.5 / 0.55) < 1e-6)
        #expect(process.visits(of: half, steps: 3) == [1.75, 1.25])
        #expect(process.startValue([3, 4]) == 3)
    }
}
