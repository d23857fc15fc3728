internal import PlumbBasics
public import PlumbTensor

/// A rule that moves a model's parameters along a gradient.
///
/// An optimizer is a value: its state belongs to it and is saved with a checkpoint, so that training resumes bit for bit.
public protocol Optimizer: Sendable {
    /// Names the rule in checkpoints; it stays the same when the type is renamed.
    static var id: String { get }
    /// The learning rate that the next ``update(_:along:)`` takes; schedules set it.
    var learningRate: Double { get set }
    /// Moves every parameter of `model` once. `gradient` is a value of the model's type, as differentiation gives it.
    mutating func update<Model: ParameterTree>(_ model: inout Model, along gradient: Model)
    /// What must be saved for training to go on where it stopped: tensors by name, and counts.
    var state: OptimizerState { get set }
}

/// The memory of an optimizer.
public struct OptimizerState: Sendable {
    /// Updates made so far.
    public var steps: Int
    /// Moments and the like, in the order of the model's parameters: `m.0`, `m.1`, …, `v.0`, ….
    public var tensors: [(name: String, tensor: Tensor)]

    /// A state; by default that of an optimizer that has made no update.
    public init(steps: Int = 0, tensors: [(name: String, tensor: Tensor)] = []) {
        self.steps = steps
        self.tensors = tensors
    }
}

/// One tensor for each parameter, made when it is first needed.
struct Moments: Sendable {
    var tensors: [Tensor] = []

    /// Lends the moment of a parameter, zeros at first, to be written in place.
    mutating func update(_ pair: ParameterPair, _ body: (UnsafeMutablePointer<Float>?) -> Void) {
        if pair.number == tensors.count { tensors.append(.zeros(pair.shape)) }
        let shape = tensors[pair.number].shape
        require(
            shape == pair.shape,
            "the optimizer remembers \(shape) for a parameter of shape \(pair.shape): it belongs to another model")
        tensors[pair.number].withUnsafeMutableElements { body($0.baseAddress) }
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
    /// Lends the elements of each parameter, to be written, and of its gradient.
    func forEachPair<Model: ParameterTree>(
        of model: inout Model, and gradient: Model, _ body: (ParameterPair) -> Void
    ) {
        var gradients: [Tensor] = []
        gradient.readParameters { _, tensor in gradients.append(tensor) }
        var index = 0
        model.forEachParameter { path, parameter in
            require(
                index < gradients.count && gradients[index].shape == parameter.shape,
                "the gradient of \(path) does not have its shape \(parameter.shape)")
            let shape = parameter.shape
            parameter.withUnsafeMutableElements { p in
                gradients[index].withUnsafeElements { g in
                    body(
                        ParameterPair(
                            number: index, shape: shape, count: p.count, parameter: p.baseAddress,
                            gradient: g.baseAddress))
                }
            }
            index += 1
        }
    }
}

/// A parameter and its gradient, lent to a kernel.
struct ParameterPair {
    let number: Int
    let shape: [Int]
    let count: Int
    let parameter: UnsafeMutablePointer<Float>?
    let gradient: UnsafePointer<Float>?
}
