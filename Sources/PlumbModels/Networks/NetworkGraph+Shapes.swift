internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

extension NetworkGraph {
    /// The shape of one sample's value at each node.
    static func shapes(_ input: [Int], _ nodes: [Node]) throws -> [[Int]] {
        guard let first = nodes.first, case .input = first.operation, nodes.count > 1 else {
            throw ModelError("a network needs an input as its first node, and at least one more")
        }
        guard !input.isEmpty, input.allSatisfy({ $0 > 0 }), Set(nodes.map(\.name)).count == nodes.count else {
            throw ModelError("a network needs an input with numbers in it, and a name of its own for each node")
        }
        var shapes = [input]
        for (index, node) in nodes.enumerated().dropFirst() {
            guard !node.inputs.isEmpty, node.inputs.allSatisfy({ (0..<index).contains($0) }) else {
                throw ModelError("node \(visible(node.name, limit: 60)) must read earlier nodes")
            }
            guard let shape = shape(of: node.operation, node.inputs.map { shapes[$0] }) else {
                let read = node.inputs.map { "\(shapes[$0])" }.joined(separator: " and ")
                throw ModelError(
                    "node \(visible(node.name, limit: 60)) (\(node.operation.word)) does not fit what it reads, \(read)"
                )
            }
            shapes.append(shape)
        }
        return shapes
    }

    /// The shape of an operation's value, or nil where it does not fit its inputs.
    private static func shape(of operation: Operation, _ inputs: [[Int]]) -> [Int]? {
        let x = inputs[0]
        if case .sum = operation { return inputs.allSatisfy { $0 == x } ? x : nil }
        guard inputs.count == 1 else { return nil }
        switch operation {
        case .input, .sum: return nil
        case .linear(let layer): return x == [layer.weight.inputs] ? [layer.weight.outputs] : nil
        case .convolution(let layer):
            let weight = layer.weight.shape
            guard x.count == 3, weight.count == 4, weight[1] == x[2], layer.stride > 0, layer.padding >= 0 else {
                return nil
            }
            let (rows, columns) = (x[0] + 2 * layer.padding - weight[2], x[1] + 2 * layer.padding - weight[3])
            return rows < 0 || columns < 0 ? nil : [rows / layer.stride + 1, columns / layer.stride + 1, weight[0]]
        case .activation: return x
        case .maxPool(let pool): return pooled(x, pool.window, pool.stride)
        case .averagePool(let pool): return pooled(x, pool.window, pool.stride)
        case .scale(let scale, let offset): return scale.shape == x && offset.shape == x ? x : nil
        case .reshape(let shape):
            return shape.allSatisfy { $0 > 0 } && shape.reduce(1, *) == x.reduce(1, *) ? shape : nil
        }
    }

    private static func pooled(_ x: [Int], _ window: Int, _ stride: Int) -> [Int]? {
        guard x.count == 3, window > 0, stride > 0, window <= x[0], window <= x[1] else { return nil }
        return [(x[0] - window) / stride + 1, (x[1] - window) / stride + 1, x[2]]
    }
}

extension NetworkGraph.Operation {
    /// The operation in a word, for messages.
    var word: String {
        switch self {
        case .input: "input"
        case .linear: "linear"
        case .convolution: "convolution"
        case .activation(let function): function.rawValue
        case .maxPool: "max pooling"
        case .averagePool: "average pooling"
        case .sum: "sum"
        case .scale: "scale"
        case .reshape: "reshape"
        }
    }
}
