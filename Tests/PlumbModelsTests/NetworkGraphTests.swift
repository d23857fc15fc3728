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
}
