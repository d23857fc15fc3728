internal import Foundation
internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

extension NetworkGraph: SavableModel {
    /// The nodes, without their tensors.
    public var traits: [String: String] { ["topology": NetworkTopology(self).text] }

    /// The network that the file holds.
    ///
    /// - Throws: ``ModelError`` naming a node that does not fit, or saying what is wrong with the list of nodes.
    public init(_ file: ModelFile) throws {
        let topology = try NetworkTopology(file.trait("topology", as: String.self))
        let nodes = try topology.nodes.map { entry in
            Node(entry.name, try entry.operation(in: file), inputs: entry.inputs)
        }
        try self.init(inputShape: topology.input, nodes: nodes)
    }
}

/// The nodes of a network without their tensors, as a file's metadata hold them.
private struct NetworkTopology: Codable {
    struct Entry: Codable {
        var name: String
        var kind: String
        var inputs: [Int]
        /// Stride, padding, window, shape, axes or axis: what the kind needs, in the order of its case.
        var numbers: [Int]?
    }

    var input: [Int]
    var nodes: [Entry]

    init(_ network: NetworkGraph) {
        input = network.inputShape
        nodes = network.nodes.map {
            Entry(name: $0.name, kind: $0.operation.key, inputs: $0.inputs, numbers: $0.operation.numbers)
        }
    }

    init(_ text: String) throws {
        do {
            self = try JSONValue(parsing: Data(text.utf8)).decode()
        } catch {
            throw ModelError("the list of a network's nodes is not what a network writes: \(visible("\(error)"))")
        }
    }

    /// Keys sorted, so that the same network gives the same bytes.
    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { unmet("names and whole numbers can always be encoded") }
        return String(decoding: data, as: UTF8.self)
    }
}

extension NetworkTopology.Entry {
    /// The operation, its tensors taken from the file.
    fileprivate func operation(in file: ModelFile) throws -> NetworkGraph.Operation {
        let numbers = self.numbers ?? []
        func require(_ count: Int) throws {
            guard numbers.count == count, numbers.allSatisfy({ (0...1 << 28).contains($0) }) else {
                throw ModelError(
                    "node \(visible(name, limit: 60)) (\(visible(kind, limit: 40))) needs \(count) numbers")
            }
        }
        switch kind {
        case "input": return .input
        case "linear": return .linear(try file.linear(name))
        case "convolution":
            try require(2)
            let weight = try file.tensor("\(name).weight", [nil, nil, nil, nil])
            let bias = file.contains("\(name).bias") ? try file.tensor("\(name).bias", [weight.shape[0]]) : nil
            return .convolution(Convolution2D(weight: weight, bias: bias, stride: numbers[0], padding: numbers[1]))
        case "maxPool":
            try require(2)
            return .maxPool(MaxPool2D(window: numbers[0], stride: numbers[1]))
        case "averagePool":
            try require(2)
            return .averagePool(AveragePool2D(window: numbers[0], stride: numbers[1]))
        case "sum": return .sum
        case "scale":
            let shape = numbers.map(Optional.some)
            return .scale(
                try file.tensor("\(name).scale", shape), offset: try file.tensor("\(name).offset", shape))
        case "reshape": return .reshape(numbers)
        case "transpose": return .transpose(numbers)
        case "concatenate":
            try require(1)
            return .concatenate(axis: numbers[0])
        default:
            guard let function = Activation(rawValue: kind) else {
                throw ModelError("node \(visible(name, limit: 60)) is of no known kind: \(visible(kind, limit: 40))")
            }
            return .activation(function)
        }
    }
}

extension NetworkGraph.Operation {
    /// The name in files.
    fileprivate var key: String {
        switch self {
        case .input: "input"
        case .linear: "linear"
        case .convolution: "convolution"
        case .activation(let function): function.rawValue
        case .maxPool: "maxPool"
        case .averagePool: "averagePool"
        case .sum: "sum"
        case .scale: "scale"
        case .reshape: "reshape"
        case .transpose: "transpose"
        case .concatenate: "concatenate"
        }
    }

    /// What a file keeps beside the name and the tensors.
    fileprivate var numbers: [Int]? {
        switch self {
        case .convolution(let layer): [layer.stride, layer.padding]
        case .maxPool(let pool): [pool.window, pool.stride]
        case .averagePool(let pool): [pool.window, pool.stride]
        case .scale(let scale, _): scale.shape
        case .reshape(let shape): shape
        case .transpose(let axes): axes
        case .concatenate(let axis): [axis]
        default: nil
        }
    }
}
