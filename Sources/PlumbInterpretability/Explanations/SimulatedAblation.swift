internal import PlumbBasics
public import PlumbModels
internal import Foundation
internal import PlumbTensor

/// Scores an explanation by what the model does when a neuron's activations are replaced by simulated ones
/// (Bills et al. 2023, the ablation score).
public enum SimulatedAblation {
    /// `1 - D(simulated) / D(mean)`, where D is the mean Jensen–Shannon divergence of the next token's distribution
    /// from the intact model's, over all tokens. 1 for a perfect simulation, 0 for one that is no better than the mean;
    /// NaN where the mean does no harm.
    ///
    /// - Parameters:
    ///   - neuron: of the MLP of `block`.
    ///   - texts: tokens of each text.
    ///   - simulated: for each text the calibrated activation of each token.
    ///   - mean: the neuron's mean activation.
    /// - Throws: `ModelError` for texts that the model cannot read.
    public static func score(
        _ model: HookedTransformer, neuron: Int, block: Int, texts: [[Int]], simulated: [[Double]], mean: Double
    ) throws -> Double {
        require(texts.map(\.count) == simulated.map(\.count), "a simulation needs an activation for each token")
        var (left, whole) = (0.0, 0.0)
        for (tokens, values) in zip(texts, simulated) {
            try model.check(tokens)
            let intact = probabilities(model, tokens, [])
            func harm(_ values: [Double]) -> Double {
                let changed = probabilities(model, tokens, [replacing(neuron, block, by: values)])
                return zip(intact, changed).reduce(0) { $0 + divergence($1.0, $1.1) }
            }
            left += harm(values)
            whole += harm(values.map { _ in mean })
        }
        return whole > 0 ? 1 - left / whole : .nan
    }

    /// The neuron's activation at each token of a prompt set to `values`.
    static func replacing(_ neuron: Int, _ block: Int, by values: [Double]) -> Intervention {
        Intervention("simulated activations", at: .block(block, .mlpPost)) { activation in
            let width = activation.shape.last ?? 0
            require((0..<width).contains(neuron), "the MLP has \(width) neurons, no neuron \(neuron)")
            var elements = activation.elements
            for (row, value) in values.enumerated() { elements[row * width + neuron] = Float(value) }
            return Tensor(elements, shape: activation.shape)
        }
    }

    private static func probabilities(
        _ model: HookedTransformer, _ tokens: [Int], _ changes: [Intervention]
    ) -> [[Float]] {
        let rows = model.run(tokens, with: changes).output.softmax()
        return (0..<tokens.count).map { rows[$0].elements }
    }

    /// The Jensen–Shannon divergence of two distributions, in nats.
    static func divergence(_ p: [Float], _ q: [Float]) -> Double {
        var sum = 0.0
        for (a, b) in zip(p, q) {
            let (a, b) = (Double(a), Double(b))
            let middle = (a + b) / 2
            if a > 0 { sum += a * log(a / middle) }
            if b > 0 { sum += b * log(b / middle) }
        }
        return max(0, sum / 2)
    }
}
