internal import PlumbModels
internal import PlumbTensor

/// Searches a region for an input whose output is unsafe, by projected gradient steps from random starts (Madry et al. 2017,
/// arXiv:1706.06083) on the constraint that is furthest from being met.
struct CounterexampleSearch {
    var starts = 16
    var steps = 40

    /// An input `[1, n]` that the network, run on it alone, shows to violate the property; nil where none was found.
    func find(_ network: NetworkGraph, _ region: NetworkProperty.Region, key: RandomKey) -> Tensor? {
        let box = region.inputs
        let width = box.width
        let (lower, upper) = (box.lower.elements, box.upper.elements)
        guard zip(lower, upper).allSatisfy({ $0 <= $1 }) else { return nil }
        var generator = key.generator()
        var x = Tensor(shape: [starts, width]) { y in
            for i in 0..<starts * width {
                let (l, u) = (lower[i % width], upper[i % width])
                // The first start is the middle.
                let share = i < width ? 0.5 : Float(generator.uniform())
                y[i] = min(u, max(l, l + share * (u - l)))
            }
        }
        for step in 0...steps {
            var outputs = Tensor.zeros([0])
            let gradient = valueWithPullback(
                at: x,
                seed: { y in
                    outputs = y
                    return steepest(y, region)
                }
            ) { network($0).reshaped([starts, -1]) }.gradient
            if let found = witness(network, x, outputs, region) { return found }
            if step == steps { break }
            // From a quarter of the box down to a hundredth.
            let size = 0.25 * (1 - Float(step) / Float(steps)) + 0.01
            x = Tensor(shape: x.shape) { y in
                x.withUnsafeElements { x in
                    gradient.withUnsafeElements { g in
                        for i in x.indices {
                            let (l, u) = (lower[i % width], upper[i % width])
                            let moved = x[i] - size * (u - l) * (g[i] > 0 ? 1 : g[i] < 0 ? -1 : 0)
                            y[i] = min(u, max(l, moved))
                        }
                    }
                }
            }
        }
        return nil
    }

    /// The first of `inputs` that violates the property when the network is run on it alone.
    func witness(
        _ network: NetworkGraph, _ inputs: Tensor, _ outputs: Tensor, _ region: NetworkProperty.Region
    ) -> Tensor? {
        for row in 0..<inputs.shape[0] {
            guard region.isWitness(inputs[row..<row + 1], output: outputs[row]) else { continue }
            let input = inputs[row..<row + 1]
            if region.isWitness(input, output: network(input)) { return input }
        }
        return nil
    }

    /// For each row the weights of the constraint with the largest excess.
    private func steepest(_ outputs: Tensor, _ region: NetworkProperty.Region) -> Tensor {
        let width = outputs.shape[1]
        return Tensor(shape: outputs.shape) { y in
            y.initialize(repeating: 0)
            for row in 0..<outputs.shape[0] {
                let output = outputs[row].elements
                let excesses = region.constraints.map { $0.excess(output) }
                guard let worst = excesses.indices.max(by: { excesses[$0] < excesses[$1] }) else { continue }
                for i in 0..<width { y[row * width + i] = Float(region.constraints[worst].weights[i]) }
            }
        }
    }
}
