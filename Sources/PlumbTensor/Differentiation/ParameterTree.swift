internal import PlumbBasics

/// A value made of tensors that an optimizer may move: a layer, a model, a policy, a single tensor.
///
/// Conforming types list their children once, in ``visit(_:)``; initialization, gradients, optimizers, checkpoints and
/// summaries all follow from that list. A gradient is a value of the same type that holds derivatives.
public protocol ParameterTree: Sendable {
    /// Shows every parameter to `visitor`, by the name it has in checkpoints.
    mutating func visit(_ visitor: inout ParameterVisitor)
}

/// Where a parameter stands in its model: `blocks`, `3`, `mlp`, `up`, `weight`.
public struct ParameterPath: Sendable, CustomStringConvertible {
    /// The names from the model down to the parameter.
    public fileprivate(set) var components: [String] = []
    /// The name in checkpoints, components joined by full stops.
    public var description: String { components.joined(separator: ".") }
}

/// Walks a ``ParameterTree`` and may replace each leaf.
public struct ParameterVisitor: ~Copyable {
    /// What a visitor is shown.
    public enum Kind: Sendable {
        /// What an optimizer moves.
        case parameters
        /// What training leaves behind without moving it: running means, counts.
        case state
    }

    private var path = ParameterPath()
    private let kind: Kind
    /// Whether the tensors stay as they are, so that nothing that holds them need be copied.
    private let isReading: Bool
    private let body: (ParameterPath, inout Tensor) -> Void

    /// A visitor that calls `body` with everything of one kind.
    public init(_ kind: Kind = .parameters, _ body: @escaping (ParameterPath, inout Tensor) -> Void) {
        self.kind = kind
        self.body = body
        isReading = false
    }

    /// A visitor that only looks at every parameter.
    init(reading body: @escaping (ParameterPath, Tensor) -> Void) {
        kind = .parameters
        self.body = { path, tensor in body(path, tensor) }
        isReading = true
    }

    /// Shows a tensor.
    public mutating func callAsFunction(_ name: String, _ tensor: inout Tensor) {
        guard kind == .parameters else { return }
        path.components.append(name)
        body(path, &tensor)
        path.components.removeLast()
    }

    /// Shows a tensor that belongs to a layer and is saved with it, but has no gradient and is not trained.
    public mutating func state(_ name: String, _ tensor: inout Tensor) {
        guard kind == .state else { return }
        path.components.append(name)
        body(path, &tensor)
        path.components.removeLast()
    }

    /// Shows a tensor that a layer may lack.
    public mutating func callAsFunction(_ name: String, _ tensor: inout Tensor?) {
        guard var present = tensor.take() else { return }
        self(name, &present)
        tensor = present
    }

    /// Shows one part of a weight; stored numbers become dense float32.
    public mutating func callAsFunction(_ name: String, _ weight: inout Weight, part: Int = 0) {
        guard kind == .parameters else { return }
        path.components.append(name)
        if isReading {
            var tensor = weight[part: part]
            body(path, &tensor)
        } else {
            weight.withPart(part) { body(path, &$0) }
        }
        path.components.removeLast()
    }

    /// Shows what `body` shows, under `name`.
    public mutating func group(_ name: String, _ body: (inout ParameterVisitor) -> Void) {
        path.components.append(name)
        body(&self)
        path.components.removeLast()
    }

    /// Shows a child's parameters, their names beginning with its own.
    public mutating func callAsFunction(_ name: String, _ child: inout some ParameterTree) {
        path.components.append(name)
        child.visit(&self)
        path.components.removeLast()
    }

    /// Shows children numbered from 0: `layers.0.weight`, `layers.1.weight`, …
    public mutating func callAsFunction(_ name: String, _ children: inout [some ParameterTree]) {
        path.components.append(name)
        leaves(&children)
        path.components.removeLast()
    }
}

extension ParameterTree {
    /// Calls `body` with every parameter, which it may replace by one of the same shape.
    public mutating func forEachParameter(_ body: (ParameterPath, inout Tensor) -> Void) {
        forEach(.parameters, body)
    }

    /// Calls `body` with everything of one kind, which it may replace by a tensor of the same shape.
    public mutating func forEach(
        _ kind: ParameterVisitor.Kind, _ body: (ParameterPath, inout Tensor) -> Void
    ) {
        withoutActuallyEscaping(body) { body in
            var visitor = ParameterVisitor(kind) { path, tensor in
                let shape = tensor.shape
                body(path, &tensor)
                require(
                    tensor.shape == shape, "parameter \(path) has shape \(shape) and cannot become \(tensor.shape)")
            }
            visit(&visitor)
        }
    }

    /// Every parameter with its name, in the order of ``visit(_:)``.
    public var parameters: [(name: String, tensor: Tensor)] {
        var result: [(name: String, tensor: Tensor)] = []
        readParameters { path, tensor in result.append((path.description, tensor)) }
        return result
    }

    /// Calls `body` with every parameter.
    public func readParameters(_ body: (ParameterPath, Tensor) -> Void) {
        withoutActuallyEscaping(body) { body in
            var copy = self
            var visitor = ParameterVisitor(reading: body)
            copy.visit(&visitor)
        }
    }

    /// The number of scalars in all parameters.
    public var parameterCount: Int {
        var count = 0
        readParameters { _, tensor in count += tensor.count }
        return count
    }

    /// The value with every parameter replaced by what `transform` makes of it.
    public func mapParameters(_ transform: (ParameterPath, Tensor) -> Tensor) -> Self {
        var copy = self
        withoutActuallyEscaping(transform) { transform in
            var visitor = ParameterVisitor { path, tensor in tensor = transform(path, tensor) }
            copy.visit(&visitor)
        }
        return copy
    }
}

extension Tensor: ParameterTree {
    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor.leaf(&self) }
}

extension Array: ParameterTree where Element: ParameterTree {
    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor.leaves(&self) }
}

extension ParameterVisitor {
    fileprivate mutating func leaves(_ children: inout [some ParameterTree]) {
        for index in 0..<children.count {
            path.components.append(String(index))
            if isReading {
                var child = children[index]
                child.visit(&self)
            } else {
                children[index].visit(&self)
            }
            path.components.removeLast()
        }
    }

    /// Shows the tensor that is itself the whole tree, under the names so far.
    fileprivate mutating func leaf(_ tensor: inout Tensor) {
        if kind == .parameters { body(path, &tensor) }
    }
}
