internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

extension NetworkGraph {
    /// The network that a perceptron is.
    public init(_ perceptron: MLP) {
        var nodes = [Node("input", .input, inputs: [])]
        for (index, layer) in perceptron.layers.enumerated() {
            if index > 0 {
                nodes.append(Node("act\(index)", .activation(perceptron.activation), inputs: [nodes.count - 1]))
            }
            nodes.append(Node("fc\(index + 1)", .linear(layer), inputs: [nodes.count - 1]))
        }
        self.init(known: [perceptron.layers[0].weight.inputs], nodes)
    }

    /// A new convolutional classifier: blocks of a 3 × 3 convolution, a rectifier and, where the image is large enough,
    /// max pooling by 2; then a hidden layer of rectifiers and the logits.
    ///
    /// - Parameters:
    ///   - image: rows, columns and channels of an image.
    ///   - channels: the channels of each block.
    ///   - hidden: the width of the hidden layer.
    ///   - classes: the number of logits.
    ///   - key: of the weights.
    public static func convolutional(
        image: [Int], channels: [Int], hidden: Int, classes: Int, key: RandomKey
    ) -> NetworkGraph {
        require(
            image.count == 3 && (image + channels + [hidden, classes]).allSatisfy { $0 > 0 } && !channels.isEmpty,
            "a convolutional classifier needs an image [H, W, C], channels, neurons and classes, got \(image), "
                + "\(channels), \(hidden) and \(classes)")
        var nodes = [Node("input", .input, inputs: [])]
        func append(_ name: String, _ operation: Operation) {
            nodes.append(Node(name, operation, inputs: [nodes.count - 1]))
        }
        var (rows, columns, inputs) = (image[0], image[1], image[2])
        for (index, outputs) in channels.enumerated() {
            let name = "conv\(index + 1)"
            append(
                name,
                .convolution(
                    Convolution2D(
                        inputs: inputs, outputs: outputs, kernel: 3, padding: 1, initializer: .heNormal,
                        key: key[name])))
            append("act\(index + 1)", .activation(.relu))
            if min(rows, columns) >= 4 {
                append("pool\(index + 1)", .maxPool(MaxPool2D(window: 2)))
                (rows, columns) = (rows / 2, columns / 2)
            }
            inputs = outputs
        }
        append("flat", .reshape([rows * columns * inputs]))
        func linear(_ inputs: Int, _ outputs: Int, _ name: String) -> Operation {
            .linear(Linear(inputs: inputs, outputs: outputs, initializer: .heNormal, key: key[name]))
        }
        append("fc1", linear(rows * columns * inputs, hidden, "fc1"))
        append("act\(channels.count + 1)", .activation(.relu))
        append("fc2", linear(hidden, classes, "fc2"))
        return NetworkGraph(known: image, nodes)
    }

    /// The same network for images with channels last, `[H, W, C]`, where it reads them with channels first, `[C, H, W]`, as
    /// networks from ONNX files do.
    ///
    /// - Precondition: a sample has three axes.
    public func readingChannelsLast() -> NetworkGraph {
        require(inputShape.count == 3, "a network that reads images has a sample of three axes, got \(inputShape)")
        let image = [inputShape[1], inputShape[2], inputShape[0]]
        let readers = nodes.indices.filter { self.nodes[$0].inputs.contains(0) }
        var nodes = self.nodes
        // Where the network itself puts channels last at once, the two orders cancel.
        let cancels = readers.allSatisfy { reader in
            if case .transpose([1, 2, 0]) = nodes[reader].operation { return true }
            return false
        }
        if cancels {
            for reader in readers { nodes[reader].operation = .reshape(image) }
            return NetworkGraph(known: image, nodes)
        }
        let name = "\(nodes[0].name).first"
        let isTaken = nodes.contains { $0.name == name }
        nodes = nodes.map { node in Node(node.name, node.operation, inputs: node.inputs.map { $0 + 1 }) }
        nodes.insert(Node(isTaken ? "\(name)#" : name, .transpose([2, 0, 1]), inputs: [0]), at: 1)
        return NetworkGraph(known: image, nodes)
    }

    /// A graph whose nodes are known to fit.
    private init(known inputShape: [Int], _ nodes: [Node]) {
        do {
            try self.init(inputShape: inputShape, nodes: nodes)
        } catch {
            unmet("\(error)")
        }
    }
}
