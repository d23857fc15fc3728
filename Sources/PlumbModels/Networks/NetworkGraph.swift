internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

/// A network as a graph of operations: each node reads earlier nodes, the first is the input, the last gives the output.
///
/// It is what perceptrons, convolutional networks and networks from files have in common: it runs, has hooks and
/// gradients, can be trained and saved, and its operations can be read one by one, for example to bound what it computes.
/// Every node can be read and changed under its name, `conv1.hook_out`; the last also as `logits`.
///
/// - Shapes: input `[B, …]` with ``inputShape`` after the first axis, or `[B, n]` with as many numbers; images are
///   `[B, H, W, C]`, channels last; result as the last node says, for a classifier `[B, K]`.
public struct NetworkGraph: HookedModel {
    /// One step of a network.
    public enum Operation: Sendable {
        /// What the network reads.
        case input
        /// `x · Wᵀ + b` over the last axis, `[B, I] -> [B, O]`.
        case linear(Linear)
        /// Windows over images, `[B, H, W, I] -> [B, H′, W′, O]`.
        case convolution(Convolution2D)
        /// A function of each element.
        case activation(Activation)
        /// The largest value of each window of an image.
        case maxPool(MaxPool2D)
        /// The mean of each window of an image.
        case averagePool(AveragePool2D)
        /// The sum of the node's inputs, all of one shape.
        case sum
        /// Each element times a constant plus a constant, `x · scale + offset`, both of the shape of one sample.
        case scale(Tensor, offset: Tensor)
        /// The same numbers with another shape for one sample.
        case reshape([Int])
        /// The axes of one sample in another order: axis i of the result is axis `axes[i]` of what is read.
        case transpose([Int])
        /// The node's inputs one after another along an axis of one sample.
        case concatenate(axis: Int)
    }

    /// An operation, its name, and the nodes that it reads.
    public struct Node: Sendable {
        /// The name, unique in the graph: `conv1`.
        public let name: String
        /// What is computed.
        public var operation: Operation
        /// The nodes that are read, as indices of earlier nodes.
        public let inputs: [Int]

        /// A node; ``NetworkGraph/init(inputShape:nodes:)`` checks that it fits its graph.
        public init(_ name: String, _ operation: Operation, inputs: [Int]) {
            (self.name, self.operation, self.inputs) = (name, operation, inputs)
        }
    }

    /// The shape of one sample.
    public let inputShape: [Int]
    /// The nodes in an order in which they can be computed; the first is the input.
    public private(set) var nodes: [Node]
    /// The shape of one sample's value at each node.
    public let shapes: [[Int]]

    /// A graph of given nodes, of which the input is the first.
    ///
    /// - Throws: ``ModelError`` naming the node that does not fit the ones it reads.
    public init(inputShape: [Int], nodes: [Node]) throws {
        (self.inputShape, self.nodes) = (inputShape, nodes)
        shapes = try Self.shapes(inputShape, nodes)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        for index in nodes.indices {
            switch nodes[index].operation {
            case .linear(var layer):
                visitor(nodes[index].name, &layer)
                nodes[index].operation = .linear(layer)
            case .convolution(var layer):
                visitor(nodes[index].name, &layer)
                nodes[index].operation = .convolution(layer)
            case .scale(var scale, var offset):
                visitor.group(nodes[index].name) {
                    $0.state("scale", &scale)
                    $0.state("offset", &offset)
                }
                nodes[index].operation = .scale(scale, offset: offset)
            default: break
            }
        }
    }

    /// What the last node gives, every node's value handed to `hooks`.
    ///
    /// - Shapes: `x` `[B, …]`; result `[B, …]`, for a classifier `[B, K]`.
    public func forward(_ x: Tensor, _ hooks: inout HookRunner) -> Tensor {
        let batch = x.shape.first ?? 0
        var values: [Tensor] = []
        for (index, node) in nodes.enumerated() {
            let inputs = node.inputs.map { values[$0] }
            let value =
                index == 0
                ? x.reshaped([batch] + inputShape) : Self.applied(node.operation, to: inputs, shapes[index])
            values.append(hooks(value, at: .outside(Site(rawValue: "\(node.name).hook_out"))))
        }
        return hooks(values[values.count - 1], at: .logits)
    }

    /// What the network gives, `[B, …] -> [B, …]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        var idle = HookRunner.idle
        return forward(x, &idle)
    }

    private static func applied(_ operation: Operation, to inputs: [Tensor], _ shape: [Int]) -> Tensor {
        let x = inputs[0]
        switch operation {
        case .input: return x
        case .linear(let layer): return layer(x)
        case .convolution(let layer): return layer(x)
        case .activation(let function): return function(x)
        case .maxPool(let pool): return pool(x)
        case .averagePool(let pool): return pool(x)
        case .sum: return inputs.dropFirst().reduce(x, +)
        case .scale(let scale, let offset): return x * scale + offset
        case .reshape: return x.reshaped([x.shape[0]] + shape)
        case .transpose(let axes):
            let places = places(of: axes, Array(x.shape.dropFirst()))
            let columns = x.reshaped([x.shape[0], places.count]).transposed()
            return columns.gathered(places).transposed().reshaped([x.shape[0]] + shape)
        case .concatenate(let axis): return .concatenated(inputs, axis: axis + 1)
        }
    }
}
