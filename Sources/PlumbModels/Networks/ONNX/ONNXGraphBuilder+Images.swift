internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbNN
internal import PlumbTensor

// Operators of images and of shapes.

extension ONNXGraphBuilder {
    /// An image's value with channels last, and its shape in the file's order, `[C, H, W]`.
    private mutating func image(_ node: ONNXFile.Node) throws -> (index: Int, shape: [Int]) {
        guard case .node(_, let shape, _) = try value(node, 0), shape.count == 3, leadingAxes == 1 else {
            throw refused(node, "its input is no batch of images [B, C, H, W]")
        }
        let last = try channelsLast(value(node, 0), node.outputs.first ?? "")
        guard case .node(let index, _, _) = last else { throw refused(node, "its input is a constant") }
        return (index, shape)
    }

    /// The window's movement, one number for both axes.
    private func window(_ node: ONNXFile.Node) throws -> (stride: Int, padding: Int) {
        func equal(_ name: String, _ usual: Int, _ count: Int) throws -> Int {
            let values = node.attributes[name]?.integers ?? []
            guard values.isEmpty || values.count == count, Set(values).count <= 1 else {
                throw refused(node, "its \(name) \(values.prefix(8)) are not the same on every side")
            }
            return values.first ?? usual
        }
        let padding = node.attributes["auto_pad"]?.text ?? "NOTSET"
        guard ["NOTSET", "VALID"].contains(padding) else {
            throw refused(node, "it pads by \(visible(padding, limit: 40))")
        }
        guard try equal("dilations", 1, 2) == 1 else { throw refused(node, "its window is dilated") }
        let (stride, pads) = (try equal("strides", 1, 2), try equal("pads", 0, 4))
        guard (1...1 << 20).contains(stride), (0...1 << 20).contains(pads) else {
            throw refused(node, "its window cannot move by \(stride) with padding \(pads)")
        }
        return (stride, pads)
    }

    mutating func convolution(_ node: ONNXFile.Node) throws -> Value {
        let (index, shape) = try image(node)
        let weight = try required(constant(node, 1), node, "a constant weight")
        guard node.attributes["group"]?.integer ?? 1 == 1 else { throw refused(node, "it has groups") }
        guard weight.shape.count == 4, !weight.shape.contains(0), weight.shape[1] == shape[0],
            weight.floats.count == weight.shape.reduce(1, *)
        else { throw refused(node, "a weight of shape \(weight.shape.prefix(8)) does not fit images \(shape)") }
        let (stride, padding) = try window(node)
        let bias = try constant(node, 2)
        guard bias.map({ $0.floats.count == weight.shape[0] }) ?? true else {
            throw refused(node, "its bias has \(bias?.floats.count ?? 0) numbers for \(weight.shape[0]) channels")
        }
        let (rows, columns) = (shape[1] + 2 * padding - weight.shape[2], shape[2] + 2 * padding - weight.shape[3])
        guard rows >= 0, columns >= 0 else {
            throw refused(node, "its window \(weight.shape[2...]) does not fit in images \(shape)")
        }
        let layer = Convolution2D(
            weight: Tensor(weight.floats, shape: weight.shape), bias: bias.map { Tensor($0.floats) }, stride: stride,
            padding: padding)
        return try append(
            node.outputs.first ?? "", .convolution(layer), [index],
            [weight.shape[0], rows / stride + 1, columns / stride + 1], channelsLast: true)
    }

    mutating func pooling(_ node: ONNXFile.Node, isMaximum: Bool) throws -> Value {
        let (index, shape) = try image(node)
        let (stride, padding) = try window(node)
        let size = node.attributes["kernel_shape"]?.integers ?? []
        guard size.count == 2, size[0] == size[1], size[0] > 0, size[0] <= shape[1], size[0] <= shape[2] else {
            throw refused(node, "its window \(size.prefix(8)) is no square that fits in images \(shape)")
        }
        guard padding == 0, node.attributes["ceil_mode"]?.integer ?? 0 == 0 else {
            throw refused(node, "it pads images or rounds their size up")
        }
        let operation: NetworkGraph.Operation =
            isMaximum
            ? .maxPool(MaxPool2D(window: size[0], stride: stride))
            : .averagePool(AveragePool2D(window: size[0], stride: stride))
        return try append(
            node.outputs.first ?? "", operation, [index],
            [shape[0], (shape[1] - size[0]) / stride + 1, (shape[2] - size[0]) / stride + 1], channelsLast: true)
    }

    /// Normalization by the statistics of training, `(x - μ) / √(σ² + ε) · γ + β` for each channel.
    mutating func normalization(_ node: ONNXFile.Node) throws -> Value {
        guard case .node(let index, let shape, let isLast) = try value(node, 0) else {
            throw refused(node, "its input is a constant")
        }
        guard node.attributes["training_mode"]?.integer ?? 0 == 0 else { throw refused(node, "it is in training mode") }
        let parts = try (1...4).map { try required(constant(node, $0), node, "input \($0)").floats }
        guard parts.allSatisfy({ $0.count == shape[0] }) else {
            throw refused(node, "its constants do not have \(shape[0]) numbers")
        }
        let epsilon = Double(node.attributes["epsilon"]?.float ?? 1e-5)
        var (scale, offset) = ([Float](), [Float]())
        for channel in 0..<shape[0] {
            let factor = Double(parts[0][channel]) / (Double(parts[3][channel]) + epsilon).squareRoot()
            scale.append(Float(factor))
            offset.append(Float(Double(parts[1][channel]) - Double(parts[2][channel]) * factor))
        }
        // For each number the constants of its channel, in the value's own order.
        let count = shape.reduce(1, *)
        let ownShape = isLast ? [shape[1], shape[2], shape[0]] : shape
        func spread(_ numbers: [Float]) -> Tensor {
            let each = count / shape[0]
            return Tensor((0..<count).map { numbers[isLast ? $0 % shape[0] : $0 / each] }, shape: ownShape)
        }
        return try append(
            node.outputs.first ?? "", .scale(spread(scale), offset: spread(offset)), [index], shape,
            channelsLast: isLast)
    }

    // MARK: Shapes

    private mutating func inFileOrder(_ node: ONNXFile.Node, _ place: Int = 0) throws -> (index: Int, shape: [Int]) {
        let ordered = try inOrder(value(node, place), node.outputs.first ?? "")
        guard case .node(let index, let shape, _) = ordered else {
            throw refused(node, "its input \(place) is a constant")
        }
        return (index, shape)
    }

    mutating func flattened(_ node: ONNXFile.Node) throws -> Value {
        let (index, shape) = try inFileOrder(node)
        let axis = node.attributes["axis"]?.integer ?? 1
        guard axis == 1 || axis == -shape.count, leadingAxes == 1 else {
            throw refused(node, "it keeps other axes than that of the batch")
        }
        let count = shape.reduce(1, *)
        return try append(node.outputs.first ?? "", .reshape([count]), [index], [count])
    }

    mutating func reshaped(_ node: ONNXFile.Node) throws -> Value {
        let (index, shape) = try inFileOrder(node)
        var target = try required(constant(node, 1), node, "a constant shape").integers
        let count = shape.reduce(1, *)
        if leadingAxes == 1 {
            guard let batch = target.first, [0, -1, 1].contains(batch) else {
                throw refused(node, "its shape \(target.prefix(8)) does not keep the batch")
            }
            target.removeFirst()
        }
        for (axis, extent) in target.enumerated() where extent == 0 {
            guard shape.indices.contains(axis), node.attributes["allowzero"]?.integer ?? 0 == 0 else {
                throw refused(node, "its shape \(target.prefix(8)) has an axis of no extent")
            }
            target[axis] = shape[axis]
        }
        guard target.count <= 8, target.allSatisfy({ ($0 > 0 && $0 <= count) || $0 == -1 }) else {
            throw refused(node, "a sample of shape \(shape) cannot have the shape \(target.prefix(8))")
        }
        if let unknown = target.firstIndex(of: -1) {
            // At most 8 extents of at most 2²⁸ numbers: counted without overflow by stopping early.
            var rest = 1
            for extent in target where extent > 0 { rest = rest > count ? rest : rest * extent }
            target[unknown] = rest > 0 && count % rest == 0 ? count / rest : 0
        }
        var product = 1
        for extent in target { product = product > count ? product : product * extent }
        guard product == count, !target.isEmpty else {
            throw refused(node, "a sample of shape \(shape) cannot have the shape \(target)")
        }
        return try append(node.outputs.first ?? "", .reshape(target), [index], target)
    }

    mutating func transposed(_ node: ONNXFile.Node) throws -> Value {
        let (index, shape) = try inFileOrder(node)
        let usual = Array((0..<shape.count + leadingAxes).reversed())
        var order = node.attributes["perm"]?.integers ?? usual
        guard order.sorted() == usual.reversed() else {
            throw refused(node, "its order of axes \(order.prefix(8)) is none of \(shape.count + leadingAxes) axes")
        }
        if leadingAxes == 1 {
            guard order.first == 0 else { throw refused(node, "it moves the batch") }
            order = order.dropFirst().map { $0 - 1 }
        }
        return try append(node.outputs.first ?? "", .transpose(order), [index], order.map { shape[$0] })
    }

    mutating func concatenated(_ node: ONNXFile.Node) throws -> Value {
        var (indices, shape) = ([Int](), [Int]())
        for place in node.inputs.indices {
            let (index, own) = try inFileOrder(node, place)
            indices.append(index)
            let axis = try axis(node.attributes["axis"]?.integer ?? 0, rank: own.count, node)
            if shape.isEmpty {
                shape = own
            } else {
                guard own.count == shape.count, own.indices.allSatisfy({ $0 == axis || own[$0] == shape[$0] }) else {
                    throw refused(node, "values of shapes \(shape) and \(own) cannot follow one another")
                }
                shape[axis] += own[axis]
            }
        }
        guard !indices.isEmpty else { throw refused(node, "it reads nothing") }
        let axis = try axis(node.attributes["axis"]?.integer ?? 0, rank: shape.count, node)
        return try append(node.outputs.first ?? "", .concatenate(axis: axis), indices, shape)
    }
}
