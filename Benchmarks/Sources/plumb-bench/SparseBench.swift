import Foundation
import PlumbInterpretability
import PlumbModels
import PlumbTensor

/// Times training steps of a sparse autoencoder: width 576, 16,384 features, TopK 32, batches of 4,096 rows. Rows and
/// settings are those of peers/train_sae_lens.py.
struct SparseBench {
    /// The task it knows.
    static let tasks = ["train-sae"]

    private static let (width, features, active, rows) = (576, 16_384, 32, 4096)
    /// Batches that are trained on again and again.
    private static let batches = 16

    /// Seconds of each step, and the share of the variance that is explained at the end; the first step is left out.
    func measure(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        let batches = Self.activations()
        var training = SparseTraining(.topK(Self.active), features: Self.features, steps: 1_000_000)
        (training.learningRate, training.warmup, training.deadAfterRows) = (3e-4, 0, 1000 * Self.rows)
        var trainer = SparseDictionaryTrainer(training, key: RandomKey(1))
        try trainer.step(SparseBatch(batches[0]))
        let clock = ContinuousClock()
        var errors: [Double] = []
        let seconds = try (1...request.repeats).map { step in
            try clock.measure {
                errors.append(1 - (try trainer.step(SparseBatch(batches[step % Self.batches])).explainedVariance))
            } / .seconds(1)
        }
        return (
            ["seconds": seconds, "unexplained": errors],
            ["tokens_per_second": Double(Self.rows) / seconds.median, "rows": Double(Self.rows)]
        )
    }

    /// Sums of 24 of 2,048 random directions with strengths from a half to one and a half.
    private static func activations() -> [Tensor] {
        var generator = RandomKey(11).generator()
        let directions = Tensor(shape: [2048, width]) { target in
            for index in target.indices { target[index] = Float(generator.uniform() - 0.5) }
        }
        let chosen = 24
        return (0..<batches).map { _ in
            var (indices, values): ([Int32], [Float]) = ([], [])
            for _ in 0..<rows * chosen {
                indices.append(Int32(generator.uniform() * 2048))
                values.append(Float(generator.uniform() + 0.5))
            }
            return SparseActivations(
                features: 2048, offsets: (0...rows).map { $0 * chosen }, indices: indices, values: values
            ).applied(to: directions)
        }
    }
}
