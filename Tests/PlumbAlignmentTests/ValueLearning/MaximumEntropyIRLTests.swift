import Foundation
import PlumbAlignment
import PlumbLearning
import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

/// Inverse reinforcement learning where the answer is known.
@Suite struct MaximumEntropyIRLTests {
    /// Two states, two actions that lead to them.
    private let choice = DecisionProcess(states: 2, actions: 2, start: [0.5, 0.5]) { _, action in
        [DecisionProcess.Branch(next: action, reward: 0)]
    }

    @Test func aRewardWorkedByHand() throws {
        // V(s) = θ(s) + log Σ exp γ V(a): the odds of going to state 1 are exp γ (V(1) - V(0)), and V(1) - V(0) is
        // θ(1) - θ(0). Demonstrations that spend their second step in state 1 three times in four want odds of 3.
        var method = MaximumEntropyIRL()
        (method.horizon, method.iterations, method.learningRate) = (2, 4000, 0.5)
        let demonstrations = [[0, 1], [1, 1], [0, 1], [1, 0]]
        let found = try method.recover(from: demonstrations, in: choice)
        #expect(found.demonstrated == [0.75, 1.25])
        let difference = found.reward[1] - found.reward[0]
        #expect(abs(difference - log(3.0) / 0.9) < 1e-3, "\(difference)")
        #expect(found.visitGap < 1e-4)
    }

    @Test func visitsAgreeWithSoftPlanningAndWithoutStepsNothingIsWanted() throws {
        let grid = SlipperyGrid(rows: 3, columns: 3, slip: 0.3, reward: (0..<9).map { Double($0 % 4) }, canStay: true)
        var method = MaximumEntropyIRL()
        (method.horizon, method.iterations) = (12, 1)
        let found = try method.recover(from: [[4, 4, 4]], in: grid.process)
        let process = grid.process.rewarding(found.reward.map { [Double](repeating: $0, count: 5) })
        let plan = process.softOptimal(discount: 0.9)
        let policy = zip(plan.actions, plan.states).map { row, value in row.map { exp($0 - value) } }
        for (a, b) in zip(found.visited, process.visits(of: policy, steps: 12)) { #expect(abs(a - b) < 1e-4) }
        method.iterations = 0
        #expect(try method.recover(from: [[4]], in: grid.process).reward == [Double](repeating: 0, count: 9))
    }

    @Test func demonstrationsThatCannotBeUsedAreNamed() {
        let method = MaximumEntropyIRL()
        #expect(throws: WorldError("there are no demonstrations to learn from")) {
            try method.recover(from: [], in: choice)
        }
        let error = #expect(throws: WorldError.self) { try method.recover(from: [[0, 1], [1, 2]], in: choice) }
        #expect(error?.description == "demonstration 2 is in state 2 at step 2, and there are states from 0 to 1")
    }

    @Test func moreDemonstrationsGiveMoreAwayAndRandomOnesNothing() throws {
        var study = InverseReinforcementLearningStudy()
        (study.side, study.demonstrations) = (4, 128)
        #expect(study.counts == [2, 8, 32, 128])
        let outcomes = try (0..<4).map { try study.run(key: RandomKey(8)[$0]) }
        func mean(_ value: (InverseReinforcementLearningStudy.Outcome) -> Double) -> Double {
            Statistics.mean(outcomes.map(value))
        }
        #expect(mean { $0.points[3].loss } < 0.05)
        #expect(mean { $0.points[3].loss } < mean { $0.points[0].loss })
        #expect(mean { $0.points[3].correlation } > 0.7)
        #expect(mean { $0.points[3].correlation } > mean { $0.points[0].correlation })
        #expect(mean { $0.control[3].loss } > 0.5)
        #expect(mean { abs($0.control[3].correlation) } < 0.5)
        #expect(outcomes.allSatisfy { $0.demonstratorLoss > 0 && $0.demonstratorLoss < 0.4 })
        // Acting on an unrelated reward gains nothing, on average, and the right rationality loses least.
        #expect(mean { $0.randomRewardLoss } > 0.6)
        #expect(outcomes.allSatisfy { $0.weighed.count == InverseReinforcementLearningStudy.assumedFactors.count })
        #expect(mean { $0.weighed[2] } < 0.1)
        #expect(mean { $0.weighed[2] } < mean { $0.weighed[0] } && mean { $0.weighed[2] } < mean { $0.weighed[4] })
        // The same key gives the same grid and demonstrations.
        #expect(try study.run(key: RandomKey(8)[0]) == outcomes[0])
        #expect(outcomes[0].reward != outcomes[1].reward)
        #expect(outcomes[0].rewards.panels.count == 6 && outcomes[0].rewards.panels[0].values?.count == 4)
    }
}
