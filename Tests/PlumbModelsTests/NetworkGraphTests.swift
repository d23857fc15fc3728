import Foundation
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

struct NetworkGraphTests {
    @Test("A perceptron as a graph gives the perceptron's bits")
    func perceptronAsGraph() {
        let perceptron = MLP([6, 5, 4, 3], key: RandomKey(1))
        let x = Tensor.normal([7, 6], key: RandomKey(2))
        #expect(NetworkGraph(perceptron)(x) == perceptron(x))
    }

    @Test("Every node can be read under its name, and the gradient reaches the input")
    func nodesCanBeRead() throws {
        let network = NetworkGraph.convolutional(
            image: [8, 8, 1], channels: [3, 4], hidden: 6, classes: 5, key: RandomKey(3))
        let x = Tensor.normal([2, 8, 8, 1], key: RandomKey(4))
        let run = network.run(x, recording: .all)
        #expect(run.output.shape == [2, 5])
        #expect(run.cache["conv2.hook_out"]?.shape == [2, 4, 4, 4])
        #expect(run.cache["pool2.hook_out"]?.shape == [2, 2, 2, 4])
        let gradient = valueWithPullback(at: x) { network($0).summed() }.gradient
        #expect(gradient.shape == x.shape && gradient.norm() > 0)
        #expect(network.parameters.map(\.name).contains("conv1.weight"))
    }

    @Test("A node that does not fit what it reads is named")
    func misfitsAreNamed() {
        let layer = Linear(inputs: 3, outputs: 2, key: RandomKey(5))
        #expect(throws: ModelError("node fc (linear) does not fit what it reads, [4]")) {
            try NetworkGraph(
                inputShape: [4],
                nodes: [.init("input", .input, inputs: []), .init("fc", .linear(layer), inputs: [0])])
        }
    }

    /// A network with every operation.
    static func everything() throws -> NetworkGraph {
        func key(_ name: String) -> RandomKey { RandomKey(6)[name] }
        return try NetworkGraph(
            inputShape: [2, 6, 6],
            nodes: [
                .init("input", .input, inputs: []),
                .init("last", .transpose([1, 2, 0]), inputs: [0]),
                .init(
                    "conv", .convolution(Convolution2D(inputs: 2, outputs: 3, kernel: 3, padding: 1, key: key("conv"))),
                    inputs: [1]),
                .init("relu", .activation(.relu), inputs: [2]),
                .init("sum", .sum, inputs: [2, 3]),
                .init("max", .maxPool(MaxPool2D(window: 2)), inputs: [4]),
                .init("mean", .averagePool(AveragePool2D(window: 3, stride: 3)), inputs: [4]),
                .init("flat", .reshape([27]), inputs: [5]),
                .init("flat2", .reshape([12]), inputs: [6]),
                .init("both", .concatenate(axis: 0), inputs: [7, 8]),
                .init(
                    "scaled", .scale(.normal([39], key: key("scale")), offset: .normal([39], key: key("offset"))),
                    inputs: [9]),
                .init("fc", .linear(Linear(inputs: 39, outputs: 4, key: key("fc"))), inputs: [10]),
                .init("tanh", .activation(.tanh), inputs: [11]),
            ])
    }

    @Test("A saved network with every operation gives the same bits")
    func savedNetworks() throws {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("graph-\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let network = try Self.everything()
        try network.save(to: scratch)
        let read = try NetworkGraph.load(scratch.path)
        let x = Tensor.normal([3, 2, 6, 6], key: RandomKey(7))
        #expect(read(x) == network(x))
        #expect(read.nodes.map(\.name) == network.nodes.map(\.name))
        #expect(read.traits == network.traits)
    }

    @Test("A transposition moves each number to its place, and the gradient back")
    func transpositions() throws {
        let network = try NetworkGraph(
            inputShape: [2, 3, 4],
            nodes: [.init("input", .input, inputs: []), .init("t", .transpose([1, 2, 0]), inputs: [0])])
        let x = Tensor((0..<24).map(Float.init), shape: [1, 2, 3, 4])
        let y = network(x)
        #expect(y.shape == [1, 3, 4, 2])
        for (row, column, channel) in [(0, 0, 1), (2, 3, 0), (1, 2, 1)] {
            #expect(y.elements[(row * 4 + column) * 2 + channel] == Float((channel * 3 + row) * 4 + column))
        }
        let weights = Tensor.normal([1, 3, 4, 2], key: RandomKey(8))
        let gradient = valueWithPullback(at: x) { (network($0) * weights).summed() }.gradient
        #expect(network(gradient) == weights)
    }

    @Test("Numbers in a file's list of nodes that overflow are refused")
    func hostileTopology() throws {
        for shape in [[1 << 40, 1 << 40], [Int.max], [-1, -64]] {
            #expect(throws: ModelError.self) {
                try NetworkGraph(
                    inputShape: [64],
                    nodes: [.init("input", .input, inputs: []), .init("r", .reshape(shape), inputs: [0])])
            }
        }
    }
}
