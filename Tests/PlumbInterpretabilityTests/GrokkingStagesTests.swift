@testable import PlumbInterpretability
import Testing

/// Stages of training dated by their own curves, and their order.
@Suite struct GrokkingStagesTests {
    /// Snapshots every ten steps, of a network whose guess has a loss of 4: the level is 2.
    private func stages(
        memorized: Int?, restricted: [Double], excluded: [Double], test: [Double]
    ) -> GrokkingStages {
        let snapshots = restricted.indices.map { index in
            GrokkingProgress.Snapshot(
                step: 10 * (index + 1),
                measures: GrokkingAnalysis.Progress(
                    scores: GrokkingAnalysis.Scores(
                        trainLoss: 0, testLoss: test[index], trainAccuracy: 1, testAccuracy: 0),
                    restrictedLoss: restricted[index], excludedLoss: excluded[index], restrictedLossFromAllPairs: 0,
                    gini: 0))
        }
        return GrokkingStages(memorized: memorized, snapshots: snapshots, guess: 4)
    }

    /// A value for so many snapshots, then another.
    private func step(_ count: Int, _ before: Double, _ after: Double) -> [Double] {
        (0..<20).map { $0 < count ? before : after }
    }

    @Test func eachStageIsDatedByItsOwnCurve() {
        let found = stages(
            memorized: 10, restricted: step(2, 4, 1), excluded: step(3, 1, 3.1), test: step(4, 9, 1))
        #expect(found.restrictedLossFalls == 30 && found.excludedLossRises == 40 && found.testLossFalls == 50)
        #expect(found.circuitFormed == 40 && found.inOrder == 3)
    }

    @Test func aCurveMustStayBeyondItsLevelForFiveSnapshots() {
        var (restricted, test) = (step(5, 4, 1), step(15, 9, 1))
        restricted[2] = 1
        #expect(
            stages(memorized: 10, restricted: restricted, excluded: restricted, test: test).restrictedLossFalls == 60)
        #expect(stages(memorized: 10, restricted: restricted, excluded: restricted, test: test).testLossFalls == 160)
        restricted[8] = 4
        restricted[16] = 4
        let found = stages(memorized: 10, restricted: restricted, excluded: restricted, test: step(16, 9, 1))
        #expect(found.restrictedLossFalls == 100, "a later spike does not matter, one within five does")
        #expect(found.testLossFalls == nil, "there are only four snapshots left")
    }

    @Test func theExcludedLossIsDatedByItsRiseFromItsLowestValueSoFar() {
        // It falls from 4 to 3, and 2 above that is 5.
        let excluded = [4, 3.5, 3, 3, 4.5, 5.1] + [Double](repeating: 6, count: 14)
        let low = step(1, 4, 0)
        #expect(stages(memorized: 10, restricted: low, excluded: excluded, test: low).excludedLossRises == 60)
        let flat = step(1, 4, 3)
        #expect(stages(memorized: 10, restricted: low, excluded: flat, test: low).excludedLossRises == nil)
    }

    @Test func aCurveThatWasAlwaysBeyondTheLevelHasNoDate() {
        let found = stages(memorized: 10, restricted: step(0, 4, 1), excluded: step(0, 4, 3), test: step(20, .nan, 1))
        #expect(found.restrictedLossFalls == nil && found.excludedLossRises == nil && found.testLossFalls == nil)
        #expect(found.circuitFormed == nil && found.inOrder == 1)
    }

    @Test func stagesOutOfOrderDoNotCount() {
        let (restricted, excluded, test) = (step(2, 4, 1), step(1, 1, 4), step(3, 9, 1))
        #expect(stages(memorized: 10, restricted: restricted, excluded: excluded, test: test).inOrder == 3)
        #expect(stages(memorized: 20, restricted: restricted, excluded: excluded, test: test).inOrder == 1)
        #expect(stages(memorized: 10, restricted: restricted, excluded: excluded, test: step(2, 9, 1)).inOrder == 2)
        #expect(stages(memorized: nil, restricted: restricted, excluded: excluded, test: test).inOrder == 0)
    }
}
