@testable import PlumbInterpretability
import PlumbLearning
import PlumbRecords
import PlumbTensor
import Testing

/// Phases dated by rule, shares of frequencies, and a control that differs in its weight decay only.
@Suite struct GrokkingComparisonTests {
    private static let modulus = 11

    private static func model(_ seed: UInt64) -> AdditionTransformer {
        AdditionTransformer(modulus: modulus, width: 16, heads: 2, hidden: 8, key: RandomKey(seed))
    }

    /// An outcome of untrained weights with accuracies and test losses as given, measured every ten steps.
    private func outcome(
        train: [Double] = [0.5], test: [Double] = [0.1], testLoss: [Double] = [1], seed: UInt64 = 1
    ) throws -> GrokkingStudy.Outcome {
        let evaluations = train.indices.map { index in
            FitEvaluation(
                step: 10 * (index + 1),
                values: Measured(of: GrokkingStudy.Measure.self) { measure in
                    switch measure {
                    case .trainAccuracy: train[index]
                    case .testAccuracy: test[index]
                    case .testLoss: testLoss[index]
                    }
                })
        }
        let (model, pairs) = (Self.model(seed), Self.modulus * Self.modulus)
        return GrokkingStudy.Outcome(
            model: model, train: Array(0..<60), test: Array(60..<pairs),
            losses: (0..<200).map { Float(200 - $0) }, evaluations: evaluations,
            snapshots: [(step: 10, model: Self.model(seed + 10)), (step: 20, model: model)])
    }

    @Test func theDelayIsTheRatioOfTheFirstStepsAtWhichBothSetsAreKnown() throws {
        let late = try outcome(
            train: [0.5, 0.99, 0.9, 1, 1, 1], test: [0, 0, 0.1, 0.5, 0.98, 0.995], testLoss: [4, 8, 6, 5, 3, 1])
        let found = try GrokkingComparison(late, control: try outcome())
        #expect(found.memorized == 20 && found.generalized == 60 && found.delay == 3)
        #expect(late.testLossFalls == 50, "half of the highest loss is 4")
        #expect(found.phases.map(\.label) == ["memorized", "cleanup", "generalized"])
        #expect(found.phases.map(\.x) == [20, 50, 60])
    }

    @Test func thereIsNoDelayWhereOneSetIsNeverKnown() throws {
        let control = try outcome()
        let memorized = try GrokkingComparison(
            try outcome(train: [1, 1], test: [0, 0.98], testLoss: [4, 5]), control: control)
        #expect(memorized.memorized == 10 && memorized.generalized == nil && memorized.delay == nil)
        #expect(memorized.phases.map(\.label) == ["memorized"])
        let neither = try GrokkingComparison(control, control: control)
        #expect(neither.memorized == nil && neither.delay == nil)
    }

    @Test func keyAndOtherFrequenciesAreTheStrongestAndTheNext() throws {
        let found = try GrokkingComparison(try outcome(), control: try outcome(seed: 2))
        let order = found.shares.indices.sorted { found.shares[$0] > found.shares[$1] }.map { $0 + 1 }
        let keys = found.keyFrequencies
        #expect(keys == Array(order.prefix(keys.count)) && !keys.isEmpty)
        #expect(abs(found.keyShare - keys.map { found.shares[$0 - 1] }.reduce(0, +)) < 1e-12)
        let strongest = found.controlShares.sorted(by: >).prefix(keys.count).reduce(0, +)
        #expect(found.controlShare == strongest)
        // An untrained network spreads over most of its five frequencies.
        #expect(keys.count > 2 && found.otherFrequencies == nil && found.finalOfOthers == nil)
    }

    @Test func progressIsOfEverySnapshotWithTheFinalFrequencies() throws {
        let outcome = try outcome()
        var heard: [Double] = []
        let found = GrokkingComparison(outcome, control: outcome) { heard.append($0) }
        #expect(heard == [0, 0.5])
        #expect(found.progress.map(\.step) == [10, 20])
        #expect(found.progress.last?.measures == found.final, "the last weights kept are the final ones")
        #expect(found.progress[0].measures != found.final)
        #expect(found.restrictedLossRatio == found.final.restrictedLoss / found.final.scores.testLoss)
        #expect(found.controlScores == found.final.scores, "the control is the same network here")
        let curve = found.curve("excluded", \.excludedLoss)
        #expect(curve.x == [10, 20] && curve.y == found.progress.map(\.measures.excludedLoss))
        #expect(found.embeddingNorms.count == 2 * found.shares.count)
    }

    @Test func anInterruptionEndsTheProgressMeasures() throws {
        struct Stop: Error {}
        let outcome = try outcome()
        #expect(throws: Stop.self) { try GrokkingComparison(outcome, control: outcome) { _ in throw Stop() } }
    }

    @Test func theFirstStepsAreShownAllAndTheOthersInStrides() throws {
        let series = try outcome().trainLoss("train", every: 50)
        #expect(series.x == (1...60).map(Double.init) + [101, 151])
        #expect(series.y.first == 200 && series.y.last == 50)
    }

    @Test func theControlDiffersInItsWeightDecayOnly() throws {
        var study = GrokkingStudy()
        (study.modulus, study.width, study.heads, study.hidden) = (Self.modulus, 16, 2, 16)
        (study.steps, study.evaluateEvery, study.snapshotEvery, study.learningRate) = (30, 10, 10, 0.01)
        let found = try study.compare(controlSteps: 20, key: RandomKey(3))
        #expect(found.control.train == found.outcome.train && found.control.test == found.outcome.test)
        #expect(found.control.losses.count == 20 && found.outcome.losses.count == 30)
        #expect(found.control.losses[0] == found.outcome.losses[0], "the initial weights are the same")
        #expect(found.control.losses != Array(found.outcome.losses.prefix(20)), "weight decay changes the training")
        study.weightDecay = 0
        let same = try study.train(key: RandomKey(3), label: "no weight decay")
        #expect(found.control.losses == Array(same.losses.prefix(20)))
    }

    @Test func aNetworkThatGeneralizesUsesItsKeyFrequenciesAndNoOthers() throws {
        var study = GrokkingStudy()
        (study.modulus, study.width, study.heads, study.hidden, study.fraction) = (23, 32, 4, 64, 0.8)
        (study.steps, study.evaluateEvery, study.snapshotEvery, study.learningRate) = (400, 100, 100, 0.01)
        let found = try study.compare(controlSteps: 1, key: RandomKey(4))
        let others = try #require(found.otherFrequencies)
        #expect(others.count == found.keyFrequencies.count && Set(others).isDisjoint(with: found.keyFrequencies))
        let elsewhere = try #require(found.finalOfOthers)
        #expect(elsewhere.restrictedLoss > found.final.restrictedLoss)
        #expect(elsewhere.excludedLoss < found.final.excludedLoss)
        #expect(elsewhere.scores == found.final.scores)
    }
}
