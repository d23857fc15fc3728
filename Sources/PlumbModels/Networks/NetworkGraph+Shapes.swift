internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

extension NetworkGraph {
    /// The shape of one sample's value at each node.
    static func shapes(_ input: [Int], _ nodes: [Node]) throws -> [[Int]] {
        guard let first = nodes.first, case .input = first.operation, nodes.count > 1 else {
            throw ModelError("a network needs an input as its first node, and at least one more")
        }
        guard !input.isEmpty, count(input) != nil, Set(nodes.map(\.name)).count == nodes.count else {
            throw ModelError("a network needs an input with numbers in it, and a name of its own for each node")
        }
        var shapes = [input]
        for (index, node) in nodes.enumerated().dropFirst() {
            guard !node.inputs.isEmpty, node.inputs.allSatisfy({ (0..<index).contains($0) }) else {
                throw ModelError("node \(visible(node.name, limit: 60)) must read earlier nodes")
            }
            let found = shape(of: node.operation, node.inputs.map { shapes[$0] })
            guard let shape = found, count(shape) != nil else {
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
        switch operation {
        case .sum: return inputs.allSatisfy { $0 == x } ? x : nil
        case .concatenate(let axis): return concatenated(inputs, axis)
        default: break
        }
        guard inputs.count == 1 else { return nil }
        switch operation {
        case .input, .sum, .concatenate: return nil
        case .linear(let layer): return x == [layer.weight.inputs] ? [layer.weight.outputs] : nil
        case .convolution(let layer):
            let weight = layer.weight.shape
            guard x.count == 3, weight.count == 4, weight[1] == x[2], layer.stride > 0,
                (0...largest).contains(layer.padding), layer.bias.map({ $0.shape == [weight[0]] }) ?? true
            else { return nil }
            let (rows, columns) = (x[0] + 2 * layer.padding - weight[2], x[1] + 2 * layer.padding - weight[3])
            return rows < 0 || columns < 0 ? nil : [rows / layer.stride + 1, columns / layer.stride + 1, weight[0]]
        case .activation: return x
        case .maxPool(let pool): return pooled(x, pool.window, pool.stride)
        case .averagePool(let pool): return pooled(x, pool.window, pool.stride)
        case .scale(let scale, let offset): return scale.shape == x && offset.shape == x ? x : nil
        case .reshape(let shape):
            return count(shape) == count(x) ? shape : nil
        case .transpose(let axes):
            return axes.sorted() == Array(x.indices) ? axes.map { x[$0] } : nil
        }
    }

    private static func concatenated(_ inputs: [[Int]], _ axis: Int) -> [Int]? {
        guard var shape = inputs.first, shape.indices.contains(axis) else { return nil }
        shape[axis] = 0
        for input in inputs {
            guard input.count == shape.count,
                shape.indices.allSatisfy({ $0 == axis || shape[$0] == input[$0] })
            else { return nil }
            shape[axis] += input[axis]
        }
        return shape
    }

    /// The most numbers that one sample's value at a node may hold: files may claim any.
    private static let largest = 1 << 28

    /// How many numbers a shape holds; nil for none and for more than a node may hold.
    private static func count(_ shape: [Int]) -> Int? {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflow, product <= largest else { return nil }
            count = product
        }
        return count
    }

    /// Where each number of a sample with its axes in another order comes from, as indices of the numbers before.
    ///
    /// - Parameters:
    ///   - axes: the order, as ``Operation/transpose(_:)`` has it.
    ///   - shape: of the sample before.
    public static func places(of axes: [Int], _ shape: [Int]) -> [Int] {
        var places = [0]
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        for axis in axes {
            places = places.flatMap { place in (0..<shape[axis]).map { place + $0 * strides[axis] } }
        }
        return places
    }

    private static func pooled(_ x: [Int], _ window: Int, _ stride: Int) -> [Int]? {
        guard x.count == 3, window > 0, stride > 0, window <= x[0], window <= x[1] else { return nil }
        return [(x[0] - window) / stride + 1, (x[1] - window) / stride + 1, x[2]]
    }
}

extension NetworkGraph.Operation {
    /// The operation in a word, for messages.
    public var word: String {
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
        case .transpose: "transpose"
        case .concatenate: "concatenate"
        }
    }
}
