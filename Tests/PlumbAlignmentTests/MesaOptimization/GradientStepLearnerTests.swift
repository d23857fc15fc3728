import PlumbAlignment
import PlumbNN
import PlumbTensor
import Testing

/// The tasks, the gradient step and its expected loss.
@Suite struct GradientStepLearnerTests {
    private let tasks = InContextRegression()

    @Test func theClosedFormForThePapersTasks() {
        #expect(abs(tasks.optimalStepSize - 0.606_06) < 1e-5)
        #expect(abs(tasks.optimalHalfLoss - 0.206_23) < 1e-5)
        #expect(abs(tasks.zeroHalfLoss - 0.416_67) < 1e-5)
        // One example of one input: E x⁴ = 1/80 and (E x²)² = 1/144, so η* = (1/12) / (1/80).
        let least = InContextRegression(inputs: 1, examples: 1)
        #expect(abs(least.optimalStepSize - 80.0 / 12) < 1e-12)
        #expect(abs(least.optimalHalfLoss - (1 - 80.0 / 144) / 24) < 1e-12)
        // Inputs twice as large want a quarter of the step.
        #expect(abs(tasks.scalingInputs(by: 2).optimalStepSize - tasks.optimalStepSize / 4) < 1e-12)
    }

    @Test func drawnTasksHaveTheExpectedLoss() {
        for (scale, tolerance) in [(0.5, 0.01), (1, 0.02), (2, 0.05)] {
            let scaled = tasks.scalingInputs(by: scale)
            let batch = scaled.batch(40_000, key: RandomKey(3))
            let predicted = GradientStepLearner(stepSize: tasks.optimalStepSize)(batch.tokens, queries: batch.queries)
            let loss = Double(predicted.meanSquaredError(batch.targets).item) / 2
            let expected = scaled.expectedHalfLoss(stepSize: tasks.optimalStepSize)
            #expect(abs(loss / expected - 1) < tolerance + 0.02, "scale \(scale): \(loss) against \(expected)")
        }
    }

    @Test func theStepIsThatOfTheSquaredErrorsGradient() {
        let batch = tasks.batch(3, key: RandomKey(4))
        let step = GradientStepLearner(stepSize: 0.3).weights(batch.tokens)
        for task in 0..<3 {
            let tokens = batch.tokens[task]
            let (x, y) = (tokens.columns(0..<10), tokens.columns(10..<11))
            let slope = gradient(at: Tensor.zeros([10, 1])) { w in (x.matmul(w) - y).squared().summed() * 0.5 }
            for i in 0..<10 { #expect(abs(step[task].elements[i] + 0.3 * slope.elements[i]) < 1e-5) }
        }
    }

    @Test func tasksAreLinearAndShufflingPartsTargetsFromThem() {
        let few = InContextRegression(inputs: 2, examples: 3).scalingInputs(by: 0.5)
        let batch = few.batch(200, key: RandomKey(5))
        #expect(batch.tokens.shape == [200, 3, 3] && batch.queries.shape == [200, 3])
        #expect(batch.tokens.columns(0..<2).elements.allSatisfy { abs($0) <= 0.25 })
        #expect(batch.queries.columns(2..<3).elements.allSatisfy { $0 == 0 })
        for task in 0..<200 {
            // Two examples fix w; the third and the query obey it.
            let e = batch.tokens[task].elements.map(Double.init)
            let determinant = e[0] * e[4] - e[1] * e[3]
            guard abs(determinant) > 1e-3 else { continue }
            let w = ((e[2] * e[4] - e[1] * e[5]) / determinant, (e[0] * e[5] - e[2] * e[3]) / determinant)
            #expect(abs(w.0 * e[6] + w.1 * e[7] - e[8]) < 1e-3)
            let q = batch.queries[task].elements.map(Double.init)
            #expect(abs(w.0 * q[0] + w.1 * q[1] - Double(batch.targets.elements[task])) < 1e-3)
        }
        let shuffled = few.batch(200, shufflesTargets: true, key: RandomKey(5))
        #expect(
            shuffled.tokens == batch.tokens && shuffled.targets.elements.sorted() == batch.targets.elements.sorted())
        #expect(zip(shuffled.targets.elements, batch.targets.elements).count { $0 == $1 } < 10)
    }
}
