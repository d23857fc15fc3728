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

    @Test func eachStageIsDatedByItsOwnCurve() {
        let found = stages(
            memorized: 10, restricted: [4, 3, 1, 1, 0, 0], excluded: [4, 1, 1, 3, 3, 3], test: [5, 9, 9, 9, 1, 0])
        #expect(found.restrictedLossFalls == 30 && found.excludedLossRises == 40 && found.testLossFalls == 50)
        #expect(found.circuitFormed == 40 && found.inOrder == 3)
    }

    @Test func aDateIsWhereACurveStaysToTheEnd() {
        let found = stages(
            memorized: 10, restricted: [4, 1, 3, 1, 1, 1], excluded: [1, 3, 3, 3, 1, 3], test: [9, 1, 9, 1, 1, 9])
        #expect(found.restrictedLossFalls == 40, "it was above the level again at 30")
        #expect(found.excludedLossRises == 60 && found.testLossFalls == nil)
        #expect(found.inOrder == 2)
    }

    @Test func aCurveThatWasAlwaysBeyondTheLevelHasNoDate() {
        let found = stages(memorized: 10, restricted: [1, 1], excluded: [3, 3], test: [1, .nan])
        #expect(found.restrictedLossFalls == nil && found.excludedLossRises == nil && found.testLossFalls == nil)
        #expect(found.circuitFormed == nil && found.inOrder == 1)
    }

    @Test func stagesOutOfOrderDoNotCount() {
        let (restricted, excluded, test) = ([4.0, 4, 1, 1], [1.0, 3, 3, 3], [9.0, 9, 9, 1])
        #expect(stages(memorized: 10, restricted: restricted, excluded: excluded, test: test).inOrder == 3)
        #expect(stages(memorized: 20, restricted: restricted, excluded: excluded, test: test).inOrder == 1)
        #expect(stages(memorized: 10, restricted: restricted, excluded: excluded, test: [9, 9, 1, 1]).inOrder == 2)
        #expect(stages(memorized: nil, restricted: restricted, excluded: excluded, test: test).inOrder == 0)
    }
}
