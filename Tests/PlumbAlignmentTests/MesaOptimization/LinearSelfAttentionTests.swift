import PlumbAlignment
import PlumbLearning
import PlumbNN
import PlumbTensor
import Testing

/// The layer, what its weights together compute, and training.
@Suite struct LinearSelfAttentionTests {
    private let tasks = InContextRegression(inputs: 4, examples: 6)

    private func expectClose(_ a: Tensor, _ b: Tensor, _ tolerance: Float = 1e-5) {
        #expect(a.shape == b.shape)
        #expect(zip(a.elements, b.elements).allSatisfy { abs($0 - $1) <= tolerance })
    }

    @Test func aPredictionWorkedByHand() {
        // Tokens of two numbers: k = 2x, q = 3x, v = (y, 0), and P brings v's first number to the last place.
        func linear(_ numbers: [Float]) -> Linear { Linear(weight: Weight(Tensor(numbers, shape: [2, 2]))) }
        var layer = LinearSelfAttention(width: 2, key: RandomKey(1))
        (layer.key, layer.query) = (linear([2, 0, 0, 0]), linear([3, 0, 0, 0]))
        (layer.value, layer.output) = (linear([0, 1, 0, 0]), linear([0, 0, 1, 0]))
        let tokens = Tensor([1, 10, 2, 20], shape: [1, 2, 2])
        let queries = Tensor([0.5, 0], shape: [1, 2])
        // Scores 2 · 1.5 and 4 · 1.5; values 10 and 20: 30 + 120.
        #expect(layer(tokens, queries: queries).elements == [150])
        #expect(layer.inputGradient(tokens, queries: queries).elements == [300])
        #expect(layer.effective.stepSize == 6)
    }

    @Test func theConstructionIsTheGradientStep() {
        let batch = tasks.batch(20, key: RandomKey(2))
        let layer = LinearSelfAttention(EffectiveAttention(stepSize: 0.7, inputs: 4))
        let step = GradientStepLearner(stepSize: 0.7)
        expectClose(layer(batch.tokens, queries: batch.queries), step(batch.tokens, queries: batch.queries))
        expectClose(layer.inputGradient(batch.tokens, queries: batch.queries), step.weights(batch.tokens))
        #expect(abs(layer.effective.stepSize - 0.7) < 1e-6 && layer.effective.remainder < 1e-6)
        let comparison = MesaComparison(layer, with: step, on: tasks, count: 5000, key: RandomKey(3))
        #expect(comparison.cosine > 0.999_999 && comparison.predictionDifference < 1e-5)
        #expect(abs(comparison.halfLoss - comparison.stepHalfLoss) < 1e-6)
    }

    @Test func effectiveWeightsAreAllThatThePredictionDependsOn() {
        let layer = LinearSelfAttention(width: 5, scale: 2, key: RandomKey(4))
        let batch = tasks.batch(30, key: RandomKey(5))
        let found = layer(batch.tokens, queries: batch.queries)
        for weights in [layer.effective, layer.effective.normalized] {
            expectClose(LinearSelfAttention(weights)(batch.tokens, queries: batch.queries), found, 1e-4)
        }
        #expect(layer.effective.remainder > 0.5)
        #expect(abs(layer.effective.stepSize - layer.effective.normalized.stepSize) < 1e-9)
        let middle = layer.effective.mixed(with: EffectiveAttention(stepSize: 1, inputs: 4), fraction: 1)
        #expect(middle.stepSize == 1 && middle.remainder == 0)
    }

    @Test func aLayerThatPointsElsewhereIsFoundOut() {
        // The step turned round has cosine -1; a mixed-up one has about 0.
        let step = GradientStepLearner(stepSize: 0.7)
        let against = LinearSelfAttention(EffectiveAttention(stepSize: -0.7, inputs: 4))
        #expect(MesaComparison(against, with: step, on: tasks, count: 500, key: RandomKey(6)).cosine < -0.999)
        let rolled = EffectiveAttention(
            reading: [0, 0, 0, 0, 1],
            matching: (0..<5).map { row in (0..<4).map { row < 4 && ($0 + 1) % 4 == row ? 0.7 : 0 } })
        #expect(rolled.stepSize == 0 && rolled.remainder == 1)
        let comparison = MesaComparison(
            LinearSelfAttention(rolled), with: step, on: tasks, count: 5000, key: RandomKey(6))
        #expect(abs(comparison.cosine) < 0.05)
    }

    @Test func readingXAndMatchingByYIsADeadEnd() throws {
        // Σ (a · xᵢ) yᵢ (b · x) with a and b along the first input: a gradient step in one direction of four.
        let start = EffectiveAttention(
            reading: [1, 0, 0, 0, 0],
            matching: (0..<5).map { row in (0..<4).map { row == 4 && $0 == 0 ? tasks.optimalStepSize : 0 } })
        #expect(start.readsTarget == 0 && EffectiveAttention(stepSize: 1, inputs: 4).readsTarget == 1)
        var fit = Fit(steps: 200)
        fit.clipNorm = 1e-3
        let trained = try fit.run(LinearSelfAttention(start), optimizer: Adam(learningRate: 1e-3)) { layer, step in
            let batch = tasks.batch(256, key: RandomKey(9)[step])
            return layer(batch.tokens, queries: batch.queries).meanSquaredError(batch.targets) * 0.5
        }.model
        #expect(trained.effective.readsTarget < 0.1)
        let step = GradientStepLearner(stepSize: tasks.optimalStepSize)
        let comparison = MesaComparison(trained, with: step, on: tasks, count: 8192, key: RandomKey(10))
        #expect(comparison.halfLoss > (tasks.optimalHalfLoss + tasks.zeroHalfLoss) / 2)
        #expect(comparison.halfLoss < tasks.zeroHalfLoss)
    }
}
