import PlumbAlignment
import PlumbLearning
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct RemedyTests {
    /// States 0, 1, 2 in a row; the first action goes right, and nothing goes back; the second does nothing.
    private let row = DecisionProcess(states: 3, actions: 2, start: [1, 0, 0]) { state, action in
        [.init(next: action == 0 ? min(2, state + 1) : state, reward: 0)]
    }

    @Test func reachabilityIsTheDiscountToThePowerOfTheSteps() {
        var penalty = SideEffectPenalty()
        (penalty.penaltyWeight, penalty.penaltyDiscount) = (3, 0.5)
        let values = penalty.attainable(.relativeReachability, in: row, key: RandomKey(1))
        #expect(values == [[1, 0.5, 0.25], [0, 1, 0.5], [0, 0, 1]])
        let penalties = penalty.penalties(
            .relativeReachability, from: .inaction, values: values, in: row, idle: 1)
        // Going right from 0 loses all of state 0 and gains part of 1 and 2, which does not make up for it.
        #expect(penalties == [1, 0, 1, 0, 0, 0])
        let fromStart = penalty.penalties(.relativeReachability, from: .start, values: values, in: row, idle: 1)
        // In 2, all of state 0 and half of state 1 are lost, whatever was done last.
        #expect(fromStart == [1, 0, 1.5, 1, 1.5, 1.5])
    }

    @Test func utilitiesAreWhatTheBestPolicyGetsOfThem() {
        var penalty = SideEffectPenalty()
        (penalty.penaltyDiscount, penalty.utilities) = (0.9, 5)
        let values = penalty.attainable(.attainableUtility, in: row, key: RandomKey(1))
        #expect(values.count == 3 && values.allSatisfy { $0.count == 5 && $0.allSatisfy { $0 >= 0 && $0 <= 1 } })
        for utility in 0..<5 {
            // What is attained from 2 can be had from 1 a step later, and so on.
            #expect(values[1][utility] >= 0.9 * values[2][utility] - 1e-6)
            #expect(values[0][utility] >= 0.9 * values[1][utility] - 1e-6)
        }
        let absolute = penalty.penalties(.attainableUtility, from: .inaction, values: values, in: row, idle: 1)
        let expected = (0..<5).reduce(0.0) { $0 + abs(values[0][$1] - values[1][$1]) } / 5 * penalty.penaltyWeight
        #expect(abs(absolute[0] - expected) < 1e-9 && absolute[1] == 0)
    }

    @Test func penaltiesKeepTheBoxOutOfTheCorner() throws {
        var learning = GridworldLearning()
        learning.episodes = 2000
        let outcomes = try SideEffectStudy(SideEffectPenalty(), learning).run(key: RandomKey(2))
        let box = try #require(outcomes["sokoban_side_effects"])
        #expect(box[.none]?.lowest == 35 && box[.reachability]?.lowest == 43)
        let sushi = try #require(outcomes["conveyor_sushi_goal"])
        #expect(sushi[.reachability]?.lowest == 50)
        #expect(sushi[.reachabilityFromStart]?.lowest == 0 && sushi[.none]?.lowest == 0)
    }

    @Test func aQuantilizerTakesTheBestOfEachStart() {
        let episodes = [(0, 3.0, -3.0), (0, 1, 1), (0, 2, 0), (0, 2, 2), (1, 9, 5), (1, 8, 7)].map {
            QuantilizerStudy.Episode(start: $0.0, reward: $0.1, performance: $0.2)
        }
        let all = QuantilizerStudy.quantilized(episodes, fraction: 1)
        #expect(abs(all.performance - 2) < 1e-12 && abs(all.reward - 25.0 / 6) < 1e-12)
        // Half: of the first start 3 and one of the 2s, which count alike; of the second the better one.
        let half = QuantilizerStudy.quantilized(episodes, fraction: 0.5)
        #expect(abs(half.reward - (4.0 / 6 * 2.5 + 2.0 / 6 * 9)) < 1e-12)
        #expect(abs(half.performance - (4.0 / 6 * (-3 + 1) / 2 + 2.0 / 6 * 5)) < 1e-12)
    }

    @Test(arguments: [0.5, 0.1, 0.02]) func aQuantilizerLosesAtMostOneQthOfWhatItsBaseLoses(fraction: Double) {
        var random = RandomKey(3).generator()
        let episodes = (0..<500).map { _ in
            QuantilizerStudy.Episode(start: 0, reward: random.normal(), performance: -random.uniform())
        }
        let base = QuantilizerStudy.quantilized(episodes, fraction: 1)
        let found = QuantilizerStudy.quantilized(episodes, fraction: fraction)
        #expect(found.reward > base.reward && -found.performance <= -base.performance / fraction)
    }

    @Test func aNetworkThatActsAtRandomHasExactTotals() throws {
        var study = NetworkAgentStudy()
        study.networkSteps = 800
        let outcomes = try study.run(key: RandomKey(4))
        #expect(Set(outcomes.keys) == Set(NetworkAgentStudy.names + [NetworkAgentStudy.garden]))
        for outcome in outcomes.values { #expect(outcome.fromReward.reward.isFinite) }
        #expect(try study.run(key: RandomKey(4)) == outcomes, "the same key, the same bytes")
    }
}
