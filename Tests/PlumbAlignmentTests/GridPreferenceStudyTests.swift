import Foundation
import PlumbAlignment
import PlumbLearning
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct GridPreferenceStudyTests {
    private var study: GridPreferenceStudy {
        var study = GridPreferenceStudy()
        (study.rows, study.columns, study.rounds, study.freshQuestions) = (5, 5, 3, 200)
        (study.learning.hidden, study.learning.steps) = ([16], 60)
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
        #expect(task.path(of: right, from: 5) == [5, 6, 7, 8, 9])
        let up = [Int](repeating: SlipperyGrid.Action.up.rawValue, count: 25)
        #expect(task.path(of: up, from: 11) == [11, 6, 1])
    }
}
