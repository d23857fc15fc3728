public import PlumbTensor

/// A rule that moves a model's parameters along a gradient.
///
/// An optimiser is a value: its state belongs to it and is saved with a checkpoint, so that training resumes bit for bit.
public protocol Optimizer: Sendable {
    /// The step length that the next ``update(_:along:)`` takes; schedules set it.
    var learningRate: Double { get set }
    /// Moves every parameter of `model` once. `gradient` is a value of the model's type, as differentiation gives it.
    mutating func update<Model: ParameterTree>(_ model: inout Model, along gradient: Model)
    /// What must be saved for training to go on where it stopped: tensors by name, and counts.
    var state: OptimizerState { get set }
}

/// The memory of an optimiser.
public struct OptimizerState: Sendable {
    /// Updates made so far.
    public var steps: Int
    /// Moments and the like, in the order of the model's parameters: `m.0`, `m.1`, …, `v.0`, ….
    public var tensors: [(name: String, tensor: Tensor)]

    public init(steps: Int = 0, tensors: [(name: String, tensor: Tensor)] = []) {
        self.steps = steps
        self.tensors = tensors
    }
}

/// One tensor for each parameter, made when it is first needed.
struct Moments: Sendable {
    var tensors: [Tensor] = []

    /// Lends moment `index`, zeros at first, to be written in place.
    mutating func update(_ index: Int, shape: [Int], _ body: (UnsafeMutablePointer<Float>?) -> Void) {
        if index == tensors.count { tensors.append(.zeros(shape)) }
        precondition(
            tensors[index].shape == shape,
            "the optimiser remembers \(tensors[index].shape) for a parameter of shape \(shape): it belongs to another model"
        )
        tensors[index].withUnsafeMutableElements { body($0.baseAddress) }
    }

    func named(_ name: String) -> [(name: String, tensor: Tensor)] {
        tensors.enumerated().map { ("\(name).\($0.offset)", $0.element) }
    }

    init() {}

    /// The tensors of `state` whose names begin with `name`.
    init(_ name: String, of state: OptimizerState) {
        tensors = state.tensors.filter { $0.name.hasPrefix(name + ".") }.map(\.tensor)
    }
}

extension Optimizer {
    /// Calls `body` with each parameter, its gradient and its number.
    func forEachPair<Model: ParameterTree>(
        of model: inout Model, and gradient: Model, _ body: (inout Tensor, Tensor, Int) -> Void
    ) {
        var gradients: [Tensor] = []
        var copy = gradient
        copy.forEachParameter { _, tensor in gradients.append(tensor) }
        var index = 0
        model.forEachParameter { path, parameter in
            precondition(
                index < gradients.count && gradients[index].shape == parameter.shape,
                "the gradient of \(path) does not have its shape \(parameter.shape)")
            body(&parameter, gradients[index], index)
            index += 1
        }
    }
}
