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

    /// Answers of somebody who wants to be low: what is held back is foretold, unless the answers are dealt out anew.
    @Test func answersHeldBackAreForetold() throws {
        let study = study
        var answers = (0..<80).map { index in
            let (first, second) = study.question(index, key: RandomKey(5))
            let rows = [first, second].map { $0.reduce(0) { $0 + $1 / 5 } }
            return Comparison(first, second, mu: rows[0] == rows[1] ? 0.5 : rows[0] > rows[1] ? 1 : 0)
        }
        answers[7].mu = nil
        var parts: [Double] = []
        let learned = try study.learn(from: answers, key: RandomKey(1)) { parts.append($0) }
        #expect(parts.count == 11 && parts.last == 1)
        #expect(learned.agreement.indices.filter { learned.agreement[$0] == nil } == [7])
        let (agreed, guessed) = (learned.agreement.compactMap { $0 }, learned.shuffledAgreement.compactMap { $0 })
        #expect(agreed.count == 79 && Statistics.mean(agreed) > 0.85)
        #expect(abs(Statistics.mean(guessed) - 0.5) < 0.2)
        for column in 0..<5 { #expect(learned.reward[20 + column] > learned.reward[column]) }
        #expect(study.floor.path(of: learned.plan, from: 2).last.map { $0 / 5 } == 4)
        let again = try study.learn(from: answers, key: RandomKey(1))
        #expect(again.reward == learned.reward && again.agreement == learned.agreement)
    }
}
