internal import PlumbBasics
internal import PlumbData
internal import PlumbNN
internal import PlumbTensor

extension ONNXGraphBuilder {
    /// Adds an operation of the file.
    ///
    /// - Throws: ``ModelError`` naming the operator where it cannot be read.
    mutating func read(_ node: ONNXFile.Node) throws {
        guard node.domain.isEmpty || node.domain == "ai.onnx" else {
            throw refused(node, "it is of the domain \(visible(node.domain, limit: 40))")
        }
        switch node.operation {
        case "Gemm": try give(node, gemm(node))
        case "MatMul": try give(node, product(node))
        case "Add": try give(node, sum(node, sign: 1))
        case "Sub": try give(node, sum(node, sign: -1))
        case "Mul": try give(node, scaled(node) { $0 })
        case "Div": try give(node, scaled(node) { 1 / $0 })
        case "Relu": try give(node, activation(node, .relu))
        case "Sigmoid": try give(node, activation(node, .sigmoid))
        case "Tanh": try give(node, activation(node, .tanh))
        case "Conv": try give(node, convolution(node))
        case "BatchNormalization": try give(node, normalization(node))
        case "MaxPool": try give(node, pooling(node, isMaximum: true))
        case "AveragePool": try give(node, pooling(node, isMaximum: false))
        case "Flatten": try give(node, flattened(node))
        case "Reshape": try give(node, reshaped(node))
        case "Transpose": try give(node, transposed(node))
        case "Concat": try give(node, concatenated(node))
        case "Identity": try give(node, value(node, 0))
        case "Dropout":
            if let mode = try constant(node, 2), mode.integers.contains(where: { $0 != 0 }) {
                throw refused(node, "it drops at random, as in training: export the network in evaluation mode")
            }
            try give(node, value(node, 0))
        case "Constant":
            guard let tensor = node.attributes["value"]?.tensor else {
                throw refused(node, "it gives no tensor")
            }
            try give(node, .constant(tensor))
        default:
            throw refused(
                node,
                "only Gemm, MatMul, Add, Sub, Mul, Div, Relu, Sigmoid, Tanh, Conv, BatchNormalization, MaxPool, "
                    + "AveragePool, Flatten, Reshape, Transpose, Concat, Constant, Identity and Dropout can be")
        }
    }

    /// A node's value with its numbers in the file's order.
    private mutating func ordered(_ node: ONNXFile.Node, _ place: Int) throws -> (index: Int, shape: [Int]) {
        let value = try inOrder(value(node, place), node.outputs.first ?? "")
        guard case .node(let index, let shape, _) = value else {
            throw refused(node, "its input \(place) is a constant")
        }
        return (index, shape)
    }

    private func name(_ node: ONNXFile.Node) -> String { node.outputs.first ?? "" }

    /// A linear layer over the last axis of a sample, whose other axes have an extent of 1.
    private mutating func linear(
        _ node: ONNXFile.Node, _ weight: Tensor, _ bias: [Float]?, keepsAxes: Bool
    ) throws -> Value {
        var (index, shape) = try ordered(node, 0)
        let width = shape.reduce(1, *)
        guard weight.shape[1] == shape.last, weight.shape[1] == width else {
            throw refused(node, "a weight of \(weight.shape[1]) inputs does not fit a sample of shape \(shape)")
        }
        if shape.count != 1,
            case .node(let flat, _, _) = try append("\(name(node)).flat", .reshape([width]), [index], [width])
        {
            index = flat
        }
        let layer = Linear(weight: Weight(weight), bias: bias.map { Tensor($0) })
        let outputs = weight.shape[0]
        let result = try append(name(node), .linear(layer), [index], [outputs])
        guard keepsAxes, shape.count > 1, case .node(let made, _, _) = result else { return result }
        let kept = shape.dropLast() + [outputs]
        return try append("\(name(node)).axes", .reshape(Array(kept)), [made], Array(kept))
    }

    private func matrix(_ tensor: ONNXTensor, _ node: ONNXFile.Node, transposed: Bool) throws -> Tensor {
        guard tensor.shape.count == 2, !tensor.shape.contains(0), tensor.floats.count == tensor.shape.reduce(1, *)
        else {
            throw refused(node, "its weight has shape \(tensor.shape.prefix(8)), where a matrix of numbers belongs")
        }
        let matrix = Tensor(tensor.floats, shape: tensor.shape)
        return transposed ? matrix : matrix.transposed()
    }

    private mutating func gemm(_ node: ONNXFile.Node) throws -> Value {
        guard node.attributes["transA"]?.integer ?? 0 == 0 else { throw refused(node, "it transposes its input") }
        let (alpha, beta) = (node.attributes["alpha"]?.float ?? 1, node.attributes["beta"]?.float ?? 1)
        var weight = try matrix(
            required(constant(node, 1), node, "a constant weight"), node,
            transposed: node.attributes["transB"]?.integer ?? 0 != 0)
        if alpha != 1 { weight = weight * alpha }
        let bias = try constant(node, 2).map { try spread($0, [weight.shape[0]], node).map { $0 * beta } }
        return try linear(node, weight, bias, keepsAxes: false)
    }

    private mutating func product(_ node: ONNXFile.Node) throws -> Value {
        guard case .constant(let weight) = try value(node, 1) else {
            throw refused(node, "its second input must be a constant")
        }
        return try linear(node, matrix(weight, node, transposed: false), nil, keepsAxes: true)
    }

    /// A constant repeated to a sample's shape.
    private func spread(_ tensor: ONNXTensor, _ shape: [Int], _ node: ONNXFile.Node) throws -> [Float] {
        // A leading batch axis of a constant has an extent of 1.
        var own = tensor.shape
        while own.count > shape.count, own.first == 1 { own.removeFirst() }
        own = [Int](repeating: 1, count: max(0, shape.count - own.count)) + own
        guard own.count == shape.count, zip(own, shape).allSatisfy({ $0 == $1 || $0 == 1 }),
            tensor.floats.count == own.reduce(1, *), !tensor.floats.isEmpty
        else {
            throw refused(node, "a constant of shape \(tensor.shape.prefix(8)) does not fit a sample of shape \(shape)")
        }
        return Tensor(tensor.floats, shape: own).broadcasted(to: shape).elements
    }

    /// `x · scale + offset` in the value's own order.
    private mutating func affine(
        _ node: ONNXFile.Node, _ value: Value, _ scale: [Float], _ offset: [Float]
    ) throws -> Value {
        guard case .node(let index, let shape, let isLast) = value else {
            throw refused(node, "all of its inputs are constants")
        }
        func constant(_ numbers: [Float]) -> Tensor {
            guard isLast else { return Tensor(numbers, shape: shape) }
            let places = NetworkGraph.places(of: [1, 2, 0], shape)
            return Tensor(places.map { numbers[$0] }, shape: [shape[1], shape[2], shape[0]])
        }
        return try append(
            name(node), .scale(constant(scale), offset: constant(offset)), [index], shape, channelsLast: isLast)
    }

    private mutating func sum(_ node: ONNXFile.Node, sign: Float) throws -> Value {
        let (a, b) = (try value(node, 0), try value(node, 1))
        switch (a, b) {
        case (.constant, .constant): throw refused(node, "both of its inputs are constants")
        case (.node(let index, let shape, _), .constant(let tensor)):
            let offset = try spread(tensor, shape, node).map { $0 * sign }
            if foldBias(index, of: node.inputs[0], offset) { return a }
            return try affine(node, a, [Float](repeating: 1, count: offset.count), offset)
        case (.constant(let tensor), .node(let index, let shape, _)):
            let offset = try spread(tensor, shape, node)
            if sign > 0, foldBias(index, of: node.inputs[1], offset) { return b }
            return try affine(node, b, [Float](repeating: sign, count: offset.count), offset)
        case (.node, .node):
            var (left, right) = (try ordered(node, 0), try ordered(node, 1))
            guard left.shape == right.shape else {
                throw refused(node, "values of shapes \(left.shape) and \(right.shape) cannot be added")
            }
            if sign < 0 {
                let count = right.shape.reduce(1, *)
                let negative = try affine(
                    node, .node(right.index, shape: right.shape, channelsLast: false),
                    [Float](repeating: -1, count: count), [Float](repeating: 0, count: count))
                if case .node(let index, _, _) = negative { right.index = index }
            }
            return try append(name(node), .sum, [left.index, right.index], left.shape)
        }
    }

    private mutating func scaled(_ node: ONNXFile.Node, _ factor: (Float) -> Float) throws -> Value {
        let (a, b) = (try value(node, 0), try value(node, 1))
        let isDivision = node.operation == "Div"
        let pair: (Value, ONNXTensor)? =
            switch (a, b) {
            case (.node, .constant(let tensor)): (a, tensor)
            case (.constant(let tensor), .node) where !isDivision: (b, tensor)
            default: nil
            }
        guard let (value, tensor) = pair, case .node(_, let shape, _) = value else {
            throw refused(node, "one of its inputs must be a constant, and not the one that is divided")
        }
        let scale = try spread(tensor, shape, node).map(factor)
        return try affine(node, value, scale, [Float](repeating: 0, count: scale.count))
    }

    private mutating func activation(_ node: ONNXFile.Node, _ function: Activation) throws -> Value {
        guard case .node(let index, let shape, let isLast) = try value(node, 0) else {
            throw refused(node, "its input is a constant")
        }
        return try append(name(node), .activation(function), [index], shape, channelsLast: isLast)
    }
}
