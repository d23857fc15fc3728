import PlumbLearning
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct TabularLearnerTests {
    @Test func targetsAreThoseOfTheTextbook() {
        let next: ArraySlice<Double> = [0, 9, 4, 2, 9][1...3]
        // 1 + 0.5 · max(9, 4, 2), and 1 + 0.5 · 2 of the third action.
        #expect(QLearning().target(reward: 1, discount: 0.5, next: next, chosen: 2) == 5.5)
        #expect(Sarsa().target(reward: 1, discount: 0.5, next: next, chosen: 2) == 2)
        #expect(QLearning().target(reward: 1, discount: 0.5, next: [-4, -2], chosen: 0) == 0)
        #expect(QLearning.moved(2, towards: 10, rate: 0.25) == 4)
    }

    @Test func explorationFallsAndStays() {
        let schedule = LinearSchedule(from: 1, to: 0.2, over: 0.5)
        #expect(schedule.value(at: 0) == 1 && schedule.value(at: 0.25) == 0.6)
        #expect(abs(schedule.value(at: 0.5) - 0.2) < 1e-12 && abs(schedule.value(at: 1) - 0.2) < 1e-12)
        #expect(LinearSchedule.constant(0.3).value(at: 0.7) == 0.3)
    }

    @Test func tablesGrowWithWhatIsSeen() {
        var table = ActionTable<String>(actions: 2, initial: 3)
        #expect(table.values(of: "a") == nil)
        let row = table.row("a")
        table[row, 1] = 5
        #expect(table.values(of: "a") == [3, 5] && table.count == 1 && table.row("a") == row)
        var random = RandomKey(1).generator()
        #expect(table.best("a", using: &random) == 1)
        _ = table.row("b")
        let drawn = (0..<300).map { _ in table.best("b", using: &random) }
        #expect(abs(drawn.reduce(0, +) - 150) < 45, "equals are drawn from")
        let unseen = (0..<300).map { _ in table.best("c", using: &random) }
        #expect(abs(unseen.reduce(0, +) - 150) < 45)
    }

    /// 0, 1, 2 in a row; over at 2 with a reward of 1; a performance of -1 a step.
    private struct Row: World {
        enum Action: CaseIterable, Hashable, Sendable { case left, right }
        typealias Observation = Int
        var reward = 1.0
        var stepLimit: Int? { 20 }
        func start(using random: inout RandomKey.Generator) -> Int { 0 }
        func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
            state = max(0, state + (action == .right ? 1 : -1))
            return StepResult(reward: state == 2 ? reward : 0, performance: -1, isOver: state == 2)
        }
    }

    @Test func oneEpisodeIsWorkedOutByHand() throws {
        // Always to the right: Q(0, right) learns from Q(1, ·) before that is known, then Q(1, right) from the reward.
        var learner = TabularLearner(QLearning(), actions: 2, seeing: Int.self)
        (learner.rate, learner.discount) = (0.5, 0.9)
        learner.table[learner.table.row(0), 1] = 0.1
        learner.table[learner.table.row(1), 1] = 0.2
        var random = RandomKey(1).generator()
        let summary = try learner.episode(in: Row(), exploration: 0, using: &random) { $0 }
        #expect(summary.steps == 2 && summary.totalReward == 1 && summary.totalPerformance == -2 && summary.state == 2)
        let first = try #require(learner.table.values(of: 0)), second = try #require(learner.table.values(of: 1))
        #expect(abs(first[1] - (0.1 + 0.5 * (0.9 * 0.2 - 0.1))) < 1e-12 && first[0] == 0)
        #expect(abs(second[1] - (0.2 + 0.5 * (1 - 0.2))) < 1e-12 && second[0] == 0)
        #expect(learner.table.values(of: 2) == nil, "nothing is learned about an end")
    }

    @Test func bothRulesFindTheWay() throws {
        func value(_ rule: some TabularRule, exploration: Double) throws -> [Double] {
            var learner = TabularLearner(rule, actions: 2, seeing: Int.self)
            (learner.discount, learner.rate) = (0.9, 0.03)
            let history = try learner.train(
                Row(), episodes: 3000, exploration: .constant(exploration), key: RandomKey(3)
            ) { $0 }
            #expect(history.rewards.count == 3000)
            let played = try learner.play(Row(), episodes: 3, key: RandomKey(4)) { $0 }
            #expect(played.allSatisfy { $0.actions == [.right, .right] })
            return try #require(learner.table.values(of: 0))
        }
        // Q* = γ to the right, γ · γ² to the left.
        let q = try value(QLearning(), exploration: 0.5)
        #expect(abs(q[1] - 0.9) < 0.01 && abs(q[0] - 0.81) < 0.01)
        // Half of Sarsa's actions are random, and it knows: V(0) = 0.9 (0.75 V(1) + 0.25 V(0)), V(1) = 0.75 + 0.25 · 0.9 V(0).
        let sarsa = try value(Sarsa(), exploration: 0.5)
        #expect(sarsa[1] < 0.88 && sarsa[1] > sarsa[0])
    }

    @Test func whatIsLearnedFromCanBeTheHiddenFunction() throws {
        var learner = TabularLearner(QLearning(), actions: 2, seeing: Int.self)
        (learner.signal, learner.discount, learner.rate) = (.performance, 1, 0.5)
        _ = try learner.train(Row(), episodes: 400, exploration: .constant(0.3), key: RandomKey(3)) { $0 }
        let values = try #require(learner.table.values(of: 0))
        #expect(abs(values[1] + 2) < 1e-6)
    }

    @Test func anAgentCanBeToldWhatWasCarriedOut() throws {
        // Whatever it chooses, it is told that it went left, so it learns nothing about the right.
        var learner = TabularLearner(QLearning(), actions: 2, seeing: Int.self)
        var random = RandomKey(1).generator()
        let row = Row()
        for _ in 0..<20 {
            _ = try learner.episode(in: row, exploration: 1, using: &random, see: { $0 }) { state, action, random in
                (row.step(&state, action, using: &random), .left)
            }
        }
        #expect(learner.table.values(of: 1)?[1] == 0 && (learner.table.values(of: 1)?[0] ?? 0) > 0)
    }

    @Test func aRewardThatIsNoNumberIsAnError() {
        var learner = TabularLearner(QLearning(), actions: 2, seeing: Int.self)
        var random = RandomKey(1).generator()
        #expect(throws: WorldError.self) {
            for _ in 0..<50 { _ = try learner.episode(in: Row(reward: .nan), exploration: 1, using: &random) { $0 } }
        }
    }
}
