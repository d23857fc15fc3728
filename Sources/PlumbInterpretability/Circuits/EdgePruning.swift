internal import Foundation
internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Edge pruning: masks of edges are trained by gradient descent until the circuit restores the metric with few edges
/// (Bhaskar, Wettig, Friedman, Chen 2024, arXiv:2406.16778).
///
/// A mask is drawn from the hard concrete distribution (Louizos, Welling, Kingma 2018, arXiv:1712.01312): `s = sigmoid((ln u -
/// ln(1 - u) + α) / β)`, stretched to `[γ, ζ]` and clipped to `[0, 1]`. What is made small is the squared part of the
/// metric that the circuit fails to restore, plus a penalty times the expected part of edges that are kept.
public struct EdgePruning: Sendable {
    /// Steps of Adam.
    public var steps: Int
    /// Pairs in each step.
    public var batch: Int
    /// The learning rate of `α`.
    public var learningRate: Double
    /// What the expected part of edges is multiplied by.
    public var penalty: Double

    private static let (beta, low, high) = (2.0 / 3, -0.1, 1.1)
    private static let begin: Float = 2

    /// - Precondition: every number is above 0.
    public init(steps: Int = 150, batch: Int = 6, learningRate: Double = 0.15, penalty: Double = 1) {
        require(
            steps > 0 && batch > 0 && learningRate > 0 && penalty > 0,
            "masks are trained by steps of pairs, got \(steps) steps of \(batch) pairs")
        (self.steps, self.batch, self.learningRate, self.penalty) = (steps, batch, learningRate, penalty)
    }

    /// The trained masks as scores: `α`, moved so that the smallest is 0.
    ///
    /// - Parameters:
    ///   - sweep: evaluates circuits of the model.
    ///   - pairs: from which each step draws.
    ///   - key: of the draws.
    ///   - progress: told the part of the steps that is done; may throw to end it.
    /// - Throws: `ModelError` for pairs that cannot be patched; whatever `progress` throws.
    public func run(
        _ sweep: CircuitSweep, pairs: [PatchPair], key: RandomKey, progress: (Double) throws -> Void = { _ in }
    ) throws -> EdgeRanking {
        guard !pairs.isEmpty else {
            throw ModelError("edge masks are trained on one pair of prompts or more, got none")
        }
        let runs = try pairs.map { try WeightedEdges(sweep, pair: $0) }
        let count = sweep.graph.edgeCount
        let difference = Statistics.mean(runs.map { $0.clean - $0.corrupted })
        guard difference != 0, difference.isFinite else {
            throw ModelError("the model gives clean and corrupted prompts the same metric: there is nothing to restore")
        }
        var alpha = Tensor(repeating: Self.begin, shape: [count])
        var optimizer = Adam(learningRate: learningRate, beta2: 0.99)
        var random = key.generator()
        let offset = Self.beta * log(-Self.low / Self.high)
        for step in 0..<steps {
            try progress(Double(step) / Double(steps))
            let values = alpha.elements.map(Double.init)
            let masks = values.map { HardConcrete(alpha: $0, random: &random) }
            var gradient = [Double](repeating: 0, count: count)
            for _ in 0..<batch {
                let run = runs[random.index(below: runs.count)]
                let found = run.gradients(at: masks.map { Float($0.value) })
                let slope = 2 * (found.value - run.clean) / (difference * difference) / Double(batch)
                for edge in gradient.indices { gradient[edge] += slope * Double(found.gradients[edge]) }
            }
            for edge in gradient.indices {
                let kept = 1 / (1 + exp(offset - values[edge]))
                gradient[edge] = gradient[edge] * masks[edge].slope + penalty * kept * (1 - kept) / Double(count)
            }
            optimizer.update(&alpha, along: Tensor(gradient.map(Float.init)))
        }
        let final = alpha.elements.map(Double.init)
        let least = final.min() ?? 0
        return EdgeRanking(sweep.graph, scores: final.map { $0 - least })
    }

    /// One draw of a mask.
    private struct HardConcrete {
        let value: Double
        /// The derivative of the value by α.
        let slope: Double

        init(alpha: Double, random: inout RandomKey.Generator) {
            let u = min(max(random.uniform(), 1e-6), 1 - 1e-6)
            let s = 1 / (1 + exp(-(log(u) - log(1 - u) + alpha) / EdgePruning.beta))
            let stretched = s * (EdgePruning.high - EdgePruning.low) + EdgePruning.low
            value = min(max(stretched, 0), 1)
            let isInside = stretched > 0 && stretched < 1
            slope = isInside ? s * (1 - s) / EdgePruning.beta * (EdgePruning.high - EdgePruning.low) : 0
        }
    }
}
