import PlumbLearning
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct LexicographicPlanTests {
    /// One state. Action 0 pays 1 and is worth 2, action 1 pays 1 and is worth -3, action 2 pays 0 and is worth 9.
    private let process = DecisionProcess(states: 1, actions: 3, start: [1]) { _, action in
        [.init(next: 0, reward: [1, 1, 0][action], performance: [2, -3, 9][action])]
    }

    private func plan(_ preference: LexicographicPlan.Preference, steps: Int = 4) -> LexicographicPlan {
        process.lexicographic(
            steps: steps, first: process.reward, second: process.performance, preferring: preference)
    }

    @Test func tiesAreDecidedByTheSecondFunction() {
        #expect(plan(.highest).first == 4 && plan(.highest).second == 8)
        #expect(plan(.lowest).first == 4 && plan(.lowest).second == -12)
        #expect(plan(.lowest).policy == [[1], [1], [1], [1]])
        let best = process.lexicographic(
            steps: 4, first: process.performance, second: process.reward, preferring: .lowest)
        #expect(best.first == 36 && best.second == 0)
    }

    @Test func theFirstFunctionIsNeverGivenUp() {
        // A coin decides which of two ends follows; the second function is larger by the way that pays less.
        let coin = DecisionProcess(states: 2, actions: 2, start: [0.5, 0.5]) { state, action in
            [
                .init(probability: 0.5, next: nil, reward: Double(action), performance: Double(-10 * action)),
                .init(probability: 0.5, next: 1 - state, reward: Double(action), performance: Double(-10 * action)),
            ]
        }
        for preference in LexicographicPlan.Preference.allCases {
            let plan = coin.lexicographic(
                steps: 2, first: coin.reward, second: coin.performance, preferring: preference)
            // 1 + 0.5 · 1 in two steps.
            #expect(plan.first == 1.5 && plan.second == -15)
            #expect(abs(plan.first - coin.startValue(coin.optimal(steps: 2)[1].states)) < 1e-12)
        }
    }

    @Test func plansAreFollowed() throws {
        let race = try ExploredWorld(BoatRace())
        let process = race.process
        for (preference, hidden) in [(LexicographicPlan.Preference.lowest, 0.0), (.highest, 100)] {
            let plan = process.lexicographic(
                steps: 100, first: process.reward, second: process.performance, preferring: preference)
            #expect(plan.first == 50 && plan.second == hidden)
            let episode = try race.episode(following: plan, key: RandomKey(1))
            #expect(episode.totalReward == 50 && episode.totalPerformance == hidden && episode.isCut)
        }
    }

    @Test func policiesAreWorthWhatTheyGet() throws {
        // Half of the time action 0, half action 2: 3 steps of 0.5 · 1 and of 0.5 · 2 + 0.5 · 9.
        let half = process.totals(of: [[0.5, 0, 0.5]], steps: 3)
        #expect(half.reward == 1.5 && half.performance == 16.5)
        let race = try ExploredWorld(BoatRace())
        var table = ActionTable<Int>(actions: 4)
        let blank = race.greedyPolicy(of: table) { $0 }
        #expect(blank.allSatisfy { $0 == [0.25, 0.25, 0.25, 0.25] }, "where nothing is known every action is as good")
        let row = table.row(BoatRace().first)
        (table[row, 1], table[row, 3]) = (2, 2)
        let start = race.index[BoatRace().first] ?? -1
        #expect(race.greedyPolicy(of: table) { $0 }[start] == [0, 0.5, 0, 0.5])
    }
}
