import Foundation
import PlumbAlignment
import PlumbLearning
import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct GridPreferenceStudyTests {
    private var study: GridPreferenceStudy {
        var study = GridPreferenceStudy()
        (study.size, study.rounds) = (5, 3)
        (study.learning.members, study.learning.hidden, study.learning.steps) = (3, [16], 60)
        (study.learning.learningRate, study.learning.weightDecay) = (0.002, 0)
        return study
    }

    @Test func featuresAreTheCoordinatesAndTheirProducts() {
        let study = study
        #expect(study.features(of: 0) == [-1, -1, 1, 1, 1])
        #expect(study.features(of: 12) == [0, 0, 0, 0, 0])
        #expect(study.features(of: 9) == [1, -0.5, 1, 0.25, -0.5])
    }

    @Test func aRunIsAFunctionOfItsKeyAndEndsAfterItsRounds() throws {
        var parts: [Double] = []
        let outcome = try study.run(.init(40), key: RandomKey(1)) { parts.append($0) }
        #expect(parts == [1.0 / 3, 2.0 / 3, 1] && outcome.returns.count == 3)
        #expect(outcome.normalizedReturn == outcome.returns.last && outcome.normalizedReturn <= 1 + 1e-9)
        #expect(outcome.ceiling >= 0.5 && outcome.reward.count == 25 && outcome.plan.count == 25)
        let again = try study.run(.init(40), key: RandomKey(1))
        #expect(again.reward == outcome.reward && again.agreement == outcome.agreement)
        let shuffled = try study.run(.init(40, isShuffled: true), key: RandomKey(1))
        #expect(shuffled.reward != outcome.reward)
    }

    @Test func aRunCanBeStopped() {
        struct Stop: Error {}
        #expect(throws: Stop.self) { try study.run(.init(40), key: RandomKey(1)) { _ in throw Stop() } }
    }

    @Test func pathsEndWhereTheyWouldRepeat() {
        let task = study.task(key: RandomKey(1))
        // Always right, then always up.
        let right = [Int](repeating: SlipperyGrid.Action.right.rawValue, count: 25)
        #expect(task.grid.path(of: right, from: 5) == [5, 6, 7, 8, 9])
        let up = [Int](repeating: SlipperyGrid.Action.up.rawValue, count: 25)
        #expect(task.grid.path(of: up, from: 11) == [11, 6, 1])
    }

    @Test func questionsAreWalksFromCellToCell() {
        let study = study
        let key = RandomKey(3)
        var seen: Set<[Int]> = []
        for index in 0..<20 {
            let (first, second) = study.question(index, key: key)
            #expect(study.question(index, key: key) == (first, second))
            for walk in [first, second] {
                #expect(walk.count == study.segmentLength && walk.allSatisfy { (0..<25).contains($0) })
                for (here, next) in zip(walk, walk.dropFirst()) {
                    #expect(abs(here / 5 - next / 5) + abs(here % 5 - next % 5) <= 1)
                }
                seen.insert(walk)
            }
        }
        #expect(seen.count == 40)
    }

    /// Answers of somebody who wants to be low; one question is skipped.
    private var answers: [Comparison<Int>] {
        var answers = (0..<80).map { index in
            let (first, second) = study.question(index, key: RandomKey(5))
            let rows = [first, second].map { $0.reduce(0) { $0 + $1 / 5 } }
            return Comparison(first, second, mu: rows[0] == rows[1] ? 0.5 : rows[0] > rows[1] ? 1 : 0)
        }
        answers[7].mu = nil
        return answers
    }

    @Test func answersHeldOutArePredictedUnlessAnswersAreShuffled() throws {
        let (study, answers) = (study, answers)
        let learned = try study.learn(from: answers, key: RandomKey(1))
        #expect(learned.agreement.indices.filter { learned.agreement[$0] == nil } == [7])
        let (agreed, guessed) = (learned.agreement.compactMap { $0 }, learned.shuffledAgreement.compactMap { $0 })
        #expect(agreed.count == 79 && Statistics.mean(agreed) > 0.85)
        #expect(abs(Statistics.mean(guessed) - 0.5) < 0.2)
        for column in 0..<5 { #expect(learned.reward[20 + column] > learned.reward[column]) }
        #expect(study.floor.path(of: learned.plan, from: 2).last.map { $0 / 5 } == 4)
        let again = try study.learn(from: answers, key: RandomKey(1))
        #expect(again.reward == learned.reward && again.agreement == learned.agreement)
    }

    @Test func conditionsAreNamedAndMeasuredSeedBySeed() throws {
        var study = study
        (study.comparisons, study.shuffledComparisons) = ([12, 6], 9)
        let conditions = study.conditions
        #expect(conditions.count == 8 && Set(conditions).count == 8)
        let names = conditions.map { study.quantity(.normalizedReturn, $0).name }
        #expect(
            names == [
                "return_active_12", "return_random_12", "return_noisy_12", "return_active_6", "return_random_6",
                "return_noisy_6", "return_shuffled", "return_coin",
            ])
        #expect(study.quantity(.agreement, study.active(12)).name == "agreement")
        #expect(study.quantity(.agreement, study.active(6)).name == "agreement_active_6")
        #expect(study.quantity(.rankCorrelation, study.shuffled).name == "rank_correlation_shuffled")
        func outcome(_ condition: GridPreferenceStudy.Condition, _ value: Double) -> GridPreferenceStudy.Outcome {
            .init(
                condition, returns: [value], rankCorrelation: 0.1, agreement: 0.6, ceiling: 0.8, reward: [], plan: [])
        }
        // By seed: chosen questions are ahead by 0.5 and 0.1, and by 0.25 and -0.25.
        let values = [[0.9, 0.4, 0, 0.3, 0.2, 0, -1, -2], [0.5, 0.25, 0, 0.25, 0.5, 0, -3, -4]]
        var measured = Measurements(seeds: [1, 2])
        study.measure(values.map { zip(conditions, $0).map(outcome) }, into: &measured)
        #expect(measured[study.quantity(.normalizedReturn, study.coin)] == [-2, -4])
        let ratios = measured[study.quantity(.relativeAgreement, study.shuffled)]
        #expect(ratios.count == 2 && ratios.allSatisfy { abs($0 - 0.75) < 1e-12 })
        let advantage = measured[GridPreferenceStudy.advantage]
        #expect(abs(advantage[0] - 0.3) < 1e-12 && abs(advantage[1]) < 1e-12)
    }

    @Test func aSeedRunsEveryConditionInOneWorld() throws {
        var study = study
        (study.comparisons, study.shuffledComparisons, study.learning.steps) = ([6], 6, 5)
        let outcomes = try study.run(key: RandomKey(2))
        #expect(outcomes.map(\.condition) == study.conditions)
        #expect(try study.run(study.coin, key: RandomKey(2)).reward == outcomes.last?.reward)
        let figure = study.rewards(outcomes, key: RandomKey(2))
        // The fewest comparisons are the most here.
        #expect(
            figure.panels.count == 4 && figure.panels.allSatisfy { $0.rows.count == 5 && $0.path.first == .init(0, 0) })
        #expect(figure.panels[0].values?.joined().min() == 0 && figure.panels[0].values?.joined().max() == 1)
    }

    @Test func answersAreMeasuredOverSeedsAndSkippedOnesAreLeftOut() {
        let study = study
        func learned(_ agreement: [Double?], reward: Double) -> GridPreferenceStudy.Learned {
            .init(
                agreement: agreement, shuffledAgreement: agreement.map { _ in 0.5 },
                reward: [Double](repeating: reward, count: 25), plan: [Int](repeating: 0, count: 25))
        }
        let answers = [1, nil, 0.5, 0].map { Comparison([0], [1], mu: $0) }
        let results = AnswerResults(
            study, answers: answers,
            learned: [learned([1, nil, 0.5, 0], reward: 1), learned([1, nil, 0.5, 1], reward: 2)])
        var measured = Measurements(seeds: [1, 2])
        results.measure(&measured)
        #expect(
            measured[AnswerResults.agreement] == [1, 0.5, 0.5] && results.reward == Array(repeating: 1.5, count: 25))
        // Fewer than eight answers have no interval.
        #expect(measured.mean(AnswerResults.lowerEnd) == 2.0 / 3)
        #expect(results.metrics(measured).suffix(2).map(\.value) == [4, 1])
    }

    @Test func theClaimAboutAnswersIsAboutTheLowerEndOfTheirInterval() {
        func result(_ agreement: [Double]) -> ClaimResult {
            let answers = agreement.map { _ in Comparison([0], [1], mu: 1) }
            let learned = GridPreferenceStudy.Learned(
                agreement: agreement, shuffledAgreement: agreement.map { _ in 0.5 }, reward: [], plan: [])
            var measured = Measurements(seeds: [1])
            AnswerResults(study, answers: answers, learned: [learned]).measure(&measured)
            return AnswerResults.claim.result(measured)
        }
        // 60 % of 20 answers are not surely more than half; of 1000 they are.
        let few = (0..<20).map { $0 % 5 < 3 ? 1.0 : 0 }
        #expect(result(few).holds == false)
        #expect(result((0..<1000).map { $0 % 5 < 3 ? 1.0 : 0 }).holds == true)
        // Answers that are all predicted have an interval of no width.
        let all = result([Double](repeating: 1, count: 20))
        #expect(all.holds == true && all.observed == 1)
    }
}
