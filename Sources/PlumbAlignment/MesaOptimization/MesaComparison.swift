internal import PlumbBasics
public import PlumbTensor

/// A layer of linear attention beside one gradient step, on tasks that neither has seen.
public struct MesaComparison: Sendable, Equatable, Codable {
    /// Half the mean squared error of the layer.
    public var halfLoss = 0.0
    /// That of the step.
    public var stepHalfLoss = 0.0
    /// The mean cosine of the angle between the gradients of both predictions at the query's input: 1 where they look for
    /// the same weights.
    public var cosine = 0.0
    /// The mean distance between those gradients.
    public var gradientDistance = 0.0
    /// The mean of |prediction of the layer - prediction of the step|.
    public var predictionDifference = 0.0

    /// How many tasks are held in memory at once.
    private static var chunk: Int { 4096 }

    /// Compares on `count` tasks drawn from `key`.
    ///
    /// - Parameters:
    ///   - layer: the layer of linear attention.
    ///   - step: the gradient step it is compared with.
    ///   - tasks: the kind of tasks.
    ///   - count: how many tasks, 1 or more.
    ///   - shufflesTargets: whether the losses are those of answers to other sequences.
    ///   - key: of the tasks.
    public init(
        _ layer: LinearSelfAttention, with step: GradientStepLearner, on tasks: InContextRegression, count: Int,
        shufflesTargets: Bool = false, key: RandomKey
    ) {
        require(count > 0, "a comparison needs tasks, got \(count)")
        var sums = (loss: 0.0, step: 0.0, cosine: 0.0, distance: 0.0, difference: 0.0)
        for (index, start) in stride(from: 0, to: count, by: Self.chunk).enumerated() {
            let size = min(Self.chunk, count - start)
            let batch = tasks.batch(size, shufflesTargets: shufflesTargets, key: key[index])
            let predicted = layer(batch.tokens, queries: batch.queries)
            let stepped = step(batch.tokens, queries: batch.queries)
            let found = layer.inputGradient(batch.tokens, queries: batch.queries).elements
            let expected = step.weights(batch.tokens).elements
            let (a, b, targets) = (predicted.elements, stepped.elements, batch.targets.elements)
            for task in 0..<size {
                let (error, stepError) = (Double(a[task] - targets[task]), Double(b[task] - targets[task]))
                sums.loss += error * error
                sums.step += stepError * stepError
                sums.difference += Double(abs(a[task] - b[task]))
                let range = task * tasks.inputs..<(task + 1) * tasks.inputs
                let (cosine, distance) = Self.compare(found[range], expected[range])
                sums.cosine += cosine
                sums.distance += distance
            }
        }
        let n = Double(count)
        (halfLoss, stepHalfLoss, cosine) = (sums.loss / n / 2, sums.step / n / 2, sums.cosine / n)
        (gradientDistance, predictionDifference) = (sums.distance / n, sums.difference / n)
    }

    private static func compare(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> (cosine: Double, distance: Double) {
        var (aa, bb, ab, square) = (0.0, 0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            aa += Double(x) * Double(x)
            bb += Double(y) * Double(y)
            ab += Double(x) * Double(y)
            square += (Double(x) - Double(y)) * (Double(x) - Double(y))
        }
        return (ab / (aa * bb).squareRoot(), square.squareRoot())
    }
}
