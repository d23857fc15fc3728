import Foundation
import PlumbTensor
import Testing

@testable import PlumbInterpretability

@Suite struct ExplanationScoreTests {
    private let records = [
        ActivationRecord(tokens: ["a", "b", "c"], activations: [0, 4, 0]),
        ActivationRecord(tokens: ["d", "e"], activations: [2, -1]),
    ]

    @Test func levelsAreRoundedDownAndNeverNegative() {
        #expect(records[0].levels(most: 4) == [0, 10, 0])
        #expect(records[1].levels(most: 4) == [5, 0])
        #expect(ActivationRecord(tokens: ["x"], activations: [3.99]).levels(most: 4) == [9])
        #expect(records[0].levels(most: 0) == [0, 0, 0])
    }

    @Test func anOracleScoresOne() {
        let score = SimulationScore(simulated: records.map(\.activations), records: records)
        #expect(abs(score.correlation - 1) < 1e-12 && score.rSquared == 1 && score.absoluteDeviationExplained == 1)
    }

    @Test func scoresAreThoseWorkedByHand() {
        // Errors 1, 2, 1, 0, 1: squares 7 of 21, deviations 5 of 7.
        let score = SimulationScore(simulated: [[1, 2, 1], [2, 0]], records: records)
        #expect(abs(score.rSquared - (1 - 7.0 / 21)) < 1e-12)
        #expect(abs(score.absoluteDeviationExplained - (1 - 5.0 / 7)) < 1e-12)
    }

    @Test func aSimulationThatIsTheSameEverywhereScoresNothing() {
        #expect(SimulationScore(simulated: [[3, 3, 3], [3, 3]], records: records).correlation == 0)
        let flat = [ActivationRecord(tokens: ["a", "b"], activations: [1, 1])]
        #expect(SimulationScore(simulated: [[0, 1]], records: flat).correlation.isNaN)
    }

    @Test func calibrationUndoesALinearMapAndLeavesTheCorrelation() {
        let simulated = records.map { $0.activations.map { 3 - 2 * $0 } }
        let calibration = SimulationCalibration(simulated: simulated, records: records)
        #expect(abs(calibration.slope + 0.5) < 1e-12 && abs(calibration.offset - 1.5) < 1e-12)
        #expect(abs(SimulationScore(simulated: calibration(simulated), records: records).rSquared - 1) < 1e-12)
        let flat = SimulationCalibration(simulated: [[1, 1, 1], [1, 1]], records: records)
        #expect(flat.slope == 0 && flat.offset == 1)
    }

    @Test func exchangedActivationsAreTheSameNumbersElsewhere() {
        let mixed = records.exchangingActivations(key: RandomKey(2))
        #expect(mixed.map(\.tokens) == records.map(\.tokens))
        #expect(mixed.flatMap(\.activations).sorted() == records.flatMap(\.activations).sorted())
    }

    @Test func excerptsAreChosenByTheirPeaks() {
        let many = (0..<12).map { ActivationRecord(tokens: ["\($0)"], activations: [Double($0 % 6)]) }
        #expect(many.top(3).map(\.tokens) == [["5"], ["11"], ["4"]])
        let parts = many.quantiles(3, each: 2, key: RandomKey(1))
        #expect(parts.map(\.count) == [2, 2, 2])
        #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.map(\.peak).min() ?? 0 > $1.map(\.peak).max() ?? 9 })
        #expect(Set(many.drawn(12, key: RandomKey(3)).map(\.tokens)).count == 12)
    }

    @Test func tokenMeansFallBackToTheMeanOfAll() {
        let means = TokenMeans([ActivationRecord(tokens: ["a", "b", "a"], activations: [1, 6, 5])])
        #expect(means.simulate(["a", "b", "z"]) == [3, 6, 4])
    }

    @Test func detectionTellsActiveTextsFromOthers() {
        let texts = [[0, 9], [10, 0], [1, 0], [0, 0], [4, 0]].map {
            ActivationRecord(tokens: ["x", "y"], activations: $0)
        }
        #expect(Detection.labels(texts) == [true, true, false, false, nil])
        #expect(Detection.score(simulated: texts.map(\.activations), records: texts) == 1)
        #expect(Detection.score(simulated: texts.map { $0.activations.map { -$0 } }, records: texts) <= 0.5)
        #expect(Detection.score(simulated: [[1, 1], [0, 0], [1, 0], [0, 0], [0, 0]], records: texts) == 0.5)
        #expect(Detection.score(simulated: texts.map { _ in [7, 7] }, records: texts) == 0.5)
    }

    @Test func fuzzingMarksAsManyWrongTokensAsRightOnes() {
        let texts = [ActivationRecord(tokens: ["a", "b", "c", "d"], activations: [8, 0, 1, 0])]
        let items = Detection.markedTexts(texts, key: RandomKey(5))
        #expect(items.map(\.isRight) == [true, false] && items[0].marked == [0])
        #expect(items[1].marked.count == 1 && items[1].marked[0] > 0)
        #expect(Detection.fuzzingScore(simulated: [[5, 0, 0, 0]], records: texts, key: RandomKey(5)) == 1)
        #expect(Detection.fuzzingScore(simulated: [[0, 5, 5, 5]], records: texts, key: RandomKey(5)) == 0)
    }

    @Test func balancedAccuracyWeighsBothKindsAlike() {
        #expect(Detection.balancedAccuracy([true, true, false, true], truth: [true, true, true, false]) == 1.0 / 3)
        #expect(Detection.balancedAccuracy([true], truth: [true]).isNaN)
    }

    @Test func aSentenceNeedsALanguageModel() {
        #expect(throws: ExplanationError.self) {
            try DirectSimulator().simulate(.sentence("numbers"), tokens: ["1"])
        }
    }

    @Test func divergenceIsZeroForEqualAndLogTwoForDisjointDistributions() {
        #expect(SimulatedAblation.divergence([0.25, 0.75], [0.25, 0.75]) == 0)
        #expect(abs(SimulatedAblation.divergence([1, 0], [0, 1]) - log(2)) < 1e-12)
    }
}
