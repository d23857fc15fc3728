public import PlumbLearning
internal import PlumbTensor

/// A trained network of several layers of linear attention, as numbers.
public struct DepthOutcome: Sendable, Codable, Equatable {
    /// Whether training ended by its criterion.
    public let isConverged: Bool
    /// Whether the last initialization, too, stayed at a high loss.
    public let isStuck: Bool
    /// How many initializations stayed at a high loss and were replaced.
    public let replaced: Int
    /// Steps of training, of the last initialization.
    public var steps: Int { evaluations.last?.step ?? 0 }
    /// Half the squared error along training, on fixed tasks.
    public let evaluations: [FitEvaluation]
    /// Half the squared error on fresh tasks.
    public var halfLoss = 0.0
    /// That of gradient descent and of GD++ with tuned constants, on the same tasks.
    public var (descentHalfLoss, preconditionedHalfLoss) = (0.0, 0.0)
    /// The mean squared difference between its predictions and those of tuned gradient descent.
    public var fromDescent = 0.0
    /// That from tuned GD++.
    public var fromPreconditioned = 0.0
    /// After each layer k: the part of the variance of what k steps of GD++ predict that a linear probe finds in the query
    /// token, fitted on other tasks.
    public private(set) var probes: [Double] = []
    /// The same with the query token one layer before.
    public private(set) var earlierProbes: [Double] = []
    /// After each layer k: the squared correlation, about 0, of the weights ŵ that the network holds and those of k steps of
    /// GD++, over tasks and inputs.
    public private(set) var weightAgreements: [Double] = []

    init(
        _ network: RepeatedLinearAttention, of study: DepthStudy, against learners: DepthStudy.Learners,
        test: RandomKey, isConverged: Bool, isStuck: Bool, replaced: Int, evaluations: [FitEvaluation]
    ) throws {
        (self.isConverged, self.isStuck, self.replaced) = (isConverged, isStuck, replaced)
        self.evaluations = evaluations
        let (tasks, chunk) = (study.tasks, 4096)
        let last = study.depth - 1
        for (index, start) in stride(from: 0, to: study.deepTestTasks, by: chunk).enumerated() {
            let size = min(chunk, study.deepTestTasks - start)
            let batch = tasks.batch(size, key: test["test"][index])
            let part = Double(size) / Double(study.deepTestTasks)
            let found = network(batch.tokens, queries: batch.queries)
            let descent = learners.descent.predictions(batch.tokens, queries: batch.queries)[last]
            let better = learners.preconditioned.predictions(batch.tokens, queries: batch.queries)[last]
            halfLoss += part * Self.meanSquare(found, batch.targets) / 2
            descentHalfLoss += part * Self.meanSquare(descent, batch.targets) / 2
            preconditionedHalfLoss += part * Self.meanSquare(better, batch.targets) / 2
            fromDescent += part * Self.meanSquare(found, descent)
            fromPreconditioned += part * Self.meanSquare(found, better)
        }
        try probe(network, learners.preconditioned, tasks, test["probes"])
    }

    private mutating func probe(
        _ network: RepeatedLinearAttention, _ learner: PreconditionedDescent, _ tasks: InContextRegression,
        _ key: RandomKey
    ) throws {
        let batches = ["fit", "test"].map { tasks.batch(4096, key: key[$0]) }
        let activations = batches.map { network.activations($0.tokens, queries: $0.queries) }
        let sought = batches.map { learner.predictions($0.tokens, queries: $0.queries) }
        func explained(layer: Int, step: Int) throws -> Double {
            let targets = sought.map { DoubleMatrix($0[step].reshaped([-1, 1])) }
            // What a layer leaves unwritten stays constant: the penalty decides weights that least squares does not.
            let probe = try RidgeRegression(DoubleMatrix(activations[0][layer]), targets: targets[0], penalty: 1e-6)
            let found = probe(DoubleMatrix(activations[1][layer]))
            let mean = Statistics.mean(targets[1].elements)
            let variance = Statistics.mean(targets[1].elements.map { ($0 - mean) * ($0 - mean) })
            return 1 - found.meanSquaredDistance(to: targets[1]) / variance
        }
        for step in 0..<network.depth {
            probes.append(try explained(layer: step + 1, step: step))
            earlierProbes.append(try explained(layer: step, step: step))
        }
        let held = network.heldWeights(batches[1].tokens, queries: batches[1].queries)
        weightAgreements = zip(held, learner.weights(batches[1].tokens)).map { a, b in
            a.dot(b) * a.dot(b) / (a.dot(a) * b.dot(b))
        }
    }

    private static func meanSquare(_ a: Tensor, _ b: Tensor) -> Double {
        let difference = a - b
        return difference.dot(difference) / Double(a.count)
    }
}
