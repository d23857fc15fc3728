public import Foundation
internal import PlumbBasics
public import PlumbData
internal import PlumbNN
internal import PlumbTensor

extension NetworkGraph {
    /// The network that an ONNX file at `url` holds.
    ///
    /// The operators are Gemm, MatMul, Add, Sub, Mul and Div by constants, Relu, Sigmoid, Tanh, Conv, BatchNormalization,
    /// MaxPool, AveragePool, Flatten, Reshape, Transpose, Concat, Constant, Identity and Dropout; sums of two values, too. The
    /// network's input has the order of the file's, for images `[C, H, W]`.
    ///
    /// - Throws: `FileError` or ``ModelError`` naming the file and the operator that cannot be read.
    public init(onnx url: URL) throws { try self.init(onnx: ONNXFile(contentsOf: url)) }

    /// The network that an ONNX file holds.
    ///
    /// - Throws: ``ModelError`` naming the file and the operator that cannot be read.
    public init(onnx file: ONNXFile) throws {
        do {
            var builder = try ONNXGraphBuilder(file)
            for node in file.nodes { try builder.read(node) }
            self = try builder.network()
        } catch let error as ModelError {
            throw ModelError("\(file.name): \(error.description)")
        }
    }
}

/// Makes a network of an ONNX graph, one operation after another.
struct ONNXGraphBuilder {
    /// What a name of the file stands for.
    enum Value {
        /// A node's value; of images perhaps with channels last, where the file has them first.
        case node(Int, shape: [Int], channelsLast: Bool)
        case constant(ONNXTensor)
    }

    private let file: ONNXFile
    private var values: [String: Value] = [:]
    private var nodes: [NetworkGraph.Node] = []
    private var taken: Set<String> = ["input"]
    private var uses: [String: Int] = [:]
    private let inputShape: [Int]
    /// How many axes come before those of a sample.
    private let batchAxes: Int

    init(_ file: ONNXFile) throws {
        self.file = file
        let ports = file.inputs.filter { file.initializers[$0.name] == nil }
        guard let input = ports.first, ports.count == 1, file.outputs.count == 1 else {
            throw ModelError(
                "a network here has one input and one output; the file has \(ports.count) and \(file.outputs.count)")
        }
        guard input.elementType == 1, let shape = input.shape, !shape.isEmpty else {
            throw ModelError("the input \(visible(input.name, limit: 60)) is no float32 tensor with a shape")
        }
        batchAxes = shape.count > 1 ? 1 : 0
        let sample = shape.dropFirst(batchAxes).compactMap { $0 }
        guard sample.count == shape.count - batchAxes, sample.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
            throw ModelError("the input \(visible(input.name, limit: 60)) has extents that are not fixed")
        }
        inputShape = sample
        nodes = [.init("input", .input, inputs: [])]
        for (name, tensor) in file.initializers { values[name] = .constant(tensor) }
        values[input.name] = .node(0, shape: sample, channelsLast: false)
        for name in file.nodes.flatMap(\.inputs) + file.outputs.map(\.name) { uses[name, default: 0] += 1 }
    }

    /// The whole network: what the output does not depend on is left out.
    func network() throws -> NetworkGraph {
        var builder = self
        let name = file.outputs[0].name
        guard case .node(let last, _, _)? = try builder.values[name].map({ try builder.inOrder($0, "the output") })
        else {
            throw ModelError("the output \(visible(name, limit: 60)) is not computed from the input")
        }
        var needed: Set<Int> = [0, last]
        for index in stride(from: last, through: 0, by: -1) where needed.contains(index) {
            needed.formUnion(builder.nodes[index].inputs)
        }
        var places: [Int: Int] = [:]
        var kept: [NetworkGraph.Node] = []
        for (index, node) in builder.nodes.enumerated() where needed.contains(index) {
            places[index] = kept.count
            kept.append(.init(node.name, node.operation, inputs: node.inputs.compactMap { places[$0] }))
        }
        return try NetworkGraph(inputShape: inputShape, nodes: kept)
    }

    // MARK: Pieces for operators

    /// A node of the network; its name is made unique.
    mutating func append(
        _ name: String, _ operation: NetworkGraph.Operation, _ inputs: [Int], _ shape: [Int], channelsLast: Bool = false
    ) throws -> Value {
        // Shapes are checked as soon as they are known, so that nothing large is built from wrong ones.
        guard shape.allSatisfy({ $0 > 0 }),
            shape.reduce(
                Optional(1),
                { total, extent in
                    guard let total else { return nil }
                    let (product, overflow) = total.multipliedReportingOverflow(by: extent)
                    return overflow || product > 1 << 24 ? nil : product
                }) != nil
        else { throw ModelError("\(visible(name, limit: 60)) would have the impossible shape \(shape.prefix(8))") }
        let isFree = !name.isEmpty && taken.insert(name).inserted
        nodes.append(.init(isFree ? name : "\(name)#\(nodes.count)", operation, inputs: inputs))
        return .node(nodes.count - 1, shape: shape, channelsLast: channelsLast)
    }

    /// The value with its numbers in the file's order.
    mutating func inOrder(_ value: Value, _ name: String) throws -> Value {
        guard case .node(let index, let shape, true) = value else { return value }
        // Shapes are kept as the file has them, [C, H, W].
        return try append("\(name).first", .transpose([2, 0, 1]), [index], shape)
    }

    /// The value of an image with channels last.
    mutating func channelsLast(_ value: Value, _ name: String) throws -> Value {
        guard case .node(let index, let shape, false) = value else { return value }
        return try append("\(name).last", .transpose([1, 2, 0]), [index], shape, channelsLast: true)
    }

    /// What a node of the file reads at a place.
    func value(_ node: ONNXFile.Node, _ place: Int) throws -> Value {
        guard node.inputs.indices.contains(place) else { throw refused(node, "it lacks input \(place)") }
        guard let value = values[node.inputs[place]] else {
            throw refused(node, "it reads \(visible(node.inputs[place], limit: 60)), which is not computed before it")
        }
        return value
    }

    /// A constant at a place; nil where it is left out.
    func constant(_ node: ONNXFile.Node, _ place: Int) throws -> ONNXTensor? {
        guard node.inputs.indices.contains(place), !node.inputs[place].isEmpty else { return nil }
        guard case .constant(let tensor) = try value(node, place) else {
            throw refused(node, "its input \(place) must be a constant")
        }
        return tensor
    }

    func required(_ tensor: ONNXTensor?, _ node: ONNXFile.Node, _ what: String) throws -> ONNXTensor {
        guard let tensor else { throw refused(node, "it lacks \(what)") }
        return tensor
    }

    /// The refusal of an operation, by its operator's name.
    func refused(_ node: ONNXFile.Node, _ why: String) -> ModelError {
        ModelError(
            "operator \(visible(node.operation, limit: 40)) of node \(visible(node.name.isEmpty ? node.outputs.first ?? "" : node.name, limit: 60)) "
                + "cannot be read: \(why)")
    }

    /// Which axis of a sample an axis of the file is.
    func axis(_ axis: Int, rank: Int, _ node: ONNXFile.Node) throws -> Int {
        let whole = rank + batchAxes
        guard axis >= -whole, axis < whole, (axis < 0 ? axis + whole : axis) >= batchAxes else {
            throw refused(node, "its axis \(axis) is not one of a sample")
        }
        return (axis < 0 ? axis + whole : axis) - batchAxes
    }

    /// How many axes come before a sample's.
    var leadingAxes: Int { batchAxes }

    /// Adds a constant to the linear layer that has just been computed, where nothing else reads it.
    mutating func foldBias(_ index: Int, of name: String, _ bias: [Float]) -> Bool {
        guard index == nodes.count - 1, uses[name] == 1, case .linear(let layer) = nodes[index].operation,
            layer.bias == nil, layer.weight.outputs == bias.count
        else { return false }
        nodes[index].operation = .linear(Linear(weight: layer.weight, bias: Tensor(bias)))
        return true
    }

    /// Names what an operation of the file gives.
    mutating func give(_ node: ONNXFile.Node, _ value: Value) throws {
        guard let name = node.outputs.first else { throw refused(node, "it gives nothing") }
        if node.outputs.dropFirst().contains(where: { uses[$0] != nil }) {
            throw refused(node, "more than its first result is used")
        }
        values[name] = value
    }
}
