import PlumbAlignment
import PlumbLearning
import PlumbRecords
import PlumbTensor
import Testing

/// Training, what is measured of a trained layer, and which settings are refused.
@Suite struct MesaStudyTests {
    private let tasks = InContextRegression(inputs: 4, examples: 6)

    @Test func aShortTrainingFindsTheStepAndShuffledTargetsDoNot() throws {
        var study = MesaStudy()
        study.tasks = InContextRegression(inputs: 3, examples: 8)
        (study.steps, study.patience, study.finalSteps) = (960, 0, 240)
        (study.batch, study.testTasks) = (256, 8192)
        let trained = try study.run(key: RandomKey(7), test: RandomKey(8))
        #expect(trained.test.cosine > 0.98, "\(trained.test)")
        #expect(abs(trained.test.halfLoss / trained.test.stepHalfLoss - 1) < 0.05)
        #expect(trained.stepError(on: study.tasks) < 0.15 && trained.lossError(on: study.tasks) < 0.1)
        #expect(trained.scaleError < 0.3 && trained.mixingError < 0.1 && !trained.isStuck)
        #expect(trained.losses.count == 1200 && trained.evaluations.last?.step == 1200)
        #expect(trained.mixedLosses.count == 5 && trained.scaled.count == MesaStudy.scales.count)
        let control = try study.run(shufflesTargets: true, key: RandomKey(7), test: RandomKey(8))
        #expect(control.test.halfLoss > 0.9 * study.tasks.zeroHalfLoss)
        #expect(control.test.predictionDifference > 0.1 * trained.test.stepHalfLoss.squareRoot())
        #expect(control.lossError(on: study.tasks) > 0.5 && control.stepError(on: study.tasks) > 0.5)
        #expect(control.scaleError > 0.5)
    }

    @Test func aLayerThatStaysAtAHighLossIsReplacedAndCounted() throws {
        var study = MesaStudy()
        (study.tasks, study.steps, study.batch, study.testTasks) = (tasks, 5, 32, 64)
        (study.patience, study.finalSteps) = (0, 0)
        study.initializations = 3
        let outcome = try study.run(key: RandomKey(11), test: RandomKey(12))
        #expect(outcome.replaced.count == 2 && outcome.isStuck && outcome.losses.count == 5)
        let control = try study.run(shufflesTargets: true, key: RandomKey(11), test: RandomKey(12))
        #expect(control.replaced.isEmpty && control.isStuck)
        let tries = MesaStudy.Initializations(of: [outcome, control])
        #expect(tries.all == 4 && tries.stuck == 4 && tries.replaced == 2)
        #expect(tries.readsTarget == (outcome.replaced[0].readsTarget + outcome.replaced[1].readsTarget) / 2)
        let none = MesaStudy.Initializations(of: [control])
        #expect(none.replaced == 0 && none.readsTarget.isNaN)
    }

    @Test func trainingEndsWhenTheLossReachesNoNewLowOrHasNotConverged() throws {
        var study = MesaStudy()
        (study.tasks, study.batch, study.testTasks) = (InContextRegression(inputs: 2, examples: 4), 16, 64)
        (study.steps, study.patience, study.finalSteps, study.learningRate) = (20_000, 200, 30, 0.01)
        let outcome = try study.run(key: RandomKey(15), test: RandomKey(16))
        let measured = outcome.evaluations.filter { $0.step <= outcome.losses.count - 30 }
        let losses = measured.map { $0[MesaStudy.Measure.testLoss] }
        #expect(outcome.isConverged && outcome.losses.count < 20_000)
        #expect(losses.firstIndex(of: losses.min() ?? .nan) == losses.count - 3, "two measurements without a new low")
        #expect(outcome.evaluations.last?.step == outcome.losses.count)
        study.steps = 200
        #expect(try !study.run(key: RandomKey(15), test: RandomKey(16)).isConverged, "one measurement too few")
        let control = try study.matching(outcome).run(
            shufflesTargets: true, key: RandomKey(15), test: RandomKey(16))
        #expect(control.losses.count == outcome.losses.count && control.isConverged)
    }

    @Test func theLossCurveHasTheMeansOfNeighboringSteps() throws {
        var study = MesaStudy()
        (study.tasks, study.steps, study.batch, study.testTasks) = (tasks, 5, 8, 16)
        (study.patience, study.finalSteps) = (0, 0)
        let outcome = try study.run(shufflesTargets: true, key: RandomKey(13), test: RandomKey(14))
        let losses = outcome.losses.map(Double.init)
        let (steps, means) = outcome.lossCurve(width: 2)
        #expect(steps == [2, 4, 5])
        #expect(means == [(losses[0] + losses[1]) / 2, (losses[2] + losses[3]) / 2, losses[4]])
        #expect(outcome.lossCurve(width: 1).losses == losses)
    }

    @Test func settingsThatDoNotFitAreRefused() throws {
        func refusal(_ change: (inout MesaStudy) -> Void) -> String {
            var study = MesaStudy()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        try MesaStudy().check()
        #expect(refusal { $0.patience = 150 }.contains("--patience 150"))
        #expect(refusal { ($0.batch, $0.tasks.inputs) = (1 << 20, 64) }.contains("--batch 1048576 times --inputs 64"))
    }

    @Test func theTableOfWeightsNamesInputsAndTarget() {
        let table = EffectiveAttention(stepSize: 0.5, inputs: 2).matchingTable("weights", title: "Weights")
        #expect(table.rows == ["x1", "x2", "y"] && table.columns == ["x1", "x2"])
        #expect(table.values == [[0.5, 0], [0, 0.5], [0, 0]])
    }
}
