internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// Interval bounds made of operations that are differentiated: what interval bound propagation trains on (Gowal et al. 2018,
/// arXiv:1810.12715). Rounded to nearest; certificates are computed afterwards by ``BoundPropagation``.
enum IntervalLoss {
    /// The logits that are worst for each label among those that the intervals allow: for each class the largest difference
    /// to the label, 0 for the label itself.
    ///
    /// The last layer's weights are subtracted before intervals pass through them, which is tighter than bounds of logits.
    ///
    /// - Shapes: `lower` and `upper` `[B, …]`; result `[B, K]`.
    static func worstLogits(_ network: NetworkGraph, _ lower: Tensor, _ upper: Tensor, _ labels: [Int]) -> Tensor {
        let last = network.nodes.count - 1
        guard case .linear(let layer) = network.nodes[last].operation else {
            unmet("interval training needs a network that ends in a linear layer")
        }
        let batch = lower.shape[0]
        func first(_ x: Tensor) -> Tensor { x.reshaped([batch] + network.inputShape) }
        var values = [(center: (first(lower) + first(upper)) * 0.5, radius: (first(upper) - first(lower)) * 0.5)]
        for index in 1..<last {
            let node = network.nodes[index]
            values.append(passed(node.operation, node.inputs.map { values[$0] }, network.shapes[index]))
        }
        let (center, radius) = values[network.nodes[last].inputs[0]]
        let weight = layer.weight.tensor()
        let classes = weight.shape[0]
        let samples = (0..<batch).flatMap { [Int](repeating: $0, count: classes) }
        let own = samples.map { labels[$0] }
        let others = (0..<batch).flatMap { _ in Array(0..<classes) }
        let difference = weight.gathered(others) - weight.gathered(own)
        var worst = (difference * center.gathered(samples) + difference.absolute() * radius.gathered(samples))
            .summed(axis: 1)
        if let bias = layer.bias {
            let column = bias.reshaped([classes, 1])
            worst = worst + (column.gathered(others) - column.gathered(own)).reshaped([batch * classes])
        }
        return worst.reshaped([batch, classes])
    }

    private typealias Ball = (center: Tensor, radius: Tensor)

    private static func passed(_ operation: NetworkGraph.Operation, _ inputs: [Ball], _ shape: [Int]) -> Ball {
        let x = inputs[0]
        switch operation {
        case .input: return x
        case .linear(let layer):
            return (layer(x.center), x.radius.matmul(transposed: layer.weight.tensor().absolute()))
        case .convolution(let layer):
            let radius = x.radius.convolved2D(
                layer.weight.absolute(), stride: layer.stride, padding: layer.padding)
            return (layer(x.center), radius)
        case .averagePool(let pool): return (pool(x.center), pool(x.radius))
        case .scale(let scale, let offset): return (x.center * scale + offset, x.radius * scale.absolute())
        case .sum:
            return inputs.dropFirst().reduce(x) { ($0.center + $1.center, $0.radius + $1.radius) }
        case .activation(let function): return ends(x) { function($0) }
        case .maxPool(let pool): return ends(x) { pool($0) }
        case .reshape: return moved(x) { $0.reshaped([$0.shape[0]] + shape) }
        case .transpose(let axes):
            return moved(x) { tensor in
                let places = NetworkGraph.places(of: axes, Array(tensor.shape.dropFirst()))
                let columns = tensor.reshaped([tensor.shape[0], places.count]).transposed()
                return columns.gathered(places).transposed().reshaped([tensor.shape[0]] + shape)
            }
        case .concatenate(let axis):
            return (
                .concatenated(inputs.map(\.center), axis: axis + 1), .concatenated(inputs.map(\.radius), axis: axis + 1)
            )
        }
    }

    private static func moved(_ x: Ball, _ body: (Tensor) -> Tensor) -> Ball { (body(x.center), body(x.radius)) }

    /// Through a function that rises.
    private static func ends(_ x: Ball, _ body: (Tensor) -> Tensor) -> Ball {
        let (lower, upper) = (body(x.center - x.radius), body(x.center + x.radius))
        return ((lower + upper) * 0.5, (upper - lower) * 0.5)
    }
}
