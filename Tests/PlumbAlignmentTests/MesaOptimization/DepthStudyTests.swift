import PlumbAlignment
import PlumbLearning
import PlumbNN
import PlumbRecords
import PlumbTensor
import Testing

/// Several steps, their constants, and layers that make them.
@Suite struct DepthStudyTests {
    private let tasks = InContextRegression(inputs: 3, examples: 5)

    private func expectClose(_ a: Tensor, _ b: Tensor, _ tolerance: Float = 1e-4) {
        #expect(a.shape == b.shape)
        #expect(zip(a.elements, b.elements).allSatisfy { abs($0 - $1) <= tolerance })
    }

    /// A layer that takes `η Σ yᵢ xᵢ · x` from y and `γ Σ xᵢ xᵢ · x` from x.
    private func layer(_ step: PreconditionedDescent.Step, inputs: Int) -> LinearSelfAttention {
        var layer = LinearSelfAttention(width: inputs + 1, key: RandomKey(1))
        func diagonal(_ entry: (Int) -> Double) -> Linear {
            let width = inputs + 1
            let numbers = (0..<width * width).map { Float($0 / width == $0 % width ? entry($0 % width) : 0) }
            return Linear(weight: Weight(Tensor(numbers, shape: [width, width])))
        }
        (layer.query, layer.key) = (diagonal { $0 < inputs ? 1 : 0 }, diagonal { $0 < inputs ? 1 : 0 })
        (layer.value, layer.output) = (
            diagonal { _ in 1 }, diagonal { $0 < inputs ? -step.contraction : -step.stepSize }
        )
        return layer
    }

    @Test func twoStepsWorkedByHand() {
        // Inputs 1 and 2 of the function 3x: S = 5.
        let learner = PreconditionedDescent([.init(stepSize: 0.1, contraction: 0.04), .init(stepSize: 0.2)])
        let tokens = Tensor([1, 3, 2, 6], shape: [1, 2, 2])
        let found = learner.predictions(tokens, queries: Tensor([0.5, 0], shape: [1, 2])).map(\.item)
        // 3 · .5 · .5, and then .2 · 5 · (1 - .5) · (1 - .2)² of 1.5 more.
        #expect(abs(found[0] - 0.75) < 1e-6 && abs(found[1] - 1.23) < 1e-6)
        let weights = learner.weights(tokens).map(\.item)
        #expect(abs(weights[0] - 1.5) < 1e-6 && abs(weights[1] - 2.46) < 1e-6)
    }

    @Test func oneStepIsTheGradientStep() {
        let batch = tasks.batch(20, key: RandomKey(2))
        let (one, other) = (GradientStepLearner(stepSize: 0.7), PreconditionedDescent([.init(stepSize: 0.7)]))
        expectClose(
            other.predictions(batch.tokens, queries: batch.queries)[0], one(batch.tokens, queries: batch.queries))
        expectClose(other.weights(batch.tokens)[0], one.weights(batch.tokens))
    }

    @Test func tunedConstantsHaveTheLeastLossOfTheirKind() {
        let single = DescentTuning(tasks, steps: 1, count: 20_000, key: RandomKey(3))
        let step = single.best(.descent)
        #expect(abs(step.steps[0].stepSize / tasks.optimalStepSize - 1) < 0.02)
        #expect(abs(single.halfLoss(step) / tasks.optimalHalfLoss - 1) < 0.02)
        let tuning = DescentTuning(tasks, steps: 2, count: 20_000, key: RandomKey(4))
        let best = DescentTuning.Kind.allCases.map { tuning.best($0) }
        let losses = best.map(tuning.halfLoss)
        #expect(losses[1] < 0.97 * losses[0] && losses[2] < 0.9 * losses[0])
        #expect(losses[3] < losses[2] && losses[3] < losses[1])
        for index in 0..<2 {
            for change in [0.99, 1.01] {
                var other = best[1]
                other.steps[index].stepSize *= change
                #expect(tuning.halfLoss(other) > losses[1])
            }
        }
        // What moments say is what predictions on other tasks show.
        let batch = tasks.batch(40_000, key: RandomKey(5))
        for (learner, loss) in zip(best, losses) {
            let predicted = learner.predictions(batch.tokens, queries: batch.queries)[1]
            let measured = Double(predicted.meanSquaredError(batch.targets).item) / 2
            #expect(abs(measured / loss - 1) < 0.05)
        }
    }

    @Test func layersOfTheConstructionMakeTheStepsAndHoldTheirWeights() {
        let step = PreconditionedDescent.Step(stepSize: 0.7, contraction: 0.2)
        let learner = PreconditionedDescent([step, step])
        let network = RepeatedLinearAttention(layer(step, inputs: 3), depth: 2)
        let batch = tasks.batch(30, key: RandomKey(6))
        let expected = learner.predictions(batch.tokens, queries: batch.queries)
        expectClose(network(batch.tokens, queries: batch.queries), expected[1])
        let held = network.heldWeights(batch.tokens, queries: batch.queries)
        for (found, weights) in zip(held, learner.weights(batch.tokens)) { expectClose(found, weights) }
        let activations = network.activations(batch.tokens, queries: batch.queries)
        #expect(activations.count == 3)
        expectClose(-activations[1].columns(3..<4).reshaped([-1]), expected[0])
    }

    @Test func layersThatWriteToYAloneDoNotPrecondition() {
        let network = RepeatedLinearAttention(
            layer(.init(stepSize: 0.7, contraction: 0.2), inputs: 3), depth: 2, changesInputs: false)
        let batch = tasks.batch(30, key: RandomKey(7))
        let descent = PreconditionedDescent([.init(stepSize: 0.7), .init(stepSize: 0.7)])
        expectClose(
            network(batch.tokens, queries: batch.queries), descent.predictions(batch.tokens, queries: batch.queries)[1])
    }

    @Test func aShortTrainingBeatsDescentAndItsControlDoesNot() throws {
        var study = DepthStudy()
        (study.deepInputs, study.deepExamples, study.deepBatch, study.deepTestTasks) = (2, 4, 64, 8192)
        (study.deepSteps, study.deepPatience, study.deepFinalSteps, study.deepLearningRate) = (2000, 0, 200, 0.01)
        let learners = study.learners(key: RandomKey(8))
        let free = try #require(learners.losses[.freeDescent])
        let trained = try study.run(against: learners, key: RandomKey(9), test: RandomKey(10))
        #expect(trained.halfLoss < 0.95 * free && trained.isConverged && trained.steps == 2200)
        #expect(trained.probes.count == 2 && trained.earlierProbes.count == 2 && trained.weightAgreements.count == 2)
        #expect(trained.probes[1] > trained.earlierProbes[1])
        let control = try study.run(
            changesInputs: false, against: learners, key: RandomKey(9), test: RandomKey(10))
        #expect(control.halfLoss > 0.95 * free)
        #expect(control.fromPreconditioned > control.fromDescent)
    }

    @Test func patienceThatIsNoMultipleOfTheMeasurementsIsRefused() {
        var (depth, sine) = (DepthStudy(), SineStudy())
        (depth.deepPatience, sine.sinePatience) = (150, 150)
        #expect(throws: SettingsError.self) { try depth.check() }
        #expect(throws: SettingsError.self) { try sine.check() }
    }
}
