@testable import PlumbAlignment
import PlumbNN
import PlumbTensor
import Testing

/// Gradient steps on learned features, and attention that makes them.
@Suite struct SineStudyTests {
    @Test func wavesHaveTheirAmplitudesAndPlaces() {
        let batch = SineRegression(examples: 6).batch(200, key: RandomKey(1))
        #expect(batch.inputs.shape == [200, 6] && batch.targets.shape == [200, 6])
        #expect(batch.queries.shape == [200, 1] && batch.answers.shape == [200])
        #expect(batch.inputs.elements.allSatisfy { abs($0) <= 5 } && batch.inputs.elements.contains { abs($0) > 4 })
        #expect(batch.targets.elements.allSatisfy { abs($0) <= 0.5 })
        let again = SineRegression(examples: 6).batch(200, key: RandomKey(1))
        #expect(again.targets.elements == batch.targets.elements)
    }

    @Test func attentionWithTheWeightsOfAStepIsThatStep() {
        let step = MetaLearnedStep([1, 8, 3], stepSize: 0.2, key: RandomKey(2))
        var network = FeatureAttention([1, 8, 3], scale: 0.1, key: RandomKey(3))
        (network.features, network.readout) = (step.features, step.readout)
        let initial = step.readout.weight.tensor().elements.map(Double.init)
        network.attention = LinearSelfAttention(
            EffectiveAttention(
                reading: initial.map { -0.2 * $0 } + [0.2],
                matching: (0...3).map { row in (0..<3).map { $0 == row ? 1 : 0 } }))
        let batch = SineRegression().batch(40, key: RandomKey(4))
        let (after, before) = step.predictions(batch)
        #expect(zip(network(batch).elements, after.elements).allSatisfy { abs($0 - $1) < 1e-5 })
        let functions = network.initialFunctions(batch.queries)
        #expect(zip(functions.predicted.elements, before.elements).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(zip(functions.subtracted.elements, before.elements).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func aStepOnOneExampleWorkedByHand() {
        // Features 2x; readout .5; at x = 1 it predicts 1 and is told 3: the step adds .1 · 2 · 2 to the readout.
        var step = MetaLearnedStep([1, 1], stepSize: 0.1, key: RandomKey(5))
        step.features = MLP([Linear(weight: Weight(Tensor([2], shape: [1, 1])))], activation: .tanh)
        step.readout = Linear(weight: Weight(Tensor([0.5], shape: [1, 1])))
        let batch = SineRegression.Batch(
            inputs: Tensor([1], shape: [1, 1]), targets: Tensor([3], shape: [1, 1]),
            queries: Tensor([3], shape: [1, 1]), answers: Tensor([0]))
        let (after, before) = step.predictions(batch)
        #expect(before.item == 3 && abs(after.item - 5.4) < 1e-5)
    }

    @Test func aShortTrainingGivesEveryNumber() throws {
        var study = SineStudy()
        (study.sineHidden, study.sineBatch, study.sineTestTasks) = (16, 32, 1000)
        (study.sineSteps, study.sinePatience, study.sineFinalSteps) = (300, 0, 50)
        (study.sineInitializations, study.sineScreening) = (2, 50)
        let outcome = try study.run(key: RandomKey(6), test: RandomKey(7))
        #expect(outcome.isConverged && outcome.steps == [350, 350, 350])
        #expect(outcome.stepHalfLoss < 0.7 * outcome.zeroHalfLoss && outcome.halfLoss < outcome.zeroHalfLoss)
        #expect(outcome.shown.count == 5 && outcome.shown.allSatisfy { $0.count == 101 })
        #expect(outcome.shownExamples.count == 10)
    }
}
