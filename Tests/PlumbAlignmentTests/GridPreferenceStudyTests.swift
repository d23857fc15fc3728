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
        (study.size, study.rounds, study.places, study.policySteps) = (5, 3, [4, 4, 2, 2, 0, 4], 512)
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
        study.comparisons = [12, 6]
        let conditions = study.conditions
        #expect(Set(conditions).count == conditions.count)
        let names = conditions.map { study.quantity(.normalizedReturn, $0).name }
        #expect(
            names == [
                "return_active_12", "return_random_12", "return_shuffled_12", "return_active_6", "return_random_6",
                "return_shuffled_6", "return_noisy_12", "return_learned_active_12", "return_learned_shuffled_12",
                "return_learned_hidden",
            ])
        #expect(study.quantity(.agreement, study.active(12)).name == "agreement")
        #expect(study.quantity(.agreement, study.active(6)).name == "agreement_active_6")
        #expect(study.quantity(.rankCorrelation, study.shuffled(6)).name == "rank_correlation_shuffled_6")
        func outcome(_ condition: GridPreferenceStudy.Condition, _ value: Double) -> GridPreferenceStudy.Outcome {
            .init(
                condition, returns: [value], rankCorrelation: 0.1, agreement: 0.6, ceiling: 0.8, reward: [], plan: [])
        }
        // With two numbers of comparisons the area is the mean of two returns.
        let values = [[0.9, 0.4, 0, 0.3, 0.2, -0.2, 0, 0.6, 0.2, 0.8], [0.5, 0.25, 0, 0.25, 0.5, 0, 0, 0.4, 0, 1]]
        var measured = Measurements(seeds: [1, 2])
        study.measure(values.map { zip(conditions, $0).map(outcome) }, into: &measured)
        func expect(_ quantity: Quantity, _ values: [Double]) {
            #expect(zip(measured[quantity], values).allSatisfy { abs($0 - $1) < 1e-12 } && !values.isEmpty)
        }
        expect(study.quantity(.relativeAgreement, study.shuffled(6)), [0.75, 0.75])
        expect(PreferenceCurves.activeArea, [0.6, 0.375])
        expect(PreferenceCurves.advantage, [0.3, 0])
        expect(PreferenceCurves.overShuffled, [0.7, 0.375])
        expect(PreferenceCurves.gain, [0.6, 0.25])
        expect(PreferenceCurves.shuffledGain, [0.2, 0])
        expect(PreferenceCurves.ofHidden, [0.75, 0.4])
        expect(PreferenceCurves.shuffledOfHidden, [0.25, 0])
        // The difference of 0.3 in one seed is as likely with the other sign.
        expect(PreferenceCurves.advantageP, [1])
        // The reference has neither of these numbers of comparisons.
        #expect(measured[PreferenceCurves.pointsMet].isEmpty)
    }

    @Test func theAreaOfACurveIsOverTheLogarithmOfItsPlaces() {
        #expect(abs(PreferenceCurves.area([10, 100, 1000], [0, 1, 0]) - 0.5) < 1e-12)
        // Half of the axis is from 1 to 10 and the other half from 10 to 100.
        #expect(abs(PreferenceCurves.area([1, 10, 100], [0.2, 0.2, 0.6]) - 0.3) < 1e-12)
        #expect(PreferenceCurves.area([24], [1]).isNaN)
    }

    @Test func distancesAreInStandardErrorsOfTheDifferenceOfTwoMeans() {
        // Six values of deviation 1 against a mean of six: the error of the difference is the root of 1/3.
        let values = [-1.0, 1, -1, 1, -1, 1].map { $0 * (5.0 / 6).squareRoot() }
        #expect(abs(PreferenceCurves.distance(values, from: 1) - 3.0.squareRoot()) < 1e-9)
        // Values that do not vary are not infinitely far from others.
        #expect(abs(PreferenceCurves.distance([1, 1, 1, 1, 1, 1], from: 0.99) - 3.0.squareRoot()) < 1e-9)
    }

    @Test func aPolicyLearnsByPPOFromTheHiddenReward() throws {
        var study = study
        study.policySteps = 16_384
        let policy = try study.run(study.hiddenReward, key: RandomKey(1))
        #expect(policy.normalizedReturn > 0.6 && policy.normalizedReturn <= 1 + 1e-9)
        #expect(policy.rankCorrelation == 1 && policy.agreement == policy.ceiling)
    }

    @Test func placesAreTheSameForAllSeedsUnlessTheyAreDrawn() {
        var study = study
        #expect(study.task(key: RandomKey(1)).grid.reward == study.task(key: RandomKey(2)).grid.reward)
        #expect(study.task(key: RandomKey(1)).grid.startCells == [0])
        (study.places, study.startsInCorner) = ([], false)
        #expect(study.task(key: RandomKey(1)).grid.reward != study.task(key: RandomKey(2)).grid.reward)
        #expect(study.task(key: RandomKey(1)).grid.startCells.count == 25)
    }

    @Test func aSeedRunsEveryConditionInOneWorld() throws {
        var study = study
        (study.comparisons, study.learning.steps) = ([6, 9], 5)
        let outcomes = try study.run(key: RandomKey(2))
        #expect(outcomes.map(\.condition) == study.conditions)
        #expect(try study.run(study.random(6), key: RandomKey(2)).reward == outcomes[1].reward)
        let figure = study.rewards(outcomes, key: RandomKey(2))
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
