internal import PlumbBasics

// Reverse-mode differentiation: run a function on watched tensors, then carry the gradient back.

/// The value of `loss` at `model`, and its gradient, which has the model's type and shapes.
///
/// Calls may be nested: a gradient computed inside a loss can be differentiated again.
///
/// ```swift
/// let (loss, gradient) = valueWithGradient(at: model) { model in model(x).crossEntropy(labels) }
/// ```
///
/// - Precondition: `loss` returns a tensor of one element.
public func valueWithGradient<Model: ParameterTree>(
    at model: Model, of loss: (Model) throws -> Tensor
) rethrows -> (value: Tensor, gradient: Model) {
    let (value, gradient, _) = try valueWithGradient(at: model) { model in (try loss(model), ()) }
    return (value, gradient)
}

/// The same for a function that also returns something that is not differentiated: predictions, statistics of a layer.
public func valueWithGradient<Model: ParameterTree, Extra>(
    at model: Model, of loss: (Model) throws -> (Tensor, Extra)
) rethrows -> (value: Tensor, gradient: Model, extra: Extra) {
    try Differentiation.run { differentiation in
        let watched = differentiation.watch(model)
        let (value, extra) = try loss(watched)
        require(value.count == 1, "a loss must be one number, got shape \(value.shape)")
        let gradients = differentiation.gradients(
            of: value, seed: Tensor(repeating: 1, shape: value.shape), at: differentiation.watched)
        return (differentiation.result(value), differentiation.unflattened(gradients, like: model), extra)
    }
}

/// The gradient of `loss` at `model`.
public func gradient<Model: ParameterTree>(
    at model: Model, of loss: (Model) throws -> Tensor
) rethrows -> Model {
    try valueWithGradient(at: model, of: loss).gradient
}

/// The value of `function` at `x` and, for a gradient of that value, the gradient at `x`: a vector-Jacobian product.
///
/// - Parameters:
///   - x: where the gradient is taken.
///   - seed: from the value to the gradient that is carried back; by default ones.
///   - function: what is differentiated; its value may have any shape.
public func valueWithPullback<Model: ParameterTree>(
    at x: Model, seed: (Tensor) -> Tensor = { Tensor(repeating: 1, shape: $0.shape) },
    of function: (Model) throws -> Tensor
) rethrows -> (value: Tensor, gradient: Model) {
    try Differentiation.run { differentiation in
        let value = try function(differentiation.watch(x))
        let gradients = differentiation.gradients(of: value, seed: seed(value.detached()), at: differentiation.watched)
        return (differentiation.result(value), differentiation.unflattened(gradients, like: x))
    }
}

/// One differentiation in progress: what it watches, and the gradients that flow there.
///
/// Most code calls `valueWithGradient(at:of:)`; this is for gradients at tensors met on the way, such as a model's
/// recorded activations.
public struct Differentiation: Sendable {
    private let tape: Tape
    private let isNested: Bool
    private let first: Int
    /// The tensors watched so far, in order.
    public private(set) var watched: [Tensor] = []

    private init(tape: Tape, isNested: Bool) {
        self.tape = tape
        self.isNested = isNested
        first = tape.count
    }

    /// Opens a tape, or joins the one that the task is already recording on, and calls `body`.
    ///
    /// While the backward pass of an outermost differentiation runs, nothing is recorded: a pullback that differentiates
    /// on its own gets a tape of its own.
    public static func run<R>(_ body: (inout Differentiation) throws -> R) rethrows -> R {
        if let outer = Tape.current, outer.isOpen {
            var differentiation = Differentiation(tape: outer, isNested: true)
            return try body(&differentiation)
        }
        let tape = Tape()
        defer { tape.close() }
        return try Tape.$current.withValue(tape) {
            var differentiation = Differentiation(tape: tape, isNested: false)
            return try body(&differentiation)
        }
    }

    /// The number of operations recorded so far.
    public var operations: Int { tape.count - first }

    /// A tensor whose gradient can be asked for; what is computed from it is recorded.
    public func watched(_ tensor: Tensor) -> Tensor { tape.watch(tensor) }

    /// The same, remembered in ``watched``.
    public mutating func watch(_ tensor: Tensor) -> Tensor {
        let tensor = tape.watch(tensor)
        watched.append(tensor)
        return tensor
    }

    /// A model whose every parameter is watched.
    public mutating func watch<Model: ParameterTree>(_ model: Model) -> Model {
        model.mapParameters { _, tensor in watch(tensor) }
    }

    /// The gradient of `value` at each of `tensors`: zeros where it does not depend on one.
    ///
    /// In an outermost differentiation the tape is used up by the first call.
    ///
    /// - Parameters:
    ///   - value: what is differentiated.
    ///   - seed: the gradient of whatever comes after `value`, of its shape.
    ///   - tensors: where gradients are taken; all must be recorded by this differentiation.
    public func gradients(of value: Tensor, seed: Tensor, at tensors: [Tensor]) -> [Tensor] {
        require(
            seed.shape == value.shape, "a seed must have the value's shape \(value.shape), got \(seed.shape)")
        let traces = tensors.indices.map { index in
            guard let trace = tensors[index].trace, trace.tape === tape else {
                unmet(
                    "a gradient was asked for at a tensor \(tensors[index].shape) that is not being recorded")
            }
            return trace.index
        }
        guard let root = value.trace, root.tape === tape else { return tensors.map { .zeros($0.shape) } }
        let found = tape.gradients(
            from: root.index, seed: seed, targets: traces, first: first, isNested: isNested)
        return found.indices.map { found[$0] ?? .zeros(tensors[$0].shape) }
    }

    /// What leaves the differentiation: a constant, unless an outer one goes on recording.
    func result(_ value: Tensor) -> Tensor { isNested ? value : value.detached() }

    func unflattened<Model: ParameterTree>(_ gradients: [Tensor], like model: Model) -> Model {
        var rest = gradients[...]
        return model.mapParameters { _, _ in rest.removeFirst() }
    }
}
