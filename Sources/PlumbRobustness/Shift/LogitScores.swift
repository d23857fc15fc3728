internal import Foundation
internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Scores that read how sure a classifier is from its logits. All rise with how far from the training distribution a
/// sample seems to be.
public enum LogitScores {
    /// Minus the largest probability (Hendrycks, Gimpel 2016, *A Baseline for Detecting Misclassified and
    /// Out-of-Distribution Examples in Neural Networks*, arXiv:1610.02136).
    ///
    /// - Shapes: `logits` `[N, K]`; result N numbers.
    public static func maximumProbability(_ logits: Tensor) -> [Double] {
        probabilities(logits).map { -($0.max() ?? .nan) }
    }

    /// The energy, `-T log Σ exp(z / T)` (Liu, Wang, Owens, Li 2020, *Energy-based Out-of-distribution Detection*,
    /// arXiv:2010.03759).
    ///
    /// - Shapes: `logits` `[N, K]`; result N numbers.
    public static func energy(_ logits: Tensor, temperature: Double = 1) -> [Double] {
        rows(logits).map { -temperature * logSum($0.map { $0 / temperature }) }
    }

    /// Minus the largest mean probability of several classifiers (Lakshminarayanan, Pritzel, Blundell 2016, *Simple and
    /// Scalable Predictive Uncertainty Estimation using Deep Ensembles*, arXiv:1612.01474).
    ///
    /// - Shapes: each of `logits` `[N, K]`; result N numbers.
    public static func ensemble(_ logits: [Tensor]) -> [Double] {
        require(
            !logits.isEmpty && logits.allSatisfy { $0.shape == logits[0].shape },
            "an ensemble needs classifiers with logits of one shape, got \(logits.map(\.shape))")
        let members = logits.map { probabilities($0) }
        return members[0].indices.map { row in
            let mean = members[0][row].indices.map { k in members.reduce(0) { $0 + $1[row][k] } }
            return -(mean.max() ?? .nan) / Double(members.count)
        }
    }

    /// Minus the largest probability at a high temperature, after a small step that makes the predicted class more
    /// likely: `x - ε sign ∇ CE(z(x) / T, ŷ)` (Liang, Li, Srikant 2017, *Enhancing The Reliability of
    /// Out-of-distribution
    /// Image Detection in Neural Networks*, arXiv:1706.02690).
    ///
    /// - Parameters:
    ///   - temperature: T, 1,000 in the paper.
    ///   - step: ε, in units of the input.
    /// - Shapes: `x` `[N, …]`; result N numbers.
    /// - Throws: `ModelError` where the loss is not a number.
    public static func odin(
        _ network: NetworkGraph, _ x: Tensor, temperature: Double = 1000, step: Double
    ) throws -> [Double] {
        let point = HookPoint.outside(Site(rawValue: "\(network.nodes[0].name).hook_out"))
        let scale = Float(1 / temperature)
        var scores: [Double] = []
        for first in stride(from: 0, to: x.shape[0], by: 256) {
            let batch = x.gathered(Array(first..<min(first + 256, x.shape[0])))
            let run = try network.gradients(batch, recording: .only(point)) { logits in
                (logits * scale).crossEntropies(logits.detached().argmaxOfRows()).summed()
            }
            guard let gradient = run.gradients[point] else { unmet("a network hands its input to the hooks") }
            let moved = Tensor(
                zip(batch.elements, gradient.elements).map { value, slope in
                    slope == 0 ? value : value - Float(step) * (slope < 0 ? -1 : 1)
                }, shape: batch.shape)
            scores += maximumProbability(network(moved) * scale)
        }
        return scores
    }

    /// Softmax of each row, in double precision.
    static func probabilities(_ logits: Tensor, temperature: Double = 1) -> [[Double]] {
        rows(logits).map { row in
            let scaled = row.map { $0 / temperature }
            let sum = logSum(scaled)
            return scaled.map { exp($0 - sum) }
        }
    }

    static func rows(_ tensor: Tensor) -> [[Double]] {
        let width = tensor.shape[1]
        return tensor.withUnsafeElements { elements in
            (0..<tensor.shape[0]).map { row in elements[row * width..<(row + 1) * width].map(Double.init) }
        }
    }

    static func logSum(_ values: [Double]) -> Double {
        guard let most = values.max(), most.isFinite else { return .nan }
        return most + log(values.reduce(0) { $0 + exp($1 - most) })
    }
}
