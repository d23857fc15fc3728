import Foundation
import PlumbLearning
import PlumbModels
import PlumbTensor
import Testing

@testable import PlumbAlignment

@Suite struct RLHFStudyTests {
    private var small: RLHFStudy {
        var study = RLHFStudy()
        (study.languageSteps, study.pairs, study.heldOut, study.choices) = (20, 20, 10, 4)
        (study.rewardSteps, study.rounds, study.texts, study.test) = (4, 2, 8, 8)
        (study.dpoPairs, study.dpoSteps, study.length) = (10, 3, 6)
        return study
    }

    @Test func theLabellerCountsKindsOfWords() throws {
        let task = try small.smallTask(key: RandomKey(1))
        // 8 words of each kind: praise, blame, neither.
        let completion = Completion(prompt: [0], tokens: [0, 7, 8, 16, 23, 1])
        #expect(task.gold(completion) == 2)
        #expect(task.text([0, 9, 17]) == "+0 -1 o1")
        #expect(RLHFTask.sentiment.score("The room was great, not bad; great fun") == 2)
        #expect(RLHFTask.sentiment.weights.values.reduce(0, +).magnitude <= 4, "praise and blame are about as many")
    }

    @Test func theBetterTextOfAPromptIsChosen() throws {
        let study = small
        let task = try study.smallTask(key: RandomKey(1))
        let drawn = try study.comparisons(task, key: RandomKey(2), in: .silent)
        #expect(drawn.pairs.count == 30 && (0..<1).contains(drawn.ties))
        func gold(_ text: ScoredText) -> Double {
            let answer = zip(text.tokens, text.isScored).filter(\.1).map(\.0)
            return task.gold(Completion(prompt: [0], tokens: answer))
        }
        #expect(drawn.pairs.allSatisfy { gold($0.chosen) > gold($0.rejected) })
        #expect(drawn.pairs.allSatisfy { $0.chosen.tokens.first == $0.rejected.tokens.first })
    }

    @Test func exactlyHalfOfTheLabelsAreTurned() throws {
        let study = small
        let task = try study.smallTask(key: RandomKey(1))
        let pairs = try study.comparisons(task, key: RandomKey(2), in: .silent).pairs
        let mixed = RLHFStudy.shuffled(pairs, key: RandomKey(3))
        let turned = zip(pairs, mixed).map { $0 != $1 }
        #expect(turned.count { $0 } == 15)
        for first in stride(from: 0, to: 30, by: 2) { #expect(turned[first] != turned[first + 1]) }
        #expect(zip(pairs, mixed).allSatisfy { $0 == $1 || ($0.chosen == $1.rejected && $0.rejected == $1.chosen) })
    }

    @Test func aLabellerWhoLikesAllTextsEquallyGivesNoComparison() throws {
        let study = small
        let task = try study.smallTask(key: RandomKey(1))
        let indifferent = RLHFTask(policy: task.policy, prompts: task.prompts, gold: { _ in 1 }, text: task.text)
        let error = #expect(throws: FitError.self) {
            _ = try study.comparisons(indifferent, key: RandomKey(2), in: .silent)
        }
        #expect(error?.description.contains("gave only 0 comparisons of 30") == true)
    }

    @Test func aRunIsAFunctionOfItsKey() throws {
        let study = small
        let task = try study.smallTask(key: RandomKey(1))
        let outcome = try study.run(task, key: RandomKey(4))
        #expect(outcome == (try study.run(task, key: RandomKey(4))))
        #expect(outcome.courses.map(\.run) == RLHFStudy.Run.allCases)
        #expect(outcome.courses.allSatisfy { $0.gold.count == 2 && $0.divergences[0] == 0 && $0.divergence > 0 })
        #expect(outcome.samples.count == 3 && outcome.samples[0].count == 4)
        #expect((0...1).contains(outcome.dpo.accuracy) && outcome.dpo.divergence > 0)
    }

    @Test func settingsThatDoNotFitAreRefused() throws {
        var study = small
        study.dpoPairs = 21
        #expect(throws: (any Error).self) { try study.check() }
        study = small
        study.texts = 6
        #expect(throws: (any Error).self) { try study.check() }
        try small.check()
    }
}
