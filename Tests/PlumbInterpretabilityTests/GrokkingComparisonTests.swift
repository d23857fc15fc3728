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
        train: [Double] = [0.5], test: [Double] = [0.1], seed: UInt64 = 1
    ) throws -> GrokkingStudy.Outcome {
        let evaluations = train.indices.map { index in
            FitEvaluation(
                step: 10 * (index + 1),
                values: Measured(of: GrokkingStudy.Measure.self) { measure in
                    switch measure {
                    case .trainAccuracy: train[index]
                    case .testAccuracy: test[index]
                    case .testLoss: 1
                    }
                })
        }
        let (model, pairs) = (Self.model(seed), Self.modulus * Self.modulus)
        return GrokkingStudy.Outcome(
            model: model,
            history: GrokkingHistory(
                train: Array(0..<60), test: Array(60..<pairs), losses: (0..<200).map { Float(200 - $0) },
                evaluations: evaluations),
            snapshots: [(step: 10, model: Self.model(seed + 10)), (step: 20, model: model)])
    }

    @Test func theDelayIsTheRatioOfTheFirstStepsAtWhichBothSetsAreKnown() throws {
        let late = try outcome(train: [0.5, 0.99, 0.9, 1, 1, 1], test: [0, 0, 0.1, 0.5, 0.98, 0.995])
        let found = try GrokkingProgress(late)
        #expect(found.memorized == 20 && found.generalized == 60 && found.delay == 3)
        #expect(found.phases.first?.label == "memorized" && found.phases.last?.label == "generalized")
    }

    @Test func thereIsNoDelayWhereOneSetIsNeverKnown() throws {
        let memorized = try GrokkingProgress(try outcome(train: [1, 1], test: [0, 0.98]))
        #expect(memorized.memorized == 10 && memorized.generalized == nil && memorized.delay == nil)
        let neither = try GrokkingProgress(try outcome())
        #expect(neither.memorized == nil && neither.delay == nil && neither.stages.inOrder == 0)
    }

    @Test func keyAndOtherFrequenciesAreTheStrongestAndTheNext() throws {
        let found = try GrokkingProgress(try outcome())
        let order = found.shares.indices.sorted { found.shares[$0] > found.shares[$1] }.map { $0 + 1 }
        let keys = found.keyFrequencies
        #expect(keys == Array(order.prefix(keys.count)) && !keys.isEmpty)
        #expect(abs(found.keyShare - keys.map { found.shares[$0 - 1] }.reduce(0, +)) < 1e-12)
        // An untrained network spreads over most of its five frequencies.
        #expect(keys.count > 2 && found.otherFrequencies == nil && found.finalOfOthers == nil)
        let both = try GrokkingComparison(try outcome(), control: try outcome(seed: 2))
        let strongest = both.control.shares.sorted(by: >).prefix(keys.count).reduce(0, +)
        #expect(both.control.keyFrequencies.count == keys.count && abs(both.control.keyShare - strongest) < 1e-12)
    }

    @Test func progressIsOfEverySnapshotWithTheFinalFrequencies() throws {
        let outcome = try outcome()
        var heard: [Double] = []
        let found = try GrokkingProgress(outcome) { heard.append($0) }
        #expect(heard == [0, 0.5])
        #expect(found.snapshots.map(\.step) == [10, 20])
        #expect(found.snapshots.last?.measures == found.final, "the last weights kept are the final ones")
        #expect(found.snapshots[0].measures != found.final)
        let curve = found.curve("excluded", \.excludedLoss)
        #expect(curve.x == [10, 20] && curve.y == found.snapshots.map(\.measures.excludedLoss))
    }

    @Test func anInterruptionEndsTheProgressMeasures() throws {
        struct Stop: Error {}
        let outcome = try outcome()
        #expect(throws: Stop.self) { try GrokkingComparison(outcome, control: outcome) { _ in throw Stop() } }
    }

    @Test func theControlDiffersInItsWeightDecayOnly() throws {
        var study = GrokkingStudy()
        (study.modulus, study.width, study.heads, study.hidden) = (Self.modulus, 16, 2, 16)
        (study.steps, study.evaluateEvery, study.snapshotEvery, study.learningRate) = (30, 10, 10, 0.01)
        let found = try study.compare(key: RandomKey(3))
        let (decayed, control) = (found.decayed.history, found.control.history)
        #expect(control.train == decayed.train && control.test == decayed.test)
        #expect(control.losses.count == 30 && decayed.losses.count == 30)
        #expect(control.losses[0] == decayed.losses[0], "the initial weights are the same")
        #expect(control.losses != decayed.losses, "weight decay changes the training")
        study.weightDecay = 0
        #expect(try control.losses == study.train(key: RandomKey(3), label: "no weight decay").history.losses)
    }

    @Test func aNetworkThatGeneralizesUsesItsKeyFrequenciesAndNoOthers() throws {
        var study = GrokkingStudy()
        (study.modulus, study.width, study.heads, study.hidden, study.fraction) = (23, 32, 4, 64, 0.8)
        (study.steps, study.evaluateEvery, study.snapshotEvery, study.learningRate) = (400, 100, 100, 0.01)
        let found = try GrokkingProgress(try study.train(key: RandomKey(4), label: "test"))
        let others = try #require(found.otherFrequencies)
        #expect(others.count == found.keyFrequencies.count && Set(others).isDisjoint(with: found.keyFrequencies))
        let elsewhere = try #require(found.finalOfOthers)
        #expect(elsewhere.restrictedLoss > found.final.restrictedLoss)
        #expect(elsewhere.excludedLoss < found.final.excludedLoss)
        #expect(elsewhere.scores == found.final.scores)
    }
}
