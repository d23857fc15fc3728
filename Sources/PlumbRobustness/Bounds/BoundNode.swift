internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// An operation of a network in the form in which bounds pass through it: every value is a row of numbers.
struct BoundNode: Sendable {
    enum Kind: Sendable {
        case input
        case linear(DenseMap)
        case convolution(ImageMap)
        /// `x · scale + offset`.
        case scale([Float], [Float])
        /// The mean of each window, by the places of what it reads.
        case averagePool([[Int]])
        case maxPool([[Int]])
        case sum
        /// For each input, where its numbers go.
        case move([[Int]])
        case activation(Activation)
    }

    let name: String
    let kind: Kind
    let inputs: [Int]
    /// The numbers of one sample.
    let width: Int

    /// Whether a linear relaxation stands for the operation.
    var isRelaxed: Bool {
        switch kind {
        case .activation, .maxPool: true
        default: false
        }
    }

    /// The nodes of a network.
    ///
    /// - Throws: ``BoundError`` naming the first operation that has no bound.
    static func nodes(of network: NetworkGraph) throws -> [BoundNode] {
        for node in network.nodes {
            if case .activation(let function) = node.operation, ![.relu, .sigmoid, .tanh].contains(function) {
                throw BoundError(
                    "node \(visible(node.name, limit: 60)) is \(function.rawValue), for which there is no bound: "
                        + "there are bounds of relu, sigmoid and tanh")
            }
        }
        return network.nodes.enumerated().map { index, node in
            let shapes = node.inputs.map { network.shapes[$0] }
            return BoundNode(
                name: node.name, kind: kind(node.operation, shapes, network.shapes[index]), inputs: node.inputs,
                width: network.shapes[index].reduce(1, *))
        }
    }

    private static func kind(_ operation: NetworkGraph.Operation, _ inputs: [[Int]], _ shape: [Int]) -> Kind {
        switch operation {
        case .input: return .input
        case .linear(let layer): return .linear(DenseMap(layer))
        case .convolution(let layer): return .convolution(ImageMap(layer, inputs[0], shape))
        case .activation(let function): return .activation(function)
        case .maxPool(let pool): return .maxPool(windows(inputs[0], shape, pool.window, pool.stride))
        case .averagePool(let pool): return .averagePool(windows(inputs[0], shape, pool.window, pool.stride))
        case .sum: return .sum
        case .scale(let scale, let offset): return .scale(scale.elements, offset.elements)
        case .reshape: return .move([Array(0..<shape.reduce(1, *))])
        case .transpose(let axes):
            let sources = NetworkGraph.places(of: axes, inputs[0])
            var places = [Int](repeating: 0, count: sources.count)
            for (place, source) in sources.enumerated() { places[source] = place }
            return .move([places])
        case .concatenate(let axis): return .move(joined(inputs, shape, axis))
        }
    }

    /// The numbers that each window of an image `[H, W, C]` holds.
    private static func windows(_ image: [Int], _ shape: [Int], _ window: Int, _ stride: Int) -> [[Int]] {
        var windows: [[Int]] = []
        for row in 0..<shape[0] {
            for column in 0..<shape[1] {
                for channel in 0..<shape[2] {
                    windows.append(
                        (0..<window * window).map { place in
                            let (y, x) = (row * stride + place / window, column * stride + place % window)
                            return (y * image[1] + x) * image[2] + channel
                        })
                }
            }
        }
        return windows
    }

    /// Where the numbers of each input go when they stand one after another along an axis.
    private static func joined(_ inputs: [[Int]], _ shape: [Int], _ axis: Int) -> [[Int]] {
        let inner = shape[(axis + 1)...].reduce(1, *)
        var first = 0
        return inputs.map { input in
            let (block, start) = (input[axis] * inner, first)
            first += block
            return (0..<input.reduce(1, *)).map { ($0 / block) * shape[axis] * inner + start + $0 % block }
        }
    }
}

/// A linear layer with its magnitudes: `x · Wᵀ + b`.
struct DenseMap: Sendable {
    let layer: Linear
    /// `a · W`.
    let backward: Weight
    /// `x · |W|ᵀ`.
    let magnitude: Weight
    let bias: [Float]?
    let inputs, outputs: Int

    init(_ source: Linear) {
        let weight = source.merged.weight.tensor().detached()
        layer = Linear(weight: Weight(weight), bias: source.bias?.detached())
        backward = Weight([.transposed(weight)])
        magnitude = Weight(weight.absolute())
        bias = source.bias?.elements
        (inputs, outputs) = (weight.shape[1], weight.shape[0])
    }
}

/// A convolution with its magnitudes, on images that are rows of numbers.
struct ImageMap: Sendable {
    let layer: Convolution2D
    let magnitude: Convolution2D
    let input, output: [Int]
    let bias: [Float]?
    /// The most products that a sum over a window, or over the windows that read a number, has.
    let reads, readers: Int

    init(_ source: Convolution2D, _ input: [Int], _ output: [Int]) {
        let weight = source.weight.detached()
        layer = Convolution2D(
            weight: weight, bias: source.bias?.detached(), stride: source.stride, padding: source.padding)
        magnitude = Convolution2D(weight: weight.absolute(), stride: source.stride, padding: source.padding)
        (self.input, self.output) = (input, output)
        bias = source.bias?.elements
        (reads, readers) = (weight.shape[1...].reduce(1, *), weight.shape[0] * weight.shape[2] * weight.shape[3])
    }

    func callAsFunction(_ rows: Tensor) -> Tensor { apply(layer, rows) }
    func magnitudes(_ rows: Tensor) -> Tensor { apply(magnitude, rows) }

    private func apply(_ layer: Convolution2D, _ rows: Tensor) -> Tensor {
        layer(rows.reshaped([rows.shape[0]] + input)).reshaped([rows.shape[0], output.reduce(1, *)])
    }

    /// `a · W` for rows of coefficients of the outputs.
    func backward(_ rows: Tensor) -> Tensor {
        rows.reshaped([rows.shape[0]] + output).carriedBackThroughConvolution2D(
            layer.weight, rows: input[0], columns: input[1], stride: layer.stride, padding: layer.padding
        ).reshaped([rows.shape[0], input.reduce(1, *)])
    }
}
