internal import Foundation
internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// Layers of an MLP, which turn each token's x into features m(x), and a layer of linear attention over tokens (m(x), y).
///
/// The answer is what the layer adds to the query token's y, and a linear function of the query's features: what is
/// predicted before any example is seen. A gradient step on a linear function of m is one thing that the layer can compute:
/// it must read of each example what the linear function leaves of y, and match by the products of features. Neither is
/// built in.
///
/// - Shapes: W features; tokens of E = W + 1 numbers.
public struct FeatureAttention: SavableModel {
    /// m.
    public var features: MLP
    /// The layer.
    public var attention: LinearSelfAttention
    /// What is predicted without examples, from features.
    public var readout: Linear

    /// A new network.
    ///
    /// - Parameters:
    ///   - sizes: of the MLP: 1, hidden widths, W. Without hidden widths features are linear in x.
    ///   - scale: of the attention's weights.
    ///   - key: of the weights.
    public init(_ sizes: [Int], scale: Double, key: RandomKey) {
        let width = sizes[sizes.count - 1]
        features = MLP(sizes, activation: .tanh, key: key["features"])
        attention = LinearSelfAttention(width: width + 1, scale: scale, key: key["attention"])
        readout = Linear(
            inputs: width, outputs: 1, bias: false, initializer: .normal(standardDeviation: 0.01), key: key["readout"])
    }

    /// The network that the file holds.
    ///
    /// - Throws: `ModelError` where the matrices do not fit together.
    public init(_ file: ModelFile) throws {
        features = try MLP(file, name: "features")
        attention = try LinearSelfAttention(file, name: "attention.")
        readout = try file.linear("readout", inputs: attention.query.weight.inputs - 1, outputs: 1)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("features", &features)
        visitor("attention", &attention)
        visitor("readout", &readout)
    }

    /// The predicted answers.
    ///
    /// - Shapes: result `[B]`.
    public func callAsFunction(_ batch: SineRegression.Batch) -> Tensor {
        let (tasks, examples) = (batch.inputs.shape[0], batch.inputs.shape[1])
        let m = features(batch.inputs.reshaped([tasks * examples, 1]))
        let width = m.shape[1]
        let tokens = Tensor.concatenated([m, batch.targets.reshaped([tasks * examples, 1])], axis: 1)
        let query = features(batch.queries)
        let empty = Tensor.concatenated([query, Tensor(repeating: 0, shape: [tasks, 1])], axis: 1)
        let added = attention.attended(tokens.reshaped([tasks, examples, width + 1]), queries: empty)
        return (added.columns(width..<width + 1) + readout(query)).reshaped([tasks])
    }

    /// What is predicted without examples, and what the layer takes away from the y of an example there: in a gradient step
    /// they are one function.
    ///
    /// - Shapes: `x` `[B, 1]`; results `[B]`.
    public func initialFunctions(_ x: Tensor) -> (predicted: Tensor, subtracted: Tensor) {
        let m = features(x)
        let reading = attention.effective.reading
        let width = reading.count - 1
        let weights = reading[..<width].map { Float(-$0 / reading[width]) }
        return (readout(m).reshaped([-1]), m.matmul(Tensor(weights, shape: [width, 1])).reshaped([-1]))
    }
}

/// An MLP whose last layer makes one gradient step on a task's examples, with initial weights and a step size that are learned
/// together with its features over many tasks.
public struct MetaLearnedStep: SavableModel {
    /// m, the layers below the last.
    public var features: MLP
    /// The last layer before the step.
    public var readout: Linear
    /// η, `[1]`.
    public var stepSize: Tensor

    /// A new network, with an MLP of `sizes`.
    public init(_ sizes: [Int], stepSize: Double, key: RandomKey) {
        let width = sizes[sizes.count - 1]
        features = MLP(sizes, activation: .tanh, key: key["features"])
        readout = Linear(
            inputs: width, outputs: 1, bias: false, initializer: .normal(standardDeviation: 0.01), key: key["readout"])
        self.stepSize = Tensor([Float(stepSize)])
    }

    /// The network that the file holds.
    ///
    /// - Throws: `ModelError` where the matrices do not fit together.
    public init(_ file: ModelFile) throws {
        features = try MLP(file, name: "features")
        readout = try file.linear("readout", inputs: features.layers.last?.weight.outputs, outputs: 1)
        stepSize = try file.tensor("step_size", [1])
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("features", &features)
        visitor("readout", &readout)
        visitor("step_size", &stepSize)
    }

    /// The predicted answers after the step, and before it.
    ///
    /// - Shapes: results `[B]`.
    public func predictions(_ batch: SineRegression.Batch) -> (after: Tensor, before: Tensor) {
        let (tasks, examples) = (batch.inputs.shape[0], batch.inputs.shape[1])
        let m = features(batch.inputs.reshaped([tasks * examples, 1]))
        let width = m.shape[1]
        let residual = batch.targets.reshaped([tasks * examples, 1]) - readout(m)
        // Minus the gradient of half the squared error: what the step goes along.
        let direction = residual.reshaped([tasks, examples, 1]).batchedTransposedMatmul(
            m.reshaped([tasks, examples, width]))
        let query = features(batch.queries)
        let before = readout(query).reshaped([tasks])
        let change = (query * direction.reshaped([tasks, width])).summed(axis: 1)
        return (before + change * stepSize, before)
    }
}

extension MLP {
    /// The layers `NAME.layers.0`, … that the file holds, with tanh between them.
    fileprivate init(_ file: ModelFile, name: String) throws {
        let names = (0..<64).map { "\(name).layers.\($0)" }.prefix { file.contains($0 + ".weight") }
        var layers: [Linear] = []
        for name in names {
            layers.append(try file.linear(name, inputs: layers.last?.weight.outputs))
        }
        guard !layers.isEmpty else { throw ModelError("the file has no \(name).layers.0.weight") }
        self.init(layers, activation: .tanh)
    }
}
